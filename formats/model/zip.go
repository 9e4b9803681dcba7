package model

import (
	"cmp"
	"compress/flate"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a zip.
const (
	maxEntries   = 1 << 16
	maxEntryName = 512  // bytes
	maxDeflate   = 1032 // bytes that deflate makes of one at most
)

// What the records of a zip begin with, and lengths of some.
const (
	zipLocal     = 0x04034b50
	zipCentral   = 0x02014b50
	zipEnd       = 0x06054b50
	zip64End     = 0x06064b50
	zip64Locator = 0x07064b50

	zipEndSize       = 22
	zip64EndSize     = 56
	zip64LocatorSize = 20
	maxDescriptor    = 24 // of the optional record after the bytes of an entry
)

// Parts of the records.
const (
	zipEncrypted = 1 // a flag
	zipDeflated  = 8 // a method
	zip64Extra   = 1 // the kind of an extra field
)

// A zipEntry is a file in a zip.
type zipEntry struct {
	name     string
	deflated bool
	start    int64 // of the record before its bytes
	off      int64 // of its bytes
	packed   int64 // how many they are
	size     int64 // what they inflate to
}

// A zipDirectory says where the entries of a zip are listed.
type zipDirectory struct {
	entries, size, off int64
	end                int64 // of the directory, by the records after it
}

// zip lists the entries, in the order of the file. It is stricter than other
// readers, to find what all of them find: the last record ends the file, the
// directory comes right before, no two names are the same but for case, what
// precedes an entry says the same as the directory, and every byte belongs to one
// entry.
func (f *file) zip(format string) ([]zipEntry, error) {
	c := f.cursor(format, max(0, f.size-zipEndSize), f.size)
	d := f.zipEnd(c)
	if c.err != nil {
		return nil, c.err
	}
	c = f.cursor(format, d.off, d.off+d.size)
	seen := make(names)
	var list []zipEntry
	for range d.entries {
		e := c.zipEntry()
		if !seen.add(strings.ToLower(e.name)) {
			c.broken(quote("entry", e.name), "stands twice")
		}
		if c.err != nil {
			return nil, c.err
		}
		list = append(list, e)
	}
	if !c.atEnd() {
		c.broken("directory", "has more than the %d entries it should", d.entries)
	}
	if c.err != nil {
		return nil, c.err
	}
	return list, f.placeEntries(format, list, d.off)
}

// zipEnd reads the last record.
func (f *file) zipEnd(c *cursor) zipDirectory {
	at := c.off
	mark := c.u32()
	c.skip(6)
	d := zipDirectory{entries: int64(c.u16()), size: int64(c.u32()), off: int64(c.u32()), end: at}
	if comment := c.u16(); mark != zipEnd || comment != 0 {
		c.brokenAt(at, "", "a zip must end with its last record, without a comment")
	}
	if c.err == nil {
		f.zip64End(c, &d)
	}
	if d.entries > maxEntries || d.size > maxHeader {
		c.brokenAt(at, "directory", "has more than %d entries or %d bytes", maxEntries, maxHeader)
	}
	if d.off < 0 || d.size < 0 || d.off != d.end-d.size {
		c.brokenAt(at, "directory", "does not end where the last records begin")
	}
	return d
}

// zip64End reads the two records that large files have before the last one.
func (f *file) zip64End(last *cursor, d *zipDirectory) {
	at := d.end - zip64LocatorSize - zip64EndSize
	if at < 0 {
		return
	}
	c := f.cursor(last.format, at, d.end)
	mark := c.u32()
	c.skip(28)
	entries, size, off := c.length(), c.length(), c.length()
	locator := c.u32()
	c.skip(4)
	end := c.length()
	if last.err = c.err; c.err != nil || locator != zip64Locator {
		return
	}
	if mark != zip64End || end != at || !agrees(d.entries, entries, math.MaxUint16) ||
		!agrees(d.size, size, math.MaxUint32) || !agrees(d.off, off, math.MaxUint32) {
		last.brokenAt(at, "", "the records for large files do not agree with the last one")
	}
	*d = zipDirectory{entries: entries, size: size, off: off, end: at}
}

// agrees compares a number with the larger one that replaces it if it is full.
func agrees(small, large, full int64) bool { return small == large || small == full }

// zipEntry reads one entry of the directory.
func (c *cursor) zipEntry() zipEntry {
	mark := c.u32()
	c.skip(4)
	flags, method := c.u16(), c.u16()
	c.skip(8)
	e := zipEntry{deflated: method == zipDeflated, packed: int64(c.u32()), size: int64(c.u32())}
	nameSize, extraSize, commentSize := c.u16(), c.u16(), c.u16()
	c.skip(8)
	e.start = int64(c.u32())
	e.name = c.text(int64(nameSize), maxEntryName)
	if mark != zipCentral || badEntryName(e.name) {
		c.broken(quote("entry", e.name), "is no entry, or has a name that no model has")
	}
	c.zip64Extra(int64(extraSize), &e.size, &e.packed, &e.start)
	c.skip(int64(commentSize))
	switch {
	case flags&zipEncrypted != 0 || method != 0 && !e.deflated:
		c.broken(quote("entry", e.name), "is encrypted, or compressed by an unusual method")
	case !e.deflated && e.size != e.packed:
		c.broken(quote("entry", e.name), "has %d bytes that are stored as %d", e.size, e.packed)
	case e.size/maxDeflate > e.packed:
		c.broken(quote("entry", e.name), "%d bytes cannot inflate to %d", e.packed, e.size)
	}
	return e
}

// zip64Extra reads the extra fields, in one of which stand the numbers that are
// too large for their own place.
func (c *cursor) zip64Extra(n int64, numbers ...*int64) {
	end := c.off + n
	if !c.has(n) {
		return
	}
	for c.err == nil && end-c.off >= 4 {
		kind, next := c.u16(), int64(c.u16())
		next += c.off
		if next > end {
			c.broken("extra field", "goes beyond its entry")
		}
		for _, number := range numbers {
			if kind == zip64Extra && *number == math.MaxUint32 && c.off+8 <= next {
				*number = c.length()
			}
		}
		c.skip(next - c.off)
	}
	c.skip(end - c.off)
}

// badEntryName reports what could be the same as another name, or a path.
func badEntryName(name string) bool {
	return name == "" || !utf8.ValidString(name) || climbs(name) || strings.Contains(name, `\`)
}

// placeEntries finds the bytes of the entries, before the directory at end.
func (f *file) placeEntries(format string, list []zipEntry, end int64) error {
	slices.SortFunc(list, func(a, b zipEntry) int { return cmp.Compare(a.start, b.start) })
	free := int64(0)
	for i := range list {
		e := &list[i]
		if e.start < free || e.start > end {
			return broken(format, free, quote("entry", e.name), "overlaps another, or the directory")
		}
		if e.start-free > maxDescriptor || i == 0 && e.start > 0 {
			return broken(format, free, quote("entry", e.name), "begins after %d bytes that belong to none", e.start-free)
		}
		c := f.cursor(format, e.start, end)
		c.zipLocal(e)
		if !c.has(e.packed) {
			return c.err
		}
		e.off = c.off
		free = e.off + e.packed
	}
	if end-free > maxDescriptor {
		return broken(format, free, "", "%d bytes belong to no entry", end-free)
	}
	return nil
}

// zipLocal reads the record before the bytes of an entry.
func (c *cursor) zipLocal(e *zipEntry) {
	mark := c.u32()
	c.skip(4)
	method := c.u16()
	c.skip(16)
	nameSize, extraSize := int64(c.u16()), int64(c.u16())
	name := c.text(nameSize, maxEntryName)
	if mark != zipLocal || name != e.name || (method == zipDeflated) != e.deflated {
		c.broken(quote("entry", e.name), "is not what the directory says")
	}
	c.skip(extraSize)
}

// open reads what the bytes of an entry stand for.
func (e *zipEntry) open(f *file, format string) *cursor {
	if !e.deflated {
		return f.cursor(format, e.off, e.off+e.packed)
	}
	return f.inflating(format, e.off, e.off+e.packed, e.size, func(r io.Reader) (io.Reader, error) {
		return flate.NewReader(r), nil
	})
}
