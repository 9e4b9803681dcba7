package layout

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

// Kind says what an object is.
type Kind string

// The kinds of objects in a store. [Key] says which fields each one uses.
const (
	KindMarker   Kind = "marker"
	KindManifest Kind = "manifest"
	KindRecord   Kind = "record"
	KindBlob     Kind = "blob"
	KindIndex    Kind = "index"
	KindRanges   Kind = "ranges"
	KindHead     Kind = "head"
	KindPointer  Kind = "pointer"
	KindHistory  Kind = "history"
	KindEdge     Kind = "edge"
)

// A Key is the name of one object in a store, taken apart. The fields that its
// kind does not use are zero, so Keys can be compared.
type Key struct {
	Kind     Kind
	Artifact Artifact // all but marker and edge
	Date     Date     // blob, index, ranges
	Session  ID       // blob, index, ranges
	Name     Name     // head, pointer, history
	Version  Digest   // manifest, record; edge: the input
	Digest   Digest   // blob, history: of its bytes; ranges: of the blob's; edge: the consumer
	Ext      string   // blob: extension with its dot, or nothing
	Seq      int64    // history
	ID       ID       // record
}

// MarkerKey is where the store's [Marker] lies.
func MarkerKey() Key { return Key{Kind: KindMarker} }

// ManifestKey is where the manifest of p lies. It follows from the id alone.
func ManifestKey(p Pin) Key {
	return Key{Kind: KindManifest, Artifact: p.Artifact, Version: p.Version}
}

// RecordKey is where the record id about p lies.
func RecordKey(p Pin, id ID) Key {
	return Key{Kind: KindRecord, Artifact: p.Artifact, Version: p.Version, ID: id}
}

// IndexKey is where the session's [Index] lies.
func IndexKey(a Artifact, d Date, session ID) Key {
	return Key{Kind: KindIndex, Artifact: a, Date: d, Session: session}
}

// BlobKey is where a publish session puts the bytes of a file. The extension of
// file is kept where it is short and plain, so that engines know the format.
func BlobKey(a Artifact, d Date, session ID, digest Digest, file string) Key {
	ext := strings.ToLower(path.Ext(file))
	if !isBlobExt(ext) {
		ext = ""
	}
	return Key{Kind: KindBlob, Artifact: a, Date: d, Session: session, Digest: digest, Ext: ext}
}

// RangesKey is where the [Ranges] of a blob lie: beside it.
func RangesKey(blob Key) Key {
	blob.Kind, blob.Ext = KindRanges, ""
	return blob
}

// PointerKey is where the head or named pointer n lies.
func PointerKey(a Artifact, n Name) Key {
	if _, ok := n.Partition(); ok {
		return Key{Kind: KindHead, Artifact: a, Name: n}
	}
	return Key{Kind: KindPointer, Artifact: a, Name: n}
}

// HistoryKey is where the state seq of the head or pointer n lies after it was
// replaced; digest is that of its bytes.
func HistoryKey(a Artifact, n Name, seq int64, digest Digest) Key {
	return Key{Kind: KindHistory, Artifact: a, Name: n, Seq: seq, Digest: digest}
}

// EdgeKey is where it is noted that consumer was made from input.
func EdgeKey(input, consumer Digest) Key {
	return Key{Kind: KindEdge, Version: input, Digest: consumer}
}

// Prefixes under which all objects of a kind lie, for listing.
const (
	manifestDir = "_manifests/"
	recordDir   = "_records/"
	headDir     = "_heads/"
	pointerDir  = "_pointers/"
	historyDir  = "_history/"
	edgeDir     = "_lineage/"
)

// ManifestPrefix is the common prefix of the manifests of a whose ids start
// with digits.
func ManifestPrefix(a Artifact, digits string) string {
	return string(a) + "/" + manifestDir + digits
}

// RecordPrefix is the common prefix of all records about p.
func RecordPrefix(p Pin) string {
	return string(p.Artifact) + "/" + recordDir + p.Version.Hex() + "/"
}

// HeadPrefix is the common prefix of all heads of a.
func HeadPrefix(a Artifact) string { return string(a) + "/" + headDir }

// PointerPrefix is the common prefix of all named pointers and labels of a.
func PointerPrefix(a Artifact) string { return string(a) + "/" + pointerDir }

// HistoryPrefix is the common prefix of the former states of n.
func HistoryPrefix(a Artifact, n Name) string {
	return string(a) + "/" + historyDir + historyLine(n) + "/"
}

// HistoryLines are the common prefixes of the histories of all heads, and of all
// named pointers and labels of a. Below them lies one folder for each name.
func HistoryLines(a Artifact) (heads, pointers string) {
	return string(a) + "/" + historyDir + "heads/", string(a) + "/" + historyDir + "pointers/"
}

// SessionPrefix is the common prefix of what a publish session wrote into a
// partition.
func SessionPrefix(a Artifact, d Date, session ID) string {
	return string(a) + "/" + string(HeadName(d)) + "/" + string(session) + "/"
}

