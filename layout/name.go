package layout

import (
	"slices"
	"strings"
)

// maxSegment is the longest segment of a name, in bytes.
const maxSegment = 63

// forbiddenWords say which version is in use without saying which one it is.
// A name with one of them was true once and lies ever after.
var forbiddenWords = []string{"latest", "final", "newest", "current"}

// An Artifact names a line of versions: two or more segments joined by "/",
// such as "features/churn".
type Artifact string

// ParseArtifact checks s and returns it as an Artifact.
func ParseArtifact(s string) (Artifact, error) {
	segments := strings.Split(s, "/")
	if len(segments) < 2 {
		return "", invalid("artifact", s, "needs two or more segments, such as features/churn")
	}
	if len(s) > 512 {
		return "", invalid("artifact", s, "is longer than 512 bytes")
	}
	if segments[0] == markerName {
		return "", invalid("artifact", s, "begins with %q, which is the name of the store's marker", markerName)
	}
	for _, segment := range segments {
		if err := checkSegment("artifact", s, segment); err != nil {
			return "", err
		}
	}
	return Artifact(s), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (a *Artifact) UnmarshalText(b []byte) (err error) {
	*a, err = ParseArtifact(string(b))
	return err
}

// A Name is what a pointer is called: one segment, such as "prod" or "v2", or
// "date=2026-06-17" for the pointer of a partition, its head.
type Name string

const headPrefix = "date="

// HeadName returns the name of the head of the partition d.
func HeadName(d Date) Name { return Name(headPrefix + string(d)) }

// ParseName checks s and returns it as a Name. A bare date is short for the
// name of that partition's head.
func ParseName(s string) (Name, error) {
	if looksLikeDate(s) {
		s = headPrefix + s
	}
	if date, ok := strings.CutPrefix(s, headPrefix); ok {
		d, err := ParseDate(date)
		return HeadName(d), err
	}
	if from, _, ok := strings.Cut(s, ".."); ok && looksLikeDate(from) {
		return "", invalid("name", s, "would read as a range of dates")
	}
	if err := checkSegment("name", s, s); err != nil {
		return "", err
	}
	return Name(s), nil
}

// Partition returns the partition whose head n is, and false for a named
// pointer or label.
func (n Name) Partition() (Date, bool) {
	date, ok := strings.CutPrefix(string(n), headPrefix)
	return Date(date), ok
}

// Selector returns n as it stands after the "@" of a reference.
func (n Name) Selector() string { return strings.TrimPrefix(string(n), headPrefix) }

// UnmarshalText implements [encoding.TextUnmarshaler]. Unlike [ParseName] it
// takes no bare date: in stored bytes a head's name is written in full.
func (n *Name) UnmarshalText(b []byte) error {
	name, err := ParseName(string(b))
	if err == nil && string(name) != string(b) {
		return invalid("name", string(b), "is a date; a head is called %q", name)
	}
	*n = name
	return err
}

func checkSegment(thing, whole, segment string) error {
	switch {
	case segment == "":
		return invalid(thing, whole, "has an empty segment")
	case len(segment) > maxSegment:
		return invalid(thing, whole, "has a segment longer than %d bytes", maxSegment)
	}
	for i := range len(segment) {
		c := segment[i]
		alnum := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !alnum && (i == 0 || c != '.' && c != '_' && c != '-') {
			return invalid(thing, whole, "segment %q may hold a-z 0-9 . _ - and starts with a letter or digit", clip(segment))
		}
	}
	for _, word := range strings.FieldsFunc(segment, isWordBreak) {
		if slices.Contains(forbiddenWords, word) {
			return invalid(thing, whole, "the word %q is refused, because it stays when the bytes behind it change; name a date, a label or a pin", word)
		}
	}
	return nil
}

func isWordBreak(r rune) bool { return r == '.' || r == '_' || r == '-' }
