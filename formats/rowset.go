package formats

import (
	"encoding/binary"
	"slices"
	"strings"
	"sync"

	"github.com/zeebo/blake3"
	"lukechampine.com/blake3/guts"
)

const (
	rowContext    = "github.com/cairnstore/cairn 2026 columnar digest 1, row"
	rowSetContext = "github.com/cairnstore/cairn 2026 columnar digest 1, set of rows"

	// rowLanes and their 16 bits are the parameters of LtHash16, which has more than
	// 200 bits of security: Lewi et al., Securing Update Propagation with Homomorphic
	// Hashing, 2019.
	rowLanes = 1024
)

var rowKey = keyOf(rowContext)

// A RowSet computes a digest of the rows of a table that does not depend on their
// order, for engines that shuffle: SPEC.md, section 7. It costs many times what
// the table's own digest does.
//
// Rows are given in parts, each of which is some rows with all their columns.
// Parts may be given by several goroutines at once.
type RowSet struct {
	columns []Column // with name and type, in the order of their names

	mu    sync.Mutex
	rows  uint64
	lanes [rowLanes]uint16
}

// NewRowSet returns a RowSet of a table with these columns, which all have a
// digest. It is nil if two have the same name: such a table has none.
func NewRowSet(columns []Column) *RowSet {
	if whyUndigested(columns) != "" {
		return nil
	}
	sorted := slices.Clone(columns)
	slices.SortFunc(sorted, func(a, b Column) int { return strings.Compare(a.Name, b.Name) })
	return &RowSet{columns: sorted}
}

// A RowSetPart is some rows of a [RowSet]: 32 bytes in memory for each.
type RowSetPart struct {
	set    *RowSet
	states []byte
}

// Part begins a part of so many rows. Its columns are to be observed, in the order
// of their names, before it is done.
func (s *RowSet) Part(rows int) *RowSetPart {
	return &RowSetPart{s, make([]byte, rows*DigestSize)}
}

// Column returns the observer of one column of the part.
func (p *RowSetPart) Column(t Type, path Path) (Observer, error) {
	f, err := t.form()
	if err != nil {
		return nil, err
	}
	return &rowObserver{part: p, form: f, path: path, row: -1, message: make([]byte, DigestSize)}, nil
}

// Done adds the rows of the part. It is an error that wraps [ErrUnreadable] if one
// of the columns had other rows than the part.
func (p *RowSetPart) Done(observers []Observer) error {
	for _, o := range observers {
		if o := o.(*rowObserver); !o.end() {
			return Unreadable("column %q has %d rows and the others have %d", o.path, o.row, len(p.states)/DigestSize)
		}
	}
	var lanes [rowLanes]uint16
	var out [guts.MaxSIMD * guts.BlockSize]byte // of the extended output at a time
	for state := range slices.Chunk(p.states, DigestSize) {
		root := rootOfShort(&rowKey, state)
		for i := range lanes {
			if i%(len(out)/2) == 0 {
				guts.CompressBlocks(&out, root)
				root.Counter += guts.MaxSIMD
			}
			lanes[i] += binary.LittleEndian.Uint16(out[2*i%len(out):])
		}
	}
	p.set.mu.Lock()
	defer p.set.mu.Unlock()
	p.set.rows += uint64(len(p.states) / DigestSize)
	for i, v := range lanes {
		p.set.lanes[i] += v
	}
	return nil
}

// Digest returns the digest of all rows that were added.
func (s *RowSet) Digest() (d Digest) {
	b := binary.LittleEndian.AppendUint64(nil, s.rows)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(s.columns)))
	for _, c := range s.columns {
		b = appendText(b, c.Name)
		b = appendText(b, string(c.Type))
	}
	for _, v := range s.lanes {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	h := blake3.NewDeriveKey(rowSetContext)
	h.Write(b)
	h.Sum(d[:0])
	return d
}

// A rowObserver folds the entries of a column into the states of their rows.
type rowObserver struct {
	part    *RowSetPart
	form    form
	path    Path
	row     int    // that the entries at hand belong to
	message []byte // room for a state, and the entries at hand
	tooMany bool
}

// Observe implements [Observer].
func (o *rowObserver) Observe(values []byte, n int, def, rep []byte) error {
	count := n
	if def != nil {
		count = len(def)
	}
	if o.form.class == classFloat {
		values = oneNaN(values, o.form.width)
	}
	maxDef := byte(o.path.MaxDefinition())
	for i := range count {
		d, r := maxDef, byte(0)
		if def != nil {
			d = def[i]
		}
		if rep != nil {
			r = rep[i]
		}
		if r == 0 {
			o.fold()
			o.row++
		}
		o.message = append(o.message, d, r)
		if d == maxDef {
			size := o.form.width
			if size == 0 {
				size = cut(values)
			}
			o.message = append(o.message, values[:size]...)
			values = values[size:]
		}
	}
	return nil
}

// fold ends a row.
func (o *rowObserver) fold() {
	if o.row < 0 {
		return
	}
	at := o.row * DigestSize
	if at >= len(o.part.states) {
		o.tooMany = true
		return
	}
	state := o.part.states[at:][:DigestSize]
	copy(o.message, state)
	if len(o.message) <= guts.ChunkSize {
		putWords(state, rootOfShort(&rowKey, o.message))
	} else {
		h := blake3.NewDeriveKey(rowContext)
		h.Write(o.message)
		h.Sum(state[:0])
	}
	o.message = o.message[:DigestSize]
}

// end reports whether the column had as many rows as the part.
func (o *rowObserver) end() bool {
	o.fold()
	o.row++
	return !o.tooMany && o.row*DigestSize == len(o.part.states)
}