// String returns the key as it stands in the store.
func (k Key) String() string {
	a := string(k.Artifact) + "/"
	switch k.Kind {
	case KindMarker:
		return markerName
	case KindManifest:
		return a + manifestDir + k.Version.Hex() + ".json"
	case KindRecord:
		return a + recordDir + k.Version.Hex() + "/" + string(k.ID) + ".json"
	case KindBlob:
		return SessionPrefix(k.Artifact, k.Date, k.Session) + k.Digest.Hex() + k.Ext
	case KindIndex:
		return SessionPrefix(k.Artifact, k.Date, k.Session) + indexName
	case KindRanges:
		return SessionPrefix(k.Artifact, k.Date, k.Session) + k.Digest.Hex() + rangesExt
	case KindHead:
		return a + headDir + k.Name.Selector() + ".json"
	case KindPointer:
		return a + pointerDir + string(k.Name) + ".json"
	case KindHistory:
		return fmt.Sprintf("%s%012d-%s.json", HistoryPrefix(k.Artifact, k.Name), k.Seq, k.Digest.Hex())
	case KindEdge:
		return edgeDir + k.Version.Hex() + "/" + k.Digest.Hex() + ".json"
	}
	return "" // a Kind that is none of the constants
}

const (
	markerName = "cairn.json"
	indexName  = "_blobs.json"
	rangesExt  = ".ranges"
)

// historyLine is the folder of one head's or pointer's history.
func historyLine(n Name) string {
	if d, ok := n.Partition(); ok {
		return "heads/" + string(d)
	}
	return "pointers/" + string(n)
}

// ParseKey is the inverse of [Key.String]. A key that no kind claims is an
// error: it is not cairn's, or of a newer cairn.
func ParseKey(s string) (Key, error) {
	k, err := parseKey(s)
	if err != nil {
		return Key{}, err
	}
	if k.String() != s {
		return Key{}, invalid("key", s, "is not the name of anything in a store")
	}
	return k, nil
}

func parseKey(s string) (Key, error) {
	if s == markerName {
		return MarkerKey(), nil
	}
	if rest, ok := strings.CutPrefix(s, edgeDir); ok {
		return parseEdgeKey(s, rest)
	}
	// The artifact ends where the first segment starts with "_" or holds "=".
	segments := strings.Split(s, "/")
	n := 0
	for n < len(segments) && !strings.HasPrefix(segments[n], "_") && !strings.Contains(segments[n], "=") {
		n++
	}
	a, err := ParseArtifact(strings.Join(segments[:n], "/"))
	if err != nil {
		return Key{}, err
	}
	return parseArtifactKey(s, a, segments[n:])
}

// parseArtifactKey reads the segments of the key s after its artifact. What it
// lets through that is not exact, [ParseKey] refuses by printing it again.
func parseArtifactKey(s string, a Artifact, rest []string) (Key, error) {
	unknown := invalid("key", s, "is not the name of anything in a store")
	if len(rest) < 2 {
		return Key{}, unknown
	}
	file, base := rest[len(rest)-1], strings.TrimSuffix(rest[len(rest)-1], ".json")
	switch folder := rest[0] + "/"; {
	case folder == manifestDir && len(rest) == 2:
		v, err := parseHex(base)
		return ManifestKey(Pin{a, v}), err
	case folder == recordDir && len(rest) == 3:
		v, err := parseHex(rest[1])
		if err != nil {
			return Key{}, err
		}
		id, err := ParseID(base)
		return RecordKey(Pin{a, v}, id), err
	case folder == headDir && len(rest) == 2:
		d, err := ParseDate(base)
		return PointerKey(a, HeadName(d)), err
	case folder == pointerDir && len(rest) == 2:
		n, err := ParseName(base)
		return PointerKey(a, n), err
	case folder == historyDir && len(rest) == 4:
		return parseHistoryKey(a, rest[2], base)
	case strings.HasPrefix(folder, headPrefix) && len(rest) == 3:
		return parsePartitionKey(a, rest[0], rest[1], file)
	}
	return Key{}, unknown
}

func parseHistoryKey(a Artifact, line, base string) (Key, error) {
	name, err := ParseName(line)
	if err != nil {
		return Key{}, err
	}
	number, digits, _ := strings.Cut(base, "-")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil || seq < 1 || seq > maxInteger {
		return Key{}, invalid("key", base, "has no sequence number")
	}
	digest, err := parseHex(digits)
	return HistoryKey(a, name, seq, digest), err
}

func parsePartitionKey(a Artifact, partition, session, file string) (Key, error) {
	name, err := ParseName(partition)
	if err != nil {
		return Key{}, err
	}
	d, _ := name.Partition()
	id, err := ParseID(session)
	if err != nil {
		return Key{}, err
	}
	if file == indexName {
		return IndexKey(a, d, id), nil
	}
	digits, ext, _ := strings.Cut(file, ".")
	digest, err := parseHex(digits)
	key := BlobKey(a, d, id, digest, file)
	if "."+ext == rangesExt {
		key = RangesKey(key)
	}
	return key, err
}

func parseEdgeKey(s, rest string) (Key, error) {
	input, consumer, _ := strings.Cut(rest, "/")
	i, err := parseHex(input)
	if err != nil {
		return Key{}, invalid("key", s, "is not the name of anything in a store")
	}
	c, err := parseHex(strings.TrimSuffix(consumer, ".json"))
	return EdgeKey(i, c), err
}

// isBlobExt reports whether a blob may keep ext. Two are those of what lies beside
// blobs: [Ranges], and the outboards that ".bao" is kept free for.
func isBlobExt(ext string) bool {
	if len(ext) < 2 || len(ext) > 17 || ext[0] != '.' || ext == ".bao" || ext == rangesExt {
		return false
	}
	for _, c := range ext[1:] {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
