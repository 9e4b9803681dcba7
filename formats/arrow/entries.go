package arrow

import (
	"context"
	"errors"

	"github.com/cairnstore/cairn/formats"
)

// chunkEntries is about how many entries are given to a Hasher at a time, if
// they have fewer bytes than chunkBytes.
const (
	chunkEntries = 8192
	chunkBytes   = 256 << 10
)

// entries gathers entries for a Hasher.
type entries struct {
	ctx      context.Context
	hasher   *formats.Hasher
	path     formats.Path
	limit    int // bytes to gather
	n        int // values
	values   []byte
	indexes  []int32 // instead of values, into dict
	dict     *formats.Dictionary
	def, rep []byte
}

func newEntries(ctx context.Context, h *formats.Hasher, p formats.Path) *entries {
	return &entries{ctx: ctx, hasher: h, path: p, limit: chunkBytes}
}

// none adds entries without value.
func (e *entries) none(n, def int, first, rest byte) error {
	for n > 0 {
		k := min(n, chunkEntries)
		e.levels(k, def, first, rest)
		if err := e.flushFull(); err != nil {
			return err
		}
		n, first = n-k, rest
	}
	return nil
}

// some adds entries with values, which have been appended.
func (e *entries) some(n, def int, first, rest byte) error {
	e.levels(n, def, first, rest)
	e.n += n
	return e.flushFull()
}

func (e *entries) levels(n, def int, first, rest byte) {
	e.def = fill(e.def, n, byte(def))
	if e.path.MaxRepetition() > 0 {
		e.rep = append(e.rep, first)
		e.rep = fill(e.rep, n-1, rest)
	}
}

func fill(b []byte, n int, v byte) []byte {
	start := len(b)
	b = append(b, make([]byte, n)...)
	for i := range b[start:] {
		b[start+i] = v
	}
	return b
}

// decode appends values. A value that has no canonical form refuses the column,
// and next is from.
func (e *entries) decode(d decoder, a *rawArray, from, to int) (next int, err error) {
	e.values, next, err = d(e.values, a, from, to)
	if reason, ok := errors.AsType[refusal](err); ok {
		e.hasher.Refuse(string(reason))
		return from, nil
	}
	return next, err
}

func (e *entries) flushFull() error {
	if len(e.def) < chunkEntries && len(e.def)+len(e.values) < e.limit {
		return nil
	}
	return e.flush()
}

// flush gives to the Hasher what has been gathered.
func (e *entries) flush() error {
	if err := e.ctx.Err(); err != nil {
		return err
	}
	def, rep := e.def, e.rep
	if e.n == len(def) {
		def = nil
	}
	var err error
	switch {
	case len(e.def) == 0 || e.hasher.Refused():
	case e.dict != nil:
		err = e.hasher.Indexes(e.dict, e.indexes, def, rep)
	default:
		err = e.hasher.Values(e.values, e.n, def, rep)
	}
	e.n, e.values, e.indexes, e.def, e.rep = 0, e.values[:0], e.indexes[:0], e.def[:0], e.rep[:0]
	if cap(e.values) > 4*e.limit {
		e.values = nil // it was a long value, and there are other columns
	}
	return err
}
