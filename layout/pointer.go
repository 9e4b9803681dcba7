package layout

import (
	"unicode/utf8"
)

// A Pointer is the present state of a head or of a named pointer or label: the
// only objects in a store that change, and only by compare-and-swap. Each state
// names the one before, and every state replaced lies in the history, so the
// states of a name are one chain.
//
// A head is the pointer of a partition, called "date=2026-06-17". It alone has
// an Epoch and Retained versions.
type Pointer struct {
	header
	Artifact Artifact `json:"artifact"`
	Name     Name     `json:"name"`
	Version  Digest   `json:"version"` // what the name means now
	Date     Date     `json:"date"`    // the partition of that version
	Session  ID       `json:"session"` // the session whose index says where its bytes lie

	Seq   int64 `json:"seq"`            // 1 for the first state; grows by one, also on rollback
	Prev  *Prev `json:"prev,omitempty"` // the state this one replaced; nil in the first
	Nonce Nonce `json:"nonce"`

	Epoch    int64      `json:"gc_epoch,omitempty"` // grows with each collection of the partition
	Retained []Retained `json:"retained,omitempty"` // former versions that are kept, newest first

	Fixed bool  `json:"fixed,omitempty"` // a label: never moves
	Fence int64 `json:"fence,omitempty"` // the largest number an orchestrator gave its attempts

	Op     string `json:"op"`               // what made this state: publish, point, label, rollback
	Reason string `json:"reason,omitempty"` // in the words of whoever did it
	By     string `json:"by"`               // who did it
	At     string `json:"at"`               // when, RFC 3339 in UTC; informative, nothing compares it
	Check  Digest `json:"check,omitzero"`   // filled in and checked by Encode and ParsePointer
}

// Prev names the state that a state replaced.
type Prev struct {
	Seq    int64  `json:"seq"`
	Digest Digest `json:"digest"` // of its bytes
}

// Retained is a version that a head keeps without being its current one.
type Retained struct {
	Version Digest `json:"version"`
	Session ID     `json:"session"`
}

// Encode returns the canonical JSON of p and fills in p.Check.
func (p *Pointer) Encode() ([]byte, error) { return encodeChecked(p) }

// ParsePointer is the inverse of [Pointer.Encode].
func ParsePointer(b []byte) (*Pointer, error) {
	p := new(Pointer)
	if err := decodeChecked("pointer", b, p); err != nil {
		return nil, err
	}
	return p, nil
}

// Pin returns the exact reference of what p means now.
func (p *Pointer) Pin() Pin { return Pin{p.Artifact, p.Version} }

// SessionOf returns the session whose index says where the bytes of v lie, if p
// is a head that has v, or a pointer to it.
func (p *Pointer) SessionOf(v Digest) (ID, bool) {
	if p.Version == v {
		return p.Session, true
	}
	for _, r := range p.Retained {
		if r.Version == v {
			return r.Session, true
		}
	}
	return "", false
}

func (p *Pointer) check() *Digest { return &p.Check }

func (p *Pointer) validate() error {
	if _, err := ParseArtifact(string(p.Artifact)); err != nil {
		return err
	}
	if err := new(Name).UnmarshalText([]byte(p.Name)); err != nil {
		return err
	}
	if _, err := ParseDate(string(p.Date)); err != nil {
		return err
	}
	if _, err := ParseID(string(p.Session)); err != nil {
		return err
	}
	if _, err := ParseNonce(string(p.Nonce)); err != nil {
		return err
	}
	if err := p.checkChain(); err != nil {
		return err
	}
	if err := p.checkHead(); err != nil {
		return err
	}
	return p.checkWords()
}

func (p *Pointer) checkChain() error {
	switch {
	case p.Version.IsZero():
		return invalid("pointer", string(p.Name), "names no version")
	case p.Seq < 1 || p.Seq > maxInteger:
		return invalid("pointer", string(p.Name), "has a sequence number out of range")
	case (p.Seq == 1) != (p.Prev == nil):
		return invalid("pointer", string(p.Name), "must name the state before it, unless it is the first")
	case p.Prev != nil && (p.Prev.Seq != p.Seq-1 || p.Prev.Digest.IsZero()):
		return invalid("pointer", string(p.Name), "does not follow the state it names as the one before")
	case p.Fence < 0 || p.Fence > maxInteger:
		return invalid("fence", string(p.Name), "is out of range")
	}
	return nil
}

func (p *Pointer) checkHead() error {
	date, head := p.Name.Partition()
	switch {
	case head && date != p.Date:
		return invalid("pointer", string(p.Name), "is the head of one partition and names a version of another, %s", p.Date)
	case head && p.Fixed:
		return invalid("pointer", string(p.Name), "is a head and cannot be fixed")
	case p.Fixed && p.Seq != 1:
		return invalid("pointer", string(p.Name), "is a label, which has one state only")
	case !head && (p.Epoch != 0 || len(p.Retained) > 0):
		return invalid("pointer", string(p.Name), "retains versions, as only a head does")
	case p.Epoch < 0 || p.Epoch > maxInteger:
		return invalid("pointer", string(p.Name), "has an epoch out of range")
	}
	seen := map[Digest]bool{p.Version: true}
	for _, r := range p.Retained {
		if r.Version.IsZero() || seen[r.Version] {
			return invalid("pointer", string(p.Name), "retains no version, or one twice")
		}
		if _, err := ParseID(string(r.Session)); err != nil {
			return err
		}
		seen[r.Version] = true
	}
	return nil
}

func (p *Pointer) checkWords() error {
	if p.Op == "" || p.By == "" {
		return invalid("pointer", string(p.Name), "must say what was done and by whom")
	}
	for _, s := range []string{p.Op, p.Reason, p.By} {
		if len(s) > 4096 || !utf8.ValidString(s) {
			return invalid("pointer", string(p.Name), "has a text that is not UTF-8 or longer than 4096 bytes")
		}
	}
	return checkTime("pointer", p.At)
}
