package layout

import (
	"bytes"
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The canonical form is that of RFC 8785. It is written and read here and not by
// way of encoding/json, which holds a whole object several times over: the
// manifest of a version of many files is as large as all else in memory.

// A field is one member of the object that a struct is written as.
type field struct {
	name  string
	index []int
	omit  bool // where it is empty
}

var structs sync.Map // of fields by reflect.Type

// fieldsOf returns the members of a struct in canonical order. The tags are those
// of encoding/json.
func fieldsOf(t reflect.Type) []field {
	if known, ok := structs.Load(t); ok {
		return known.([]field)
	}
	var fields []field
	for _, f := range reflect.VisibleFields(t) {
		if name, options, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			fields = append(fields, field{name, f.Index, options != ""})
		}
	}
	slices.SortFunc(fields, func(a, b field) int { return compareUTF16(a.name, b.name) })
	structs.Store(t, fields)
	return fields
}

func isEmpty(v reflect.Value) bool {
	if k := v.Kind(); k == reflect.Slice || k == reflect.Map {
		return v.Len() == 0
	}
	return v.IsZero()
}

// compareUTF16 compares by UTF-16 code units, as members are sorted. That is the
// order of the bytes, but that the surrogates of what is above U+FFFF (in UTF-8,
// from F0) are below U+E000 to U+FFFF (from EE).
func compareUTF16(a, b string) int {
	for i := range min(len(a), len(b)) {
		x, y := a[i], b[i]
		switch {
		case x == y:
		case min(x, y) >= 0xEE && max(x, y) >= 0xF0 && min(x, y) < 0xF0:
			return cmp.Compare(y, x)
		default:
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(len(a), len(b))
}

// appendFloat writes x, which is finite, as ECMAScript does.
func appendFloat(b []byte, x float64) []byte {
	if x == 0 {
		return append(b, '0') // also for -0
	}
	format := byte('e')
	if size := max(x, -x); size >= 1e-6 && size < 1e21 {
		format = 'f'
	}
	start := len(b)
	b = strconv.AppendFloat(b, x, format, -1, 64)
	if n := len(b); format == 'e' && b[n-2] == '0' && bytes.IndexByte(b[start:], 'e') == n-start-4 {
		b = append(b[:n-2], b[n-1]) // Go writes two digits of an exponent at least
	}
	return b
}

const hexDigits = "0123456789abcdef"

// appendEscape writes a byte that does not stand for itself in a string.
func appendEscape(b []byte, c byte) []byte {
	if i := strings.IndexByte(escaped, c); i >= 0 {
		return append(b, '\\', escapes[i])
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// The bytes that have an escape of two characters, and the second of these.
const (
	escaped = "\"\\\b\t\n\f\r"
	escapes = `"\btnfr`
)

// plainPrefix returns how many of the first bytes of s stand for themselves in a
// string.
func plainPrefix[T string | []byte](s T) int {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			return i
		}
	}
	return len(s)
}
