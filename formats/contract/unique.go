package contract

import (
	"bufio"
	"cmp"
	"container/heap"
	"crypto/rand"
	"encoding/binary"
	"io"
	"os"
	"slices"

	"github.com/zeebo/blake3"
)

// inMemory is how many values of all columns that must be unique are kept in
// memory together. Each takes entryBytes there and in the file.
var inMemory = 1 << 19

const entryBytes = 24

// distinct finds values that a column has more than once. A value is kept as 16
// bytes: itself, or a hash with a random key, so that nobody can make two values
// that have the same. Sorted runs of them go to a file, to be merged.
type distinct struct {
	dir    string
	class  class
	limit  int
	hasher *blake3.Hasher

	entries []entry
	scratch []byte
	file    *os.File // nil until it is needed
	size    int64    // of the file
	runs    []int64  // where each ends
}

// An entry is a value and its row.
type entry struct {
	high, low uint64
	row       int64
}

func (e entry) compare(f entry) int {
	return cmp.Or(cmp.Compare(e.high, f.high), cmp.Compare(e.low, f.low), cmp.Compare(e.row, f.row))
}

func newDistinct(dir string, c class, limit int) *distinct {
	key := make([]byte, 32)
	rand.Read(key)
	h, err := blake3.NewKeyed(key)
	if err != nil {
		panic(err) // the key has the right length
	}
	return &distinct{dir: dir, class: c, limit: limit, hasher: h}
}

// add adds a value. All values have the same length of up to 16 bytes, or any.
func (d *distinct) add(row int64, v []byte) error {
	d.scratch = d.class.same(d.scratch[:0], v)
	var b [16]byte
	if d.class == plain || d.class == unordered || len(d.scratch) > len(b) {
		d.hasher.Reset()
		d.hasher.Write(d.scratch)
		d.hasher.Digest().Read(b[:])
	} else {
		copy(b[:], d.scratch)
	}
	d.entries = append(d.entries, entry{binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:]), row})
	if len(d.entries) < d.limit {
		return nil
	}
	return d.spill()
}

// spill writes what is in memory to the file, sorted.
func (d *distinct) spill() error {
	if d.file == nil {
		f, err := os.CreateTemp(d.dir, "cairn-unique-*")
		if err != nil {
			return err
		}
		d.file = f
		os.Remove(f.Name()) // nothing is left of it, however this process ends
	}
	slices.SortFunc(d.entries, entry.compare)
	w := bufio.NewWriterSize(d.file, 64<<10)
	for _, e := range d.entries {
		b := binary.LittleEndian.AppendUint64(w.AvailableBuffer(), e.high)
		b = binary.LittleEndian.AppendUint64(b, e.low)
		w.Write(binary.LittleEndian.AppendUint64(b, uint64(e.row)))
	}
	d.size += int64(len(d.entries)) * entryBytes
	d.runs = append(d.runs, d.size)
	d.entries = d.entries[:0]
	return w.Flush()
}

// repeated adds to b the rows whose values are those of rows before them.
func (d *distinct) repeated(b *breach) error {
	defer d.close()
	var last entry
	first := true
	var found []Example
	err := d.each(func(e entry) {
		if first || e.high != last.high || e.low != last.low {
			first, last = false, e
			return
		}
		b.set.Add(uint64(e.row))
		b.count++
		x := Example{Row: e.row + 1, SameAs: last.row + 1}
		at, _ := slices.BinarySearchFunc(found, x, func(a, b Example) int { return cmp.Compare(a.Row, b.Row) })
		if at < maxExamples {
			found = slices.Insert(found, at, x)
			found = found[:min(len(found), maxExamples)]
		}
	})
	b.examples = found
	return err
}

// each calls do for all entries in order.
func (d *distinct) each(do func(entry)) error {
	if d.file == nil {
		slices.SortFunc(d.entries, entry.compare)
		for _, e := range d.entries {
			do(e)
		}
		return nil
	}
	if len(d.entries) > 0 {
		if err := d.spill(); err != nil {
			return err
		}
	}
	d.entries = nil
	var m merge
	start := int64(0)
	buffer := max(4<<10, min(64<<10, 8<<20/len(d.runs)))
	for _, end := range d.runs {
		r := &run{in: bufio.NewReaderSize(io.NewSectionReader(d.file, start, end-start), buffer)}
		if err := r.next(); err != nil {
			return err
		}
		m = append(m, r)
		start = end
	}
	heap.Init(&m)
	for len(m) > 0 {
		do(m[0].head)
		switch err := m[0].next(); err {
		case nil:
			heap.Fix(&m, 0)
		case io.EOF:
			heap.Pop(&m)
		default:
			return err
		}
	}
	return nil
}

func (d *distinct) close() {
	if d.file != nil {
		d.file.Close()
		os.Remove(d.file.Name()) // where it could not be removed while it was open
		d.file = nil
	}
}

// A run is a sorted part of the file.
type run struct {
	in   *bufio.Reader
	head entry
}

func (r *run) next() error {
	var b [entryBytes]byte
	if _, err := io.ReadFull(r.in, b[:]); err != nil {
		return err
	}
	r.head = entry{binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:]), int64(binary.LittleEndian.Uint64(b[16:]))}
	return nil
}

// merge is a heap of runs.
type merge []*run

func (m merge) Len() int           { return len(m) }
func (m merge) Less(i, j int) bool { return m[i].head.compare(m[j].head) < 0 }
func (m merge) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *merge) Push(r any)        { *m = append(*m, r.(*run)) }
func (m *merge) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}
