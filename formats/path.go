package formats

import "strings"

// A Path names a leaf column: the names on the way to it, and the lists and maps
// that it passes through. Paths are built from the zero Path, which is the row:
//
//	Path{}.Field("age")                            age
//	Path{}.Field("address").Field("city")          address.city
//	Path{}.Field("tags").List()                    tags[]
//	Path{}.Field("prices").Map().Field("key")      prices{}.key
//	Path{}.Field("prices").Map().Field("value")    prices{}.value
//
// The columns below a map are always named key and value, whatever a file calls
// them. A dot, bracket, brace or backslash in a name is escaped by a backslash,
// so that two paths have the same text only if they are the same.
//
// A path also determines how the levels of its entries count; see [Hasher].
type Path struct {
	text  string
	shape string
	def   int
	rep   int
}

var escapeName = strings.NewReplacer(`\`, `\\`, `.`, `\.`, `[`, `\[`, `{`, `\{`)

// Field returns the path of the named member of p, or of the key or value of a
// map's entries.
func (p Path) Field(name string) Path {
	name = escapeName.Replace(name)
	if p.shape != "" {
		name = "." + name
	}
	return Path{p.text + name, p.shape + ".", p.def + 1, p.rep}
}

// List returns the path of the elements of p, a list.
func (p Path) List() Path { return Path{p.text + "[]", p.shape + "[]", p.def + 2, p.rep + 1} }

// Map returns the path of the entries of p, a map. Its members are the fields
// key and value.
func (p Path) Map() Path { return Path{p.text + "{}", p.shape + "{}", p.def + 1, p.rep + 1} }

// String returns the text of the path.
func (p Path) String() string { return p.text }

// MaxDefinition returns the definition level of an entry that holds a value.
func (p Path) MaxDefinition() int { return p.def }

// MaxRepetition returns the number of lists and maps in the path.
func (p Path) MaxRepetition() int { return p.rep }
