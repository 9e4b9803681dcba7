package layout

import (
	"time"
	"unicode/utf8"
)

// A Record is one statement about a version that is no part of what the version
// is: who published it, when and where. A version has any number of them.
type Record struct {
	header
	Kind     string            `json:"kind"` // what is stated; RecordPush is the only one so far
	Artifact Artifact          `json:"artifact"`
	Version  Digest            `json:"version"`
	By       string            `json:"by"`
	At       string            `json:"at"`               // RFC 3339 in UTC
	Inputs   []NamedInput      `json:"inputs,omitempty"` // how the inputs were asked for
	Facts    map[string]string `json:"facts,omitempty"`  // of the attempt: host, pod, tool, seconds
	Check    Digest            `json:"check,omitzero"`
}

// RecordPush is the kind of the record that a publication leaves.
const RecordPush = "push"

// A NamedInput keeps the reference that was asked for beside the version it
// stood for at that moment.
type NamedInput struct {
	Ref     string `json:"ref"`
	Version Digest `json:"version"`
}

// Encode returns the canonical JSON of r and fills in r.Check.
func (r *Record) Encode() ([]byte, error) { return encodeChecked(r) }

// ParseRecord is the inverse of [Record.Encode].
func ParseRecord(b []byte) (*Record, error) {
	r := new(Record)
	if err := decodeChecked("record", b, r); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Record) check() *Digest { return &r.Check }

func (r *Record) validate() error {
	if _, err := ParseArtifact(string(r.Artifact)); err != nil {
		return err
	}
	if r.Kind == "" || r.By == "" || r.Version.IsZero() {
		return invalid("record", "", "must say what is stated, about which version and by whom")
	}
	if !utf8.ValidString(r.Kind) || !utf8.ValidString(r.By) {
		return invalid("record", "", "has a text that is not UTF-8")
	}
	for _, in := range r.Inputs {
		if _, err := ParseRef(in.Ref); err != nil {
			return err
		}
		if in.Version.IsZero() {
			return invalid("record", in.Ref, "is an input without a version")
		}
	}
	for k, v := range r.Facts {
		if err := checkText("fact", k, v); err != nil {
			return err
		}
	}
	return checkTime("record", r.At)
}

// checkTime accepts RFC 3339 in UTC, in the one form that time.Time prints.
func checkTime(thing, s string) error {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.UTC().Format(time.RFC3339Nano) != s {
		return invalid(thing, s, "is not a time in RFC 3339 and UTC")
	}
	return nil
}
