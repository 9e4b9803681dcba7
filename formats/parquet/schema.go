package parquet

import (
	"slices"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/cairnstore/cairn/formats"
)

const maxSchemaNesting = 64

// A leaf is a leaf column of the schema.
type leaf struct {
	path     formats.Path
	typ      formats.Type
	reason   string // why there is no digest, if so
	physical format.Type
	length   int // of values of type FIXED_LEN_BYTE_ARRAY
	convert  conversion

	maxDef, maxRep int
	// norm turns definition levels as declared to those of package formats; all
	// that are above maxDef turn to invalid.
	norm [256]byte
}

// invalid is a definition level that no column has.
const invalid = 255

// A node is an element of the schema with those below it.
type node struct {
	*format.SchemaElement
	children []node
}

// schemaOf returns the leaf columns, in the order of their chunks.
func schemaOf(elements []format.SchemaElement) (*schema, error) {
	root, rest, err := tree(elements, 0)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 || root.Type.Valid {
		return nil, formats.Unreadable("the schema is not a tree")
	}
	s := &schema{}
	for _, child := range root.children {
		s.member(child, child.Name, formats.Path{}, levels{norm: []byte{0}})
	}
	return s, nil
}

// tree takes one element with all below it from the front of the elements.
func tree(elements []format.SchemaElement, depth int) (n node, rest []format.SchemaElement, err error) {
	if len(elements) == 0 || depth > maxSchemaNesting {
		return n, nil, formats.Unreadable("the schema is cut off, or nested more than %d times", maxSchemaNesting)
	}
	n, rest = node{SchemaElement: &elements[0]}, elements[1:]
	if n.Type.Valid {
		return n, rest, nil
	}
	for range n.NumChildren.V {
		var child node
		if child, rest, err = tree(rest, depth+1); err != nil {
			return n, nil, err
		}
		n.children = append(n.children, child)
	}
	return n, rest, nil
}

// levels says what declared levels mean: norm[d] is the level in which everything
// is counted, for an entry of declared level d. The last one is not known yet:
// it is set where the next thing that may be absent, or the leaf, is met.
type levels struct {
	norm []byte
	rep  int
}

// absent returns the levels below something whose absence has the given level.
func (l levels) absent(level int) levels {
	norm := slices.Clone(l.norm)
	norm[len(norm)-1] = byte(min(level, invalid))
	return levels{append(norm, 0), l.rep}
}

func (l levels) repeated(level int) levels {
	l = l.absent(level)
	l.rep++
	return l
}

// A schema collects leaves.
type schema struct {
	leaves []leaf
	empty  []formats.Column // structs without members, which have no chunks
	reason string           // why the leaves below have no digest, if so
}

// member adds the leaves of a member of the group at p.
func (s *schema) member(n node, name string, p formats.Path, l levels) {
	at := p.Field(name)
	switch n.RepetitionType.V {
	case format.Optional:
		l = l.absent(p.MaxDefinition())
	case format.Repeated: // without annotation: a list that is there, of elements that are
		l = l.repeated(at.MaxDefinition())
		at = at.List()
	}
	s.content(n, at, l)
}

// content adds the leaves of a node whose own presence is accounted for.
func (s *schema) content(n node, p formats.Path, l levels) {
	switch {
	case n.Type.Valid:
		s.leaf(n, p, l)
	case n.isList():
		s.list(n, p, l)
	case n.isMap():
		s.mapping(n, p, l)
	case isVariant(n):
		s.refuse("variant has no canonical form", n, p, l)
	case len(n.children) == 0:
		s.empty = append(s.empty, formats.Undigested(p, "struct", "a struct without members has no canonical form"))
	default:
		s.members(n, p, l)
	}
}

func (s *schema) members(n node, p formats.Path, l levels) {
	for _, child := range n.children {
		s.member(child, child.Name, p, l)
	}
}

// refuse adds the leaves of a group that gets no digest, as members.
func (s *schema) refuse(reason string, n node, p formats.Path, l levels) {
	outer := s.reason
	if s.reason == "" {
		s.reason = reason
	}
	s.members(n, p, l)
	s.reason = outer
}

// list adds the leaves of a list. The repeated node below it is the element
// itself or a group around it, as the format's rules for old files say.
func (s *schema) list(n node, p formats.Path, l levels) {
	if len(n.children) != 1 || n.children[0].RepetitionType.V != format.Repeated {
		s.refuse("its list is malformed", n, p, l)
		return
	}
	repeated := n.children[0]
	l = l.repeated(p.MaxDefinition())
	p = p.List()
	if isElement(repeated, n.Name) {
		s.content(repeated, p, l)
		return
	}
	element := repeated.children[0]
	if element.RepetitionType.V == format.Optional {
		l = l.absent(p.MaxDefinition() - 1)
	}
	s.content(element, p, l)
}

func isElement(repeated node, list string) bool {
	return repeated.Type.Valid || len(repeated.children) != 1 ||
		repeated.Name == "array" || repeated.Name == list+"_tuple" ||
		repeated.isList() || repeated.isMap() ||
		repeated.children[0].RepetitionType.V == format.Repeated
}

// mapping adds the leaves of a map. Its key and value are the first and the
// second node of an entry.
func (s *schema) mapping(n node, p formats.Path, l levels) {
	if len(n.children) != 1 || n.children[0].RepetitionType.V != format.Repeated ||
		len(n.children[0].children) < 1 || len(n.children[0].children) > 2 {
		s.refuse("its map is malformed", n, p, l)
		return
	}
	l = l.repeated(p.MaxDefinition())
	p = p.Map()
	for i, child := range n.children[0].children {
		s.member(child, []string{"key", "value"}[i], p, l)
	}
}

func (s *schema) leaf(n node, p formats.Path, l levels) {
	c := leaf{
		path:     p,
		physical: n.Type.V,
		length:   int(n.TypeLength.V),
		reason:   s.reason,
		maxDef:   len(l.norm) - 1,
		maxRep:   l.rep,
	}
	for i := range c.norm {
		c.norm[i] = invalid
	}
	copy(c.norm[:], l.norm[:c.maxDef])
	c.norm[c.maxDef] = byte(p.MaxDefinition())
	var reason string
	c.typ, c.convert, reason = typeOf(n.SchemaElement)
	if c.reason == "" {
		c.reason = reason
	}
	if p.MaxDefinition() >= invalid {
		c.reason = "it is nested too deeply"
	}
	s.leaves = append(s.leaves, c)
}

func (n node) isList() bool {
	if v := n.LogicalType.Value; v != nil {
		_, ok := v.(*format.ListType)
		return ok
	}
	return n.ConvertedType.Valid && n.ConvertedType.V == deprecated.List
}

func (n node) isMap() bool {
	if v := n.LogicalType.Value; v != nil {
		_, ok := v.(*format.MapType)
		return ok
	}
	return n.ConvertedType.Valid && (n.ConvertedType.V == deprecated.Map || n.ConvertedType.V == deprecated.MapKeyValue)
}

func isVariant(n node) bool {
	_, ok := n.LogicalType.Value.(*format.VariantType)
	return ok
}
