package arrow

import (
	"strings"
	"unicode/utf8"

	"github.com/cairnstore/cairn/formats"
)

// Limits of schemas. One beyond them is refused: a FlatBuffer can say the same
// part many times over, and so be far larger than its bytes.
const (
	maxFields     = 1 << 16
	maxDepth      = 48 // the library goes to 64, and counts a map as 2
	maxSchemaText = 64 << 20
)

// A kind is a type of fields by its number in the format.
type kind uint8

const (
	kindNull kind = 1 + iota
	kindInt
	kindFloat
	kindBinary
	kindString
	kindBool
	kindDecimal
	kindDate
	kindTime
	kindTimestamp
	kindInterval
	kindList
	kindStruct
	kindUnion
	kindFixed
	kindFixedList
	kindMap
	kindDuration
	kindLargeBinary
	kindLargeString
	kindLargeList
	kindRunEnd
	kindBinaryView
	kindStringView
	kindListView
	kindLargeListView
)

// A field is a field of the schema, a leaf or what has fields below it.
type field struct {
	name     string
	kind     kind
	children []*field
	size     int  // elements of each list of a fixed size
	width    int  // bits of a value, where all have the same
	union    bool // a dense one: it has offsets

	// index is how values are given as indexes into a dictionary, if they are.
	index *index

	// typ and decode are those of a leaf. A field of another word for its type and
	// a reason has no digest, nor has what is below it.
	typ    formats.Type
	decode decoder
	reason string
}

// An index is what says where in a dictionary values are.
type index struct {
	dictionary int64
	width      int // in bits
	signed     bool
}

// A schema is what the fields are, and which of them defines each dictionary.
type schema struct {
	fields       []*field
	dictionaries map[int64]*field

	// What the latest batch was compressed with, if it was.
	compressed bool
	codec      int8

	count, text int
}

func readSchema(t table) (*schema, error) {
	if t.int16(0, 0) != 0 {
		return nil, formats.Unreadable("its numbers are big-endian")
	}
	s := &schema{dictionaries: make(map[int64]*field)}
	if _, err := s.metadata(t, 2); err != nil {
		return nil, err
	}
	err := t.tables(1, func(t table) error {
		f, err := s.field(t, maxDepth)
		s.fields = append(s.fields, f)
		return err
	})
	return s, err
}

func (s *schema) field(t table, depth int) (*field, error) {
	if s.count++; s.count > maxFields {
		return nil, formats.Unreadable("there are more than %d fields", maxFields)
	}
	if depth == 0 {
		return nil, formats.Unreadable("fields are nested deeper than %d", maxDepth)
	}
	f := &field{name: t.text(0), kind: kind(t.int8(2))}
	extension, err := s.metadata(t, 6)
	if err != nil {
		return nil, err
	}
	err = t.tables(5, func(t table) error {
		child, err := s.field(t, depth-1)
		f.children = append(f.children, child)
		return err
	})
	if err != nil {
		return nil, err
	}
	parameters, ok := t.table(3)
	if !ok {
		return nil, formats.Unreadable("the field %q has no type", clip(f.name))
	}
	f.setType(parameters, extension)
	s.text += len(f.name)
	switch f.kind {
	case kindTimestamp:
		s.text += len(parameters.vector(1, 1))
	case kindUnion:
		s.text += len(parameters.vector(1, 4))
	}
	if encoding, ok := t.table(4); ok {
		f.encoded(encoding)
		s.dictionaries[f.index.dictionary] = f
	}
	return f, s.checkShape(f)
}

// metadata counts the key-value pairs of the i-th member, and returns the name of
// the extension type that they may give.
func (s *schema) metadata(t table, i int) (extension string, err error) {
	err = t.tables(i, func(t table) error {
		key, value := t.text(0), t.text(1)
		if s.text += len(key) + len(value) + 32; s.text > maxSchemaText {
			return formats.Unreadable("the schema has more than %d bytes of text", maxSchemaText)
		}
		if key == "ARROW:extension:name" {
			extension = value
		}
		return nil
	})
	return extension, err
}

func (f *field) encoded(t table) {
	f.index = &index{dictionary: t.int64(0), width: 32, signed: true}
	if integer, ok := t.table(1); ok {
		f.index.width = int(integer.int32(0, 0))
		f.index.signed = integer.int8(1) != 0
	}
	if f.reason == "" && len(f.children) > 0 || f.kind == kindNull {
		f.typ, f.reason = "dictionary", "a dictionary of what is no flat value"
	}
}

// checkShape checks what the kind says about children and sizes.
func (s *schema) checkShape(f *field) error {
	if s.text > maxSchemaText {
		return formats.Unreadable("the schema has more than %d bytes of text", maxSchemaText)
	}
	children := 0
	switch f.kind {
	case kindList, kindLargeList, kindFixedList, kindMap, kindListView, kindLargeListView:
		children = 1
	case kindRunEnd:
		children = 2
	case kindStruct, kindUnion:
		children = len(f.children)
	}
	sound := len(f.children) == children && f.size >= 0 && f.width >= 0
	if f.kind == kindMap && sound {
		entries := f.children[0]
		sound = entries.kind == kindStruct && entries.index == nil && len(entries.children) == 2
	}
	if f.index != nil {
		w := f.index.width
		sound = sound && (w == 8 || w == 16 || w == 32 || w == 64)
	}
	if !sound {
		return formats.Unreadable("the type of the field %q is broken", clip(f.name))
	}
	return nil
}

// clip returns a name that is short enough for an error.
func clip(name string) string {
	name = strings.ToValidUTF8(name, "\uFFFD")
	if len(name) <= 100 {
		return name
	}
	for n := 100; ; n-- {
		if utf8.RuneStart(name[n]) {
			return name[:n] + "…"
		}
	}
}
