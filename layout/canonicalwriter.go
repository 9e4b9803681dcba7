package layout

import (
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"
)

// flushSize is about how many bytes a writer gathers before it passes them on.
const flushSize = 32 << 10

// A writer writes values in canonical form, and holds only what it has not yet
// passed on. After an error it does nothing.
type writer struct {
	dst     io.Writer // nil keeps all in pending
	pending []byte
	passed  int64 // bytes
	err     error
}

// write writes v to dst and returns the number of bytes.
func write(dst io.Writer, v any) (int64, error) {
	w := &writer{dst: dst}
	w.value(reflect.ValueOf(v))
	w.flush()
	return w.passed, w.err
}

// canonical returns the canonical form of v. It finds out the length first: a
// buffer that grows would take several times the room.
func canonical(v any) ([]byte, error) {
	n, err := write(io.Discard, v)
	if err != nil {
		return nil, err
	}
	w := &writer{pending: make([]byte, 0, n)}
	w.value(reflect.ValueOf(v))
	return w.pending, w.err
}

func (w *writer) flush() {
	if w.dst == nil || w.err != nil {
		return
	}
	_, w.err = w.dst.Write(w.pending)
	w.passed += int64(len(w.pending))
	w.pending = w.pending[:0]
}

func (w *writer) value(v reflect.Value) {
	if len(w.pending) >= flushSize {
		w.flush()
	}
	if w.err != nil {
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		if v.IsNil() {
			w.pending = append(w.pending, "null"...)
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		w.value(v.Elem())
	case reflect.Struct:
		w.object(v)
	case reflect.Map:
		w.mapping(v)
	case reflect.Slice:
		w.list(v)
	case reflect.String:
		w.text(v.String())
	case reflect.Bool:
		w.pending = strconv.AppendBool(w.pending, v.Bool())
	case reflect.Int, reflect.Int32, reflect.Int64:
		w.integer(v.Int())
	case reflect.Float64:
		w.float(v.Float())
	default:
		w.digest(v)
	}
}

func (w *writer) object(v reflect.Value) {
	before := byte('{')
	for _, f := range fieldsOf(v.Type()) {
		member := v.FieldByIndex(f.index)
		if f.omit && isEmpty(member) {
			continue
		}
		w.pending = append(w.pending, before, '"')
		w.pending = append(w.pending, f.name...)
		w.pending = append(w.pending, '"', ':')
		w.value(member)
		before = ','
	}
	w.end(before, '{', '}')
}

func (w *writer) mapping(v reflect.Value) {
	members := make(map[string]reflect.Value, v.Len())
	for k, member := range v.Seq2() {
		members[k.String()] = member
	}
	before := byte('{')
	for _, k := range slices.SortedFunc(maps.Keys(members), compareUTF16) {
		w.pending = append(w.pending, before)
		w.text(k)
		w.pending = append(w.pending, ':')
		w.value(members[k])
		before = ','
	}
	w.end(before, '{', '}')
}

func (w *writer) list(v reflect.Value) {
	before := byte('[')
	for i := range v.Len() {
		w.pending = append(w.pending, before)
		w.value(v.Index(i))
		before = ','
	}
	w.end(before, '[', ']')
}

// end closes an object or a list, and opens it too if nothing came before.
func (w *writer) end(before, opening, closing byte) {
	if before == opening {
		w.pending = append(w.pending, opening)
	}
	w.pending = append(w.pending, closing)
}

func (w *writer) text(s string) {
	if !utf8.ValidString(s) {
		w.refuse("%q is not UTF-8", clip(s))
		return
	}
	w.pending = append(w.pending, '"')
	for {
		n := plainPrefix(s)
		w.pending = append(w.pending, s[:n]...)
		if n == len(s) {
			break
		}
		w.pending = appendEscape(w.pending, s[n])
		s = s[n+1:]
	}
	w.pending = append(w.pending, '"')
}

func (w *writer) integer(n int64) {
	if n < -maxInteger || n > maxInteger {
		w.refuse("%d is out of range", n)
		return
	}
	w.pending = strconv.AppendInt(w.pending, n, 10)
}

func (w *writer) float(x float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		w.refuse("%v is not a finite number", x)
		return
	}
	w.pending = appendFloat(w.pending, x)
}

func (w *writer) digest(v reflect.Value) {
	d, ok := reflect.TypeAssert[Digest](v)
	if !ok {
		w.refuse("a %s has no canonical form", v.Kind())
		return
	}
	w.pending = append(w.pending, '"')
	w.pending = append(w.pending, digestPrefix...)
	w.pending = hex.AppendEncode(w.pending, d[:])
	w.pending = append(w.pending, '"')
}

func (w *writer) refuse(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}
