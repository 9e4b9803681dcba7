package model

import (
	"cmp"
	"math/bits"
	"slices"
)

// bytesFor returns how many bytes an array of the shape takes whose elements
// have the given number of bits. It is false for a shape with a negative
// dimension, for one too large for any file even where another dimension is
// zero, and for one whose bits end within a byte.
func bytesFor(shape []int64, elementBits int64) (int64, bool) {
	n, empty := uint64(elementBits), false
	for _, d := range shape {
		if d < 0 {
			return 0, false
		}
		if d == 0 {
			empty = true
			continue
		}
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 {
			return 0, false
		}
		n = lo
	}
	if empty {
		return 0, true
	}
	return int64(n / 8), n%8 == 0
}

// checkLayout sees to it that the tensors follow each other from start to end of
// the data, and sorts them by where they lie. Up to slack bytes may separate
// two and follow the last, to align what comes next.
func (c *cursor) checkLayout(tensors []Tensor, start, end, slack int64) {
	slices.SortFunc(tensors, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Size, b.Size), cmp.Compare(a.Name, b.Name))
	})
	at := start
	for _, t := range tensors {
		switch field := quote("tensor", t.Name); {
		case t.Offset < at:
			c.brokenAt(t.Offset, field, "overlaps the tensor before it")
		case t.Offset-at > slack:
			c.brokenAt(at, field, "begins after %d bytes that belong to no tensor", t.Offset-at)
		case t.Size > end-t.Offset:
			c.brokenAt(t.Offset, field, "goes beyond the end of the file")
		}
		if c.err != nil {
			return
		}
		at = t.Offset + t.Size
	}
	if end-at > slack {
		c.brokenAt(at, "", "%d bytes after the last tensor belong to none", end-at)
	}
}

// names refuses those that stand twice.
type names map[string]struct{}

func (n names) add(name string) bool {
	before := len(n)
	n[name] = struct{}{}
	return len(n) > before
}
