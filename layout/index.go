package layout

import (
	"slices"
	"strconv"
)

// An Index says where the bytes of one version lie: for each file the object that
// holds it, or the pack. It lies in the folder of the session that published the
// version, and it is no part of what the version is, so a version keeps its id
// when its bytes are copied or published again.
type Index struct {
	header
	Artifact Artifact `json:"artifact"`
	Date     Date     `json:"date"`
	Version  Digest   `json:"version"`
	Blobs    []Blob   `json:"blobs,omitempty"` // sorted by digest, each once
	Packs    []Pack   `json:"packs,omitempty"` // sorted by digest, each once
	Check    Digest   `json:"check,omitzero"`
}

// A Blob is one entry of an [Index]: the bytes with that digest are the whole
// object that the session put into the same partition.
type Blob struct {
	Digest  Digest `json:"digest"`
	Session ID     `json:"session"`
	Ext     string `json:"ext,omitempty"` // with its dot, as in the key
}

// A Pack is a tar archive that a session put into the same partition, with the
// bytes of small files among others. Each file of a version whose digest is not
// among the [Blob]s is in exactly one.
type Pack struct {
	Digest  Digest `json:"digest"` // of the archive
	Session ID     `json:"session"`

	// Files are those of the version that lie in the archive, by their positions in
	// the manifest, from 0 and ascending; Blocks says of each where its bytes begin, in
	// blocks of [TarBlock].
	Files  []int32 `json:"files"`
	Blocks []int32 `json:"blocks"`
}

const (
	// TarBlock is the unit of a tar archive, in bytes.
	TarBlock = 512

	// MaxPack is the size of the largest pack, in bytes.
	MaxPack = 64 << 20

	// PackExt is the extension of packs.
	PackExt = ".tar"
)

// A Packed says that a file lies in a pack: its number in the index, and the block
// where the bytes begin.
type Packed struct{ Pack, Block int32 }

// Unpacked is said of a file that lies in no pack.
var Unpacked = Packed{-1, 0}

// Packed says of each of the files of the version, of which there are n, in which
// pack it lies.
func (x *Index) Packed(n int) []Packed {
	packed := slices.Repeat([]Packed{Unpacked}, n)
	for number, p := range x.Packs {
		for i, file := range p.Files {
			if int(file) < n {
				packed[file] = Packed{int32(number), p.Blocks[i]}
			}
		}
	}
	return packed
}

// PackKey returns where a pack of x lies.
func (x *Index) PackKey(p Pack) Key {
	return Key{Kind: KindBlob, Artifact: x.Artifact, Date: x.Date, Session: p.Session, Digest: p.Digest, Ext: PackExt}
}

// Key returns where b lies, for an entry of x.
func (x *Index) Key(b Blob) Key {
	return Key{Kind: KindBlob, Artifact: x.Artifact, Date: x.Date, Session: b.Session, Digest: b.Digest, Ext: b.Ext}
}

// Encode returns the canonical JSON of x, after putting its blobs and packs in
// order, and fills in x.Check.
func (x *Index) Encode() ([]byte, error) {
	slices.SortFunc(x.Blobs, compareBlobs)
	slices.SortFunc(x.Packs, comparePacks)
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

func comparePacks(a, b Pack) int { return slices.Compare(a.Digest[:], b.Digest[:]) }

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
	if len(x.Blobs)+len(x.Packs) == 0 {
		return invalid("index", "", "has neither blobs nor packs")
	}
	if err := x.checkBlobs(); err != nil {
		return err
	}
	return x.checkPacks()
}

func (x *Index) checkBlobs() error {
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

func (x *Index) checkPacks() error {
	n := 0
	for _, p := range x.Packs {
		n += len(p.Files)
	}
	packed := make([]int32, 0, n)
	for i, p := range x.Packs {
		if p.Digest.IsZero() || i > 0 && comparePacks(x.Packs[i-1], p) >= 0 {
			return invalid("index", p.Digest.String(), "is out of order or given twice")
		}
		if _, err := ParseID(string(p.Session)); err != nil {
			return err
		}
		if err := p.validate(); err != nil {
			return err
		}
		packed = append(packed, p.Files...)
	}
	slices.Sort(packed)
	for i := range packed[min(1, len(packed)):] {
		if packed[i] == packed[i+1] {
			return invalid("index", strconv.Itoa(int(packed[i])), "is a file in two packs")
		}
	}
	return nil
}

func (p *Pack) validate() error {
	pack := p.Digest.String()
	if len(p.Files) == 0 || len(p.Files) != len(p.Blocks) {
		return invalid("index", pack, "is a pack without files, or without a block for each")
	}
	for i, file := range p.Files {
		if file < 0 || i > 0 && p.Files[i-1] >= file {
			return invalid("index", pack, "is a pack whose files are out of order or given twice")
		}
		if block := p.Blocks[i]; block < 1 || block > MaxPack/TarBlock {
			return invalid("index", pack, "is a pack with a block out of range")
		}
	}
	return nil
}
