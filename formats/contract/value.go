package contract

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strings"

	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/formats/arrow/spelling"
)

// Values are given as formats.Hasher takes them, texts without their length.

// lengthBytes is the size of the length before a value of any length.
const lengthBytes = 4

// A class says how values of a type are compared.
type class uint8

const (
	unordered class = iota
	signed
	unsigned
	float
	plain // byte by byte
)

func classOf(t formats.Type) class {
	switch t {
	case formats.Int8, formats.Int16, formats.Int32, formats.Int64, formats.Date:
		return signed
	case formats.Bool, formats.Uint8, formats.Uint16, formats.Uint32, formats.Uint64:
		return unsigned
	case formats.Float16, formats.Float32, formats.Float64:
		return float
	case formats.String:
		return plain
	}
	switch name, _, _ := strings.Cut(string(t), "("); name {
	case "decimal", "time", "timestamp":
		return signed
	}
	return unordered
}

// key returns a number of up to 8 bytes as one that is compared without sign. All
// NaNs are one, above all numbers, and −0 is 0.
func (c class) key(v []byte) uint64 {
	var b [8]byte
	copy(b[:], v)
	x := binary.LittleEndian.Uint64(b[:])
	sign := uint64(1) << (8*len(v) - 1)
	switch c {
	case signed:
		return x ^ sign
	case float:
		infinity := map[int]uint64{2: 0x7c00, 4: 0x7f800000, 8: 0x7ff0000000000000}[len(v)]
		switch magnitude := x &^ sign; {
		case magnitude > infinity:
			return math.MaxUint64
		case x != magnitude:
			return sign - magnitude
		default:
			return sign + magnitude
		}
	}
	return x
}

func (c class) isNaN(v []byte) bool { return c == float && c.key(v) == math.MaxUint64 }

// compare compares values of a type that has an order.
func (c class) compare(a, b []byte) int {
	switch {
	case c == plain:
		return bytes.Compare(a, b)
	case len(a) <= 8:
		return cmp.Compare(c.key(a), c.key(b))
	}
	last := len(a) - 1 // of a number in two's complement
	if order := cmp.Compare(int8(a[last]), int8(b[last])); order != 0 {
		return order
	}
	for i := last - 1; i >= 0; i-- {
		if order := cmp.Compare(a[i], b[i]); order != 0 {
			return order
		}
	}
	return 0
}

// same returns bytes that two values have in common if they are the same value.
func (c class) same(b, v []byte) []byte {
	if c == float {
		return binary.LittleEndian.AppendUint64(b, c.key(v))
	}
	return append(b, v...)
}

// parse returns the value that a text of a contract stands for.
func parse(t formats.Type, text string) ([]byte, error) {
	p, err := spelling.Of(t)
	if err != nil {
		return nil, fmt.Errorf("values of type %s cannot be written as text", t)
	}
	v, ok := p(nil, []byte(text))
	if !ok {
		return nil, fmt.Errorf("%q is no %s", text, t)
	}
	if t.Width() == 0 {
		v = v[lengthBytes:]
	}
	return v, nil
}

// textOf prints a value, for people. Package formats prints those that have an
// order; here the others are printed too, and texts are kept short.
func textOf(t formats.Type, v []byte) string {
	switch {
	case t == formats.String || t == formats.JSON:
		return clip(string(v))
	case t == formats.UUID:
		return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:])
	case classOf(t) == unordered:
		return clip(hex.EncodeToString(v[:min(len(v), maxText)]))
	}
	return t.Text(v)
}

// maxText is the largest size of a text in a report, in bytes.
const maxText = 80

func clip(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "…"
}
