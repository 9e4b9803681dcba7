package model

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	npyMagic     = "\x93NUMPY"
	maxNpyHeader = 64 << 10 // bytes; NumPy reads 10,000 unless told
)

// inspectNpy reads one array and nothing after it.
func inspectNpy(f *file) (*Model, error) {
	p := &pickles{}
	c := f.cursor(Npy, 0, f.size)
	version := c.npyVersion()
	t := c.npy(version, "", p)
	if c.err != nil {
		return nil, c.err
	}
	m := &Model{Format: Npy, Version: version, Tensors: []Tensor{t}}
	m.take(p)
	return m, nil
}

// npyVersion reads what an array begins with.
func (c *cursor) npyVersion() string {
	magic := c.text(int64(len(npyMagic)), maxName)
	major, minor := c.u8(), c.u8()
	if magic != npyMagic || major < 1 || major > 3 || minor != 0 {
		c.broken("version", "is not that of an array of NumPy")
	}
	return fmt.Sprintf("%d.%d", major, minor)
}

// npy reads the rest of an array, which is all up to the end. Elements that are
// Python objects are pickled, and p walks the pickle.
func (c *cursor) npy(version, name string, p *pickles) Tensor {
	header := c.npyHeader(version)
	t := Tensor{Name: name, DType: header.descr, Shape: header.shape, Fortran: header.fortran}
	if c.err != nil {
		return t
	}
	if header.element.object {
		p.walk(c)
		return t
	}
	size, ok := bytesFor(t.Shape, 8*header.element.size)
	if !ok || size != c.end-c.off {
		c.broken("shape", "%d × %s are not the %d bytes that follow", t.Shape, clip(t.DType, 100), c.end-c.off)
	}
	t.Size = size
	if c.jump != nil {
		t.Offset = c.off
	}
	return t
}

type npyHeader struct {
	descr   string
	element npyElement
	shape   []int64
	fortran bool
}

// npyHeader reads the length and the text of a header.
func (c *cursor) npyHeader(version string) npyHeader {
	n := int64(0)
	if version == "1.0" {
		n = int64(c.u16())
	} else {
		n = int64(c.u32())
	}
	start := c.off
	text := c.text(n, maxNpyHeader)
	if version != "3.0" {
		text = fromLatin1(text)
	}
	if !utf8.ValidString(text) {
		c.broken("header", "is not UTF-8")
	}
	h, reason := parseNpyHeader(text)
	if reason != "" {
		c.brokenAt(start, "header", "%s", reason)
	}
	return h
}

func fromLatin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

// parseNpyHeader reads the dict of a header, or says what is wrong with it.
func parseNpyHeader(text string) (h npyHeader, reason string) {
	p := &literalParser{text: text}
	members, ok := p.value().(dict)
	if p.next(""); p.reason != "" {
		return h, p.reason
	}
	if !ok || p.at < len(text) || len(members) != 3 {
		return h, "is not one dict of three members"
	}
	shape, ok := members["shape"].(tuple)
	if h.shape = lengths(shape); !ok || h.shape == nil {
		return h, "has no shape that is a tuple of lengths"
	}
	if h.fortran, ok = members["fortran_order"].(bool); !ok {
		return h, "has no fortran_order that is a boolean"
	}
	if h.element, ok = npyElementOf(members["descr"]); !ok {
		return h, "has no descr that is a known type"
	}
	h.descr = spell(members["descr"])
	return h, ""
}

// lengths returns the integers of a tuple, nil if it holds anything else or too
// many.
func lengths(values tuple) []int64 {
	if len(values) > maxRank {
		return nil
	}
	shape := make([]int64, len(values))
	for i, v := range values {
		n, ok := v.(int64)
		if !ok {
			return nil
		}
		shape[i] = n
	}
	return shape
}

// An npyElement is what a type says of the elements of an array.
type npyElement struct {
	size   int64 // bytes
	object bool  // it is or holds a Python object
}

var npyScalar = regexp.MustCompile(`^(?:[<>|]([?biufcSVU])([0-9]{1,9})|[<>]([mM])8(?:\[[0-9A-Za-z/]{1,16}\])?|\|(O)8?)$`)

// npyElementOf reads a type: the name of a scalar one, or the list of fields of
// a structured one.
func npyElementOf(descr literal) (npyElement, bool) {
	switch descr := descr.(type) {
	case string:
		return npyScalarOf(descr)
	case list:
		var sum npyElement
		for _, f := range descr {
			field, ok := npyFieldOf(f)
			if !ok || field.size > maxNpyElement {
				return sum, false
			}
			sum.size += field.size
			sum.object = sum.object || field.object
		}
		return sum, sum.size <= maxNpyElement
	}
	return npyElement{}, false
}

// maxNpyElement is the largest element that NumPy has, in bytes.
const maxNpyElement = 1<<31 - 1

func npyScalarOf(descr string) (npyElement, bool) {
	parts := npyScalar.FindStringSubmatch(descr)
	switch {
	case parts == nil:
		return npyElement{}, false
	case parts[3] != "":
		return npyElement{size: 8}, true // a date or a duration
	case parts[4] != "":
		return npyElement{object: true}, true
	}
	size, err := strconv.ParseInt(parts[2], 10, 64)
	if parts[1] == "U" {
		size *= 4
	}
	return npyElement{size: size}, err == nil && size <= maxNpyElement
}

// npyFieldOf reads a field of a structured type: a tuple of its name, or title
// and name, its type, and the shape of it if it is an array.
func npyFieldOf(f literal) (npyElement, bool) {
	parts, ok := f.(tuple)
	if !ok || len(parts) < 2 || len(parts) > 3 {
		return npyElement{}, false
	}
	element, ok := npyElementOf(parts[1])
	if !ok || len(parts) == 2 {
		return element, ok
	}
	dims, isTuple := parts[2].(tuple)
	shape := lengths(dims)
	size, fits := bytesFor(append(shape, element.size), 8)
	return npyElement{size, element.object}, isTuple && shape != nil && fits
}

// spell writes a type in one way, however the header spaces it.
func spell(descr literal) string {
	if name, ok := descr.(string); ok {
		return name
	}
	var b strings.Builder
	spellInto(&b, descr)
	return b.String()
}

func spellInto(b *strings.Builder, v literal) {
	switch v := v.(type) {
	case list:
		spellAll(b, "[", v, "]")
	case tuple:
		spellAll(b, "(", v, ")")
	case string:
		b.WriteString(strconv.Quote(v))
	default:
		fmt.Fprint(b, v)
	}
}

func spellAll(b *strings.Builder, opening string, values []literal, closing string) {
	b.WriteString(opening)
	for i, v := range values {
		if i > 0 {
			b.WriteString(", ")
		}
		spellInto(b, v)
	}
	b.WriteString(closing)
}
