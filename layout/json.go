package layout

import (
	"bytes"
	"errors"
	"io"
	"reflect"

	"github.com/zeebo/blake3"
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
	head() *header
}

// header is what every metadata object begins with.
type header struct {
	Format int `json:"cairn"`
}

func (h *header) head() *header { return h }

// prepare makes v ready to be written.
func prepare(v metadata) error {
	v.head().Format = Format
	return v.validate()
}

// encode returns the canonical JSON of v.
func encode(v metadata) ([]byte, error) {
	if err := prepare(v); err != nil {
		return nil, err
	}
	return canonical(v)
}

// sumWhile writes the canonical JSON of v to w and returns its digest and its
// length in bytes.
func sumWhile(w io.Writer, v metadata) (d Digest, n int64, err error) {
	h := blake3.New()
	if n, err = write(io.MultiWriter(h, w), v); err != nil {
		return Digest{}, n, err
	}
	h.Sum(d[:0])
	return d, n, nil
}

// decode reads v from b, which must be its canonical JSON.
func decode(thing string, b []byte, v metadata) error {
	return decodeFrom(thing, bytes.NewReader(b), int64(len(b)), v)
}

// decodeFrom reads v, which is zero, from the about size bytes of src, which must
// be its canonical JSON. An object of a newer cairn is called that and not broken.
func decodeFrom(thing string, src io.Reader, size int64, v metadata) error {
	r := newReader(thing, src, size)
	err := r.document(reflect.ValueOf(v).Elem())
	if err != nil && !errors.As(err, new(*Error)) {
		return err
	}
	format, known := int64(v.head().Format), err == nil || v.head().Format != 0
	if !known {
		format, known = r.findFormat()
	}
	if known && format != Format {
		return invalid(thing, "", "has format %d, and this cairn knows only format %d", format, Format)
	}
	if err != nil {
		return err
	}
	return v.validate()
}

// Objects that are not named by their digest carry one of themselves, as
// "check": the digest of their canonical JSON without that member. It finds a
// flipped bit that would otherwise read as another sequence number or reason.
type checked interface {
	metadata
	check() *Digest
}

func encodeChecked(v checked) ([]byte, error) {
	if err := seal(v); err != nil {
		return nil, err
	}
	return canonical(v)
}

// seal makes v ready to be written, with its check.
func seal(v checked) error {
	if err := prepare(v); err != nil {
		return err
	}
	sum, err := checksum(v)
	*v.check() = sum
	return err
}

// checksum returns what the check of v has to be, whatever it is.
func checksum(v checked) (Digest, error) {
	found := *v.check()
	*v.check() = Digest{}
	sum, _, err := sumWhile(io.Discard, v)
	*v.check() = found
	return sum, err
}

func decodeChecked(thing string, b []byte, v checked) error {
	return decodeCheckedFrom(thing, bytes.NewReader(b), int64(len(b)), v)
}

func decodeCheckedFrom(thing string, src io.Reader, size int64, v checked) error {
	if err := decodeFrom(thing, src, size, v); err != nil {
		return err
	}
	sum, err := checksum(v)
	if err != nil {
		return invalid(thing, "", "%v", err)
	}
	if sum != *v.check() {
		return invalid(thing, "", "does not match its own checksum")
	}
	return nil
}
