package layout

import (
	"bytes"
	"encoding/json"

	"github.com/gowebpki/jcs"
)

// Format is the number of the format this package reads and writes. It stands
// in every object as "cairn".
const Format = 1

// maxInteger is the largest integer that JSON numbers carry exactly.
const maxInteger = 1<<53 - 1

// A metadata object checks itself, so that a value which breaks a rule can
// neither be written nor read.
type metadata interface {
	validate() error
	stamp()
}

// header is what every metadata object begins with.
type header struct {
	Format int `json:"cairn"`
}

func (h *header) stamp() { h.Format = Format }

// encode returns the canonical JSON of v.
func encode(v metadata) ([]byte, error) {
	v.stamp()
	if err := v.validate(); err != nil {
		return nil, err
	}
	return canonical(v)
}

func canonical(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jcs.Transform(b)
}

// decode reads v from b, which must be its canonical JSON. Comparing with what
// v encodes to refuses at once duplicate and misspelt keys, keys in another
// case, nulls, other spacing or order, bytes that are not UTF-8, and anything
// after the end.
func decode(thing string, b []byte, v metadata) error {
	if err := checkFormat(thing, b); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return invalid(thing, "", "%s", clip(err.Error()))
	}
	if err := v.validate(); err != nil {
		return err
	}
	again, err := canonical(v)
	if err != nil {
		return invalid(thing, "", "%v", err)
	}
	if !bytes.Equal(b, again) {
		return invalid(thing, "", "is not in canonical form at byte %d", firstDifference(b, again))
	}
	return nil
}

// checkFormat looks for the format number alone, so that an object of a newer
// cairn is called that and not broken.
func checkFormat(thing string, b []byte) error {
	var head struct {
		Format *int64 `json:"cairn"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return invalid(thing, "", "is not JSON: %s", clip(err.Error()))
	}
	switch {
	case head.Format == nil:
		return invalid(thing, "", "has no format number")
	case *head.Format != Format:
		return invalid(thing, "", "has format %d, and this cairn knows only format %d", *head.Format, Format)
	}
	return nil
}

func firstDifference(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// Objects that are not named by their digest carry one of themselves, as
// "check": the digest of their canonical JSON without that member. It finds a
// flipped bit that would otherwise read as another sequence number or reason.
type checked interface {
	metadata
	check() *Digest
}

func encodeChecked(v checked) ([]byte, error) {
	*v.check() = Digest{}
	b, err := encode(v)
	if err != nil {
		return nil, err
	}
	*v.check() = Sum(b)
	return canonical(v)
}

func decodeChecked(thing string, b []byte, v checked) error {
	if err := decode(thing, b, v); err != nil {
		return err
	}
	found := *v.check()
	*v.check() = Digest{}
	plain, err := canonical(v)
	if err != nil {
		return invalid(thing, "", "%v", err)
	}
	if *v.check() = found; Sum(plain) != found {
		return invalid(thing, "", "does not match its own checksum")
	}
	return nil
}
