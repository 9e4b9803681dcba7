package layout

import (
	"slices"
	"time"
	"unicode/utf8"
)

// A Record is one statement about a version that is no part of what the version
// is: who published it, when and where. A version has any number of them.
type Record struct {
	header
	Kind     string            `json:"kind"` // what is stated: one of the Record constants, or what a newer cairn knows
	Artifact Artifact          `json:"artifact"`
	Version  Digest            `json:"version"`
	By       string            `json:"by"`
	At       string            `json:"at"`               // RFC 3339 in UTC
	Inputs   []NamedInput      `json:"inputs,omitempty"` // how the inputs were asked for
	Facts    map[string]string `json:"facts,omitempty"`  // of the attempt: host, pod, tool, seconds
	Reason   string            `json:"reason,omitempty"` // in the words of whoever stated it
	Lifts    []ID              `json:"lifts,omitempty"`  // RecordUntaint: the taints that hold no longer; sorted
	Check    Digest            `json:"check,omitzero"`
}

// The kinds of records.
const (
	RecordPush    = "push"    // the version was published
	RecordTaint   = "taint"   // it is not to be used, nor what was made from it
	RecordUntaint = "untaint" // the taints that it names hold no longer
)

// A NamedInput keeps the reference that was asked for beside the version it
// stood for at that moment.
type NamedInput struct {
	Ref     string `json:"ref"`
	Version Digest `json:"version"`
}

// Encode returns the canonical JSON of r, after putting what it lifts in order,
// and fills in r.Check.
func (r *Record) Encode() ([]byte, error) {
	slices.Sort(r.Lifts)
	return encodeChecked(r)
}

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
	if err := r.checkTaint(); err != nil {
		return err
	}
	return checkTime("record", r.At)
}

func (r *Record) checkTaint() error {
	taint, untaint := r.Kind == RecordTaint, r.Kind == RecordUntaint
	switch {
	case len(r.Reason) > 4096 || !utf8.ValidString(r.Reason):
		return invalid("record", "", "has a reason that is not UTF-8 or longer than 4096 bytes")
	case (taint || untaint) && r.Reason == "":
		return invalid("record", r.Kind, "must say why")
	case untaint != (len(r.Lifts) > 0):
		return invalid("record", r.Kind, "must name the taints it lifts if it is an untaint, and no other record may")
	}
	for i, id := range r.Lifts {
		if _, err := ParseID(string(id)); err != nil {
			return err
		}
		if i > 0 && r.Lifts[i-1] >= id {
			return invalid("record", string(id), "lifts out of order or twice")
		}
	}
	return nil
}

// checkTime accepts RFC 3339 in UTC, in the one form that time.Time prints.
func checkTime(thing, s string) error {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.UTC().Format(time.RFC3339Nano) != s {
		return invalid(thing, s, "is not a time in RFC 3339 and UTC")
	}
	return nil
}
