package parquet

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go/format"

	"github.com/cairnstore/cairn/formats"
)

// A Projection is the plan of a Parquet file with some of the columns of another,
// the source. Their chunks are copied as they are, in the order of the source. The
// new footer says of them what a reader needs to decode them, and nothing that no
// digest proves: neither statistics, indexes and Bloom filters, nor an order of
// the rows, nor the metadata that a writer added, such as its own schema of all
// columns.
type Projection struct {
	ranges []Range
	end    int64 // of the ranges, where the footer begins
	footer []byte
}

// A Range is bytes of the source that are copied.
type Range struct {
	Offset, Length int64
	At             int64 // where they go in the new file
}

// Ranges returns what is copied, ascending and disjoint in both files. No two
// ranges are adjacent in the source.
func (p *Projection) Ranges() []Range { return p.ranges }

// Size returns the size of the new file, in bytes.
func (p *Projection) Size() int64 { return p.end + int64(len(p.footer)) }

// WriteFrame writes to w what the new file has beside the ranges: its magic number
// and its footer.
func (p *Projection) WriteFrame(w io.WriterAt) error {
	_, err := w.WriteAt([]byte(magic), 0)
	if err == nil {
		_, err = w.WriteAt(p.footer, p.end)
	}
	return err
}

// A ColumnError says that a table does not have a column that was asked for.
type ColumnError struct {
	Column string
	Have   []string // the columns that it has
}

func (e *ColumnError) Error() string {
	const most = 30
	have, more := e.Have, ""
	if len(have) > most {
		have, more = have[:most], fmt.Sprintf(" and %d more", len(have)-most)
	}
	return fmt.Sprintf("there is no column %q, but there are %s%s", e.Column, strings.Join(have, ", "), more)
}

// Project plans a file with those top-level columns of the size bytes of r that
// have the given names; one that is nested keeps all its leaves. It reads the end
// of r only, first its last 8 bytes and then the footer. A name that no column has
// is a [ColumnError]; other errors are those of [Inspect].
func Project(r io.ReaderAt, size int64, columns []string) (p *Projection, err error) {
	defer recoverTo(&err)
	f, err := open(headless{r}, size)
	if err != nil {
		return nil, err
	}
	if f.meta.EncryptionAlgorithm.Value != nil {
		return nil, formats.Unreadable("the file is encrypted")
	}
	s, err := f.choose(columns)
	if err != nil {
		return nil, err
	}
	return f.project(s)
}

// A headless file is one whose first bytes are taken for granted: they are not
// copied, and where r is far away they would cost a request.
type headless struct{ io.ReaderAt }

func (h headless) ReadAt(b []byte, off int64) (int, error) {
	if off == 0 && len(b) == len(magic) {
		return copy(b, magic), nil
	}
	return h.ReaderAt.ReadAt(b, off)
}

// A selection is the part of a schema that is kept.
type selection struct {
	elements []format.SchemaElement
	leaves   []keptLeaf
	next     int // number of the leaf that is met next
}

type keptLeaf struct {
	number int // in the source
	path   []string
}

// choose selects top-level columns by their names.
func (f *file) choose(columns []string) (*selection, error) {
	root, _, err := tree(f.meta.Schema, 0)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(root.children))
	for i, child := range root.children {
		names[i] = child.Name
	}
	for _, name := range columns {
		if !slices.Contains(names, name) {
			return nil, &ColumnError{name, names}
		}
	}
	s := &selection{elements: []format.SchemaElement{*root.SchemaElement}}
	kept := int32(0)
	for _, child := range root.children {
		keep := slices.Contains(columns, child.Name)
		s.add(child, nil, keep)
		if keep {
			kept++
		}
	}
	s.elements[0].NumChildren.Set(kept)
	if len(s.leaves) == 0 || s.next != len(f.leaves) {
		return nil, formats.Unreadable("the columns have no values")
	}
	return s, nil
}

// add goes through a node with all below it.
func (s *selection) add(n node, path []string, keep bool) {
	path = append(slices.Clip(path), n.Name)
	if keep {
		element := *n.SchemaElement
		element.FieldID = 0 // by which some readers tell columns apart, and which no digest proves
		s.elements = append(s.elements, element)
	}
	if n.Type.Valid {
		if keep {
			s.leaves = append(s.leaves, keptLeaf{s.next, path})
		}
		s.next++
	}
	for _, child := range n.children {
		s.add(child, path, keep)
	}
}

// pathBytes returns how long the paths of the leaves are together.
func (s *selection) pathBytes() (n int) {
	for _, l := range s.leaves {
		for _, name := range l.path {
			n += len(name) + 1
		}
	}
	return n
}
