package model

import (
	"iter"
	"unicode/utf8"
)

// Wire types of protocol buffers. The other two, groups, no model has.
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

// A field is one of a message in protocol buffers, read up to its value.
type field struct {
	num   uint64
	wire  uint64
	value uint64 // of a varint
	size  int64  // of what is to follow else
}

// fields yields the fields of the message that ends at end. What the loop does
// not read of a field is skipped.
func (c *cursor) fields(end int64) iter.Seq[field] {
	return func(yield func(field) bool) {
		for c.err == nil && c.off < end {
			f := c.field()
			next := c.off + f.size
			if c.err == nil && next > end {
				c.broken("", "field %d goes beyond the message that it is in", f.num)
			}
			if c.err != nil || !yield(f) {
				return
			}
			c.skip(next - c.off)
		}
	}
}

func (c *cursor) field() field {
	tag := c.varint()
	f := field{num: tag >> 3, wire: tag & 7}
	switch f.wire {
	case wireVarint:
		f.value = c.varint()
	case wire64:
		f.size = 8
	case wire32:
		f.size = 4
	case wireBytes:
		if f.size = int64(c.varint()); !c.has(f.size) {
			f.size = 0
		}
	default:
		c.broken("", "field %d has the wire type %d", f.num, f.wire)
	}
	if f.num == 0 || f.num >= 1<<29 {
		c.broken("", "there is no field %d", f.num)
	}
	return f
}

// varint reads a number of 1 to 10 bytes, 7 bits in each.
func (c *cursor) varint() uint64 {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		b := c.u8()
		if shift == 63 && b > 1 {
			break
		}
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	c.broken("", "a number has more than 64 bits")
	return 0
}

// integer returns the value of a varint.
func (c *cursor) integer(f field) int64 {
	c.want(f, wireVarint)
	return int64(f.value)
}

// integers reads a repeated integer, which is one varint or many together.
func (c *cursor) integers(f field, list []int64, limit int) []int64 {
	if f.wire == wireVarint {
		list = append(list, int64(f.value))
	} else if end := c.message(f); c.err == nil {
		for c.err == nil && c.off < end && len(list) <= limit {
			list = append(list, int64(c.varint()))
		}
	}
	if len(list) > limit {
		c.broken("", "field %d has more than %d values", f.num, limit)
	}
	return list
}

// message returns where a message ends that is the value of f.
func (c *cursor) message(f field) int64 {
	c.want(f, wireBytes)
	return c.off + f.size
}

// name reads a text that is kept whole.
func (c *cursor) name(f field) string {
	c.want(f, wireBytes)
	s := c.text(f.size, maxName)
	if !utf8.ValidString(s) {
		c.broken("", "field %d is not UTF-8", f.num)
	}
	return s
}

// prose reads a text, and of a long one as much as is ever shown.
func (c *cursor) prose(f field) string {
	c.want(f, wireBytes)
	return c.text(min(f.size, maxValue+1), maxValue+1)
}

func (c *cursor) want(f field, wire uint64) {
	if f.wire != wire {
		c.broken("", "field %d has the wire type %d, not %d", f.num, f.wire, wire)
	}
}
