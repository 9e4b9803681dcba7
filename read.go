package cairn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
	"github.com/cairnstore/cairn/store/transfer/pack"
)

// atOnceMax bounds the requests, and the files, that are in work at one time.
const atOnceMax = 32

// A content is what several files of a version may share: bytes, and what is known
// of them.
type content struct {
	source Source // of the first such file
	sum    transfer.Sum
	ranges []layout.Range
}

// file says of the first file with these bytes what the manifest says.
func (c *content) file(table *layout.Table) layout.File {
	return layout.File{Path: c.source.Path, Size: c.sum.Size, Digest: c.sum.Digest, Table: table}
}

// read names every file, looks into it, and stores those whose bytes the base does
// not have. Files are read on all cores; uploads of earlier ones go on meanwhile.
func (w *publishing) read(ctx context.Context) error {
	if err := w.survey(); err != nil {
		return err
	}
	cores := make(chan struct{}, runtime.GOMAXPROCS(0))
	return sideBySide(ctx,
		func(ctx context.Context) error {
			return transfer.Each(ctx, atOnceMax, w.largestFirst(), func(ctx context.Context, i int32) error { return w.readLarge(ctx, i, cores) })
		},
		func(ctx context.Context) error { return w.packAll(ctx, cores, !w.ReuseEqual) })
}

// sideBySide does two things side by side; the first failure cancels the other.
func sideBySide(ctx context.Context, a, b func(context.Context) error) error {
	return transfer.Each(ctx, 2, []func(context.Context) error{a, b}, func(ctx context.Context, f func(context.Context) error) error { return f(ctx) })
}

// survey puts the files in the order of the manifest, and finds out which are small
// and many enough to be packed.
func (w *publishing) survey() error {
	slices.SortFunc(w.Files, func(a, b Source) int { return cmp.Compare(a.Path, b.Path) })
	w.files = make([]layout.File, len(w.Files))
	for i, s := range w.Files {
		st, err := os.Stat(s.File)
		if err != nil {
			return err
		}
		w.files[i] = layout.File{Path: s.Path, Size: st.Size()}
		w.r.options.Meter.Expect(st.Size())
		if st.Size() < pack.MaxFile {
			w.small = append(w.small, int32(i))
		}
	}
	if len(w.small) < pack.MinFiles {
		w.small = nil
	}
	return nil
}

// largestFirst lists the files that are not packed. Ending with small ones keeps all
// requests busy to the end.
func (w *publishing) largestFirst() []int32 {
	var large []int32
	small := w.small
	for i := range w.files {
		if len(small) > 0 && small[0] == int32(i) {
			small = small[1:]
			continue
		}
		large = append(large, int32(i))
	}
	slices.SortStableFunc(large, func(a, b int32) int { return cmp.Compare(w.files[b].Size, w.files[a].Size) })
	return large
}

// readLarge names a file and stores it.
func (w *publishing) readLarge(ctx context.Context, i int32, cores chan struct{}) error {
	s := w.Files[i]
	f, err := os.Open(s.File)
	if err != nil {
		return err
	}
	defer f.Close()
	id, err := identify(f)
	if err != nil {
		return err
	}
	cores <- struct{}{}
	c, table, err := w.r.name(ctx, s, f, w.formerly(s.Path), max(1, cap(cores)/len(w.Files)))
	<-cores
	if err != nil {
		return err
	}
	if err := id.unchanged(); err != nil {
		return err
	}
	w.files[i] = c.file(table)
	switch first := w.claim(c); {
	case w.ReuseEqual: // stored later, if at all
	case first:
		err = w.upload(ctx, c, f)
	default:
		w.r.options.Meter.Reuse(c.sum.Size)
	}
	if changed := id.unchanged(); changed != nil {
		return changed
	}
	return err
}

// claim notes a content, and reports whether it is the first with its bytes.
func (w *publishing) claim(c *content) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.large[c.sum.Digest]; ok {
		return false
	}
	w.large[c.sum.Digest] = c
	return true
}

// formerly returns what the version before has under that path, or nil.
func (w *publishing) formerly(path string) *layout.File {
	if w.before == nil {
		return nil
	}
	had := w.before.Manifest.Files
	i, ok := slices.BinarySearchFunc(had, path, func(f layout.File, path string) int { return cmp.Compare(f.Path, path) })
	if !ok {
		return nil
	}
	return &had[i]
}

// name says what a file is and holds. It is read once: by Inspect, or to name its
// bytes. If these may be the former ones, they are named first, as that is faster
// than looking into them. A large file is named on so many cores.
func (r *Repo) name(ctx context.Context, s Source, f *os.File, former *layout.File, cores int) (c *content, table *layout.Table, err error) {
	st, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	c, started := &content{source: s}, time.Now()
	if former != nil && former.Table != nil && former.Size == st.Size() {
		if c.sum, err = r.sum(ctx, s, f, cores); err != nil || c.sum.Digest == former.Digest {
			return c, former.Table, err
		}
	}
	in, err := r.inspect(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case !in.Sum.Digest.IsZero():
		c.sum = in.Sum
		r.options.Meter.Named(c.sum.Size)
		r.remember(f.Name(), st, started, c.sum)
	case c.sum.Digest.IsZero():
		if c.sum, err = r.sum(ctx, s, f, cores); err != nil {
			return nil, nil, err
		}
	}
	c.ranges = in.Ranges
	return c, in.Table, nil
}

// inspect looks into a file. What it returns is not nil.
func (r *Repo) inspect(ctx context.Context, s Source) (*Inspected, error) {
	if r.options.Inspect == nil {
		return new(Inspected), nil
	}
	in, err := r.options.Inspect(ctx, s.File)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", s.File, err)
	case in == nil:
		return new(Inspected), nil
	}
	return in, nil
}

// sum names the bytes of a file, or remembers what they were named.
func (r *Repo) sum(ctx context.Context, s Source, f *os.File, cores int) (transfer.Sum, error) {
	st, err := f.Stat()
	if err != nil {
		return transfer.Sum{}, err
	}
	if sum, ok := r.remembered(f.Name(), st); ok {
		return sum, nil
	}
	started := time.Now()
	const large = 16 << 20
	var sum transfer.Sum
	if cores > 1 && st.Size() >= large {
		sum, err = transfer.SumFile(ctx, r.options.Meter.HashingAt(f), st.Size(), cores)
	} else {
		sum, err = transfer.SumOf(ctx, r.options.Meter.Hashing(io.NewSectionReader(f, 0, 1<<63-1)))
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return sum, errChanged(s)
	case err != nil:
		return sum, fmt.Errorf("reading %s: %w", s.File, err)
	}
	r.remember(f.Name(), st, started, sum)
	return sum, nil
}
