package layout

import (
	"slices"
)

// An Index says where the bytes of one version lie: for each digest the object
// that holds it. It lies in the folder of the session that published the
// version, and it is no part of what the version is, so a version keeps its id
// when its bytes are copied or published again.
type Index struct {
	header
	Artifact Artifact `json:"artifact"`
	Date     Date     `json:"date"`
	Version  Digest   `json:"version"`
	Blobs    []Blob   `json:"blobs"` // sorted by digest, each once; at least one
	Check    Digest   `json:"check,omitzero"`
}

// A Blob is one entry of an [Index]: the bytes with that digest are the whole
// object that the session put into the same partition.
type Blob struct {
	Digest  Digest `json:"digest"`
	Session ID     `json:"session"`
	Ext     string `json:"ext,omitempty"` // with its dot, as in the key
}

// Key returns where b lies, for an entry of x.
func (x *Index) Key(b Blob) Key {
	return Key{Kind: KindBlob, Artifact: x.Artifact, Date: x.Date, Session: b.Session, Digest: b.Digest, Ext: b.Ext}
}

// Encode returns the canonical JSON of x, after putting its blobs in order, and
// fills in x.Check.
func (x *Index) Encode() ([]byte, error) {
	slices.SortFunc(x.Blobs, compareBlobs)
	return encodeChecked(x)
}

// ParseIndex is the inverse of [Index.Encode].
func ParseIndex(b []byte) (*Index, error) {
	x := new(Index)
	if err := decodeChecked("index", b, x); err != nil {
		return nil, err
	}
	return x, nil
}

// Find returns the entry of the bytes with digest d.
func (x *Index) Find(d Digest) (Blob, bool) {
	i, ok := slices.BinarySearchFunc(x.Blobs, Blob{Digest: d}, compareBlobs)
	if !ok {
		return Blob{}, false
	}
	return x.Blobs[i], true
}

func compareBlobs(a, b Blob) int { return slices.Compare(a.Digest[:], b.Digest[:]) }

func (x *Index) check() *Digest { return &x.Check }

func (x *Index) validate() error {
	if _, err := ParseArtifact(string(x.Artifact)); err != nil {
		return err
	}
	if _, err := ParseDate(string(x.Date)); err != nil {
		return err
	}
	if x.Version.IsZero() {
		return invalid("index", "", "names no version")
	}
	if len(x.Blobs) == 0 {
		return invalid("index", "", "has no blobs")
	}
	for i, b := range x.Blobs {
		if b.Digest.IsZero() || i > 0 && compareBlobs(x.Blobs[i-1], b) >= 0 {
			return invalid("index", b.Digest.String(), "is out of order or given twice")
		}
		if _, err := ParseID(string(b.Session)); err != nil {
			return err
		}
		if b.Ext != "" && !isBlobExt(b.Ext) {
			return invalid("index", b.Ext, "is no extension of a blob")
		}
	}
	return nil
}
