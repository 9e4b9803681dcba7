package parquet

import (
	"cmp"
	"context"
	"errors"
	"io"
	"runtime"
	"sync"

	"github.com/zeebo/blake3"

	"github.com/cairnstore/cairn/formats"
)

// maxOpen bounds how many columns are read side by side, and so the memory for
// what is known of each so far.
const maxOpen = 64

// scan reads all leaf columns. It goes through the file from front to back, one
// row group after the other and in each one column after the other, so that the
// file can be read once. Workers run ahead of each other by whole chunks.
func (f *file) scan(ctx context.Context, o *Options) ([]formats.Column, error) {
	var columns []formats.Column
	for start := 0; start < len(f.leaves); start += maxOpen {
		part, err := f.scanSome(ctx, o, start, min(start+maxOpen, len(f.leaves)))
		if err != nil {
			return nil, err
		}
		columns = append(columns, part...)
	}
	return columns, nil
}

// scanSome reads the leaf columns from start to end.
func (f *file) scanSome(ctx context.Context, o *Options, start, end int) ([]formats.Column, error) {
	open := make([]*column, end-start)
	for i := range open {
		var err error
		if open[i], err = f.newColumn(start+i, o); err != nil {
			return nil, err
		}
	}
	workers := cmp.Or(o.Workers, runtime.GOMAXPROCS(0))
	tasks := len(f.meta.RowGroups) * len(open)
	err := parallel(ctx, workers, tasks, func(ctx context.Context, task int) (err error) {
		defer recoverTo(&err)
		return open[task%len(open)].readNext(ctx, f, task/len(open), o.Chunk)
	})
	if err != nil {
		return nil, err
	}
	columns := make([]formats.Column, len(open))
	for i, c := range open {
		columns[i] = c.describe()
	}
	return columns, nil
}

// parallel calls do for the numbers of tasks in their order until one fails, and
// returns the first error.
func parallel(ctx context.Context, workers, tasks int, do func(ctx context.Context, task int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	next := 0
	var wg sync.WaitGroup
	for range min(workers, tasks) {
		wg.Go(func() {
			for ctx.Err() == nil {
				mu.Lock()
				task := next
				next++
				mu.Unlock()
				if task >= tasks {
					return
				}
				if err := do(ctx, task); err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// A column is a leaf column while it is read.
type column struct {
	*leaf
	number int
	hasher *formats.Hasher // nil if the type has no canonical form
	reason string          // why there is no digest, if so

	observer formats.Observer

	mu    sync.Mutex
	turn  *sync.Cond
	group int // that is to be read next

	// Of the row group that is being read.
	*buffers
	dictionary *formats.Dictionary
	rows       int64
}

func (f *file) newColumn(i int, o *Options) (*column, error) {
	c := &column{leaf: &f.leaves[i], number: i, reason: f.leaves[i].reason}
	c.turn = sync.NewCond(&c.mu)
	if c.reason != "" {
		return c, nil
	}
	var err error
	if c.hasher, err = formats.NewHasher(c.typ, c.path); err != nil {
		return nil, err
	}
	if o.Sketch {
		c.hasher.Sketch()
	}
	if o.Observe == nil {
		return c, nil
	}
	c.observer, err = o.Observe(c.typ, c.path)
	if err == nil && c.observer != nil {
		c.hasher.Observe(c.observer)
	}
	return c, err
}

// readNext reads row group g when the one before has been read.
func (c *column) readNext(ctx context.Context, f *file, g int, tell func(Chunk)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.group != g {
		c.turn.Wait()
	}
	defer func() {
		c.group++
		c.turn.Broadcast()
	}()
	if reason := f.unreachable(g, c.number); reason != "" {
		c.reason = cmp.Or(c.reason, reason)
		return nil
	}
	chunk := f.chunkAt(g, c.number)
	source := io.Reader(io.NewSectionReader(f.r, chunk.Offset, f.end-chunk.Offset))
	if tell == nil {
		return c.readPages(ctx, f, g, source)
	}
	h := &rangeHasher{source: source, left: chunk.Length, hash: blake3.New()}
	err := c.readPages(ctx, f, g, h)
	if err == nil {
		chunk.Digest, err = h.sum()
	}
	if err == nil {
		tell(chunk)
	}
	return err
}

// readPages reads the pages of a row group, unless there will be no digest.
func (c *column) readPages(ctx context.Context, f *file, g int, source io.Reader) error {
	if c.reason != "" || c.hasher.Refused() {
		return nil
	}
	c.buffers, _ = f.idle.Get().(*buffers)
	if c.buffers == nil {
		c.buffers = new(buffers)
	}
	defer f.idle.Put(c.buffers)
	err := c.rowGroup(ctx, f, g, source)
	switch {
	case errors.Is(err, errUnsupported):
		c.reason = err.Error()
		return nil
	case errors.Is(err, formats.ErrUnreadable):
		return formats.Unreadable("column %q in row group %d: %w", c.path, g, err)
	}
	return err
}

// describe ends the column.
func (c *column) describe() formats.Column {
	if c.reason != "" {
		return formats.Undigested(c.path, c.typ, c.reason)
	}
	return c.hasher.Column()
}

// A rangeHasher hashes the first bytes of what is read from it.
type rangeHasher struct {
	source io.Reader
	left   int64
	hash   *blake3.Hasher
}

func (h *rangeHasher) Read(p []byte) (int, error) {
	n, err := h.source.Read(p)
	k := min(int64(n), h.left)
	h.hash.Write(p[:k])
	h.left -= k
	return n, err
}

// sum reads what is left of the range.
func (h *rangeHasher) sum() (digest [32]byte, err error) {
	_, err = io.CopyN(io.Discard, h, h.left)
	h.hash.Sum(digest[:0])
	return digest, err
}
