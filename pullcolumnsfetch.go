package cairn

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/formats/parquet"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

const (
	tablesAtOnce = 8 // each has its footer in memory

	footerBytes = 64 << 10 // read from the end of a file; most footers are smaller
	columnBytes = 16 << 20 // that one request fetches
	columnGap   = 32 << 10 // that is fetched and thrown away rather than costing a request
)

// planColumns reads the footer of f in the store. It returns what it has read beside.
func (p *pulling) planColumns(ctx context.Context, f *layout.File, at stored, columns []string) (plan *parquet.Projection, end *ending, err error) {
	end = &ending{size: f.Size, start: f.Size, read: func(off int64, b []byte) error {
		p.meter().Expect(int64(len(b)))
		r, err := p.openRange(ctx, f, at, off, int64(len(b)))
		if err != nil {
			return err
		}
		defer r.Close()
		_, err = io.ReadFull(r, b)
		return cutOff(err, f, at)
	}}
	plan, err = parquet.Project(end, f.Size, columns)
	if end.err != nil {
		return nil, nil, end.err
	}
	if e := (*parquet.ColumnError)(nil); errors.As(err, &e) || errors.Is(err, formats.ErrUnreadable) {
		err = transfer.Corrupt(at.key, "its footer is not that of %s: %w", f.Path, err)
	}
	return plan, end, err
}

// An ending is the end of a file that is read from the store, as much as is asked
// for and at least footerBytes.
type ending struct {
	size  int64
	start int64 // of bytes
	bytes []byte
	read  func(off int64, b []byte) error
	err   error // of read
}

func (e *ending) ReadAt(b []byte, off int64) (int, error) {
	if off < e.start {
		from := max(0, min(off, e.size-footerBytes))
		bytes := make([]byte, e.start-from, e.size-from)
		if e.err = e.read(from, bytes); e.err != nil {
			return 0, e.err
		}
		e.start, e.bytes = from, append(bytes, e.bytes...)
	}
	return copy(b, e.bytes[off-e.start:]), nil
}

// fetchColumns writes the file of the plan. What its end has is not fetched again.
func (p *pulling) fetchColumns(ctx context.Context, part string, f *layout.File, at stored, plan *parquet.Projection, end *ending) error {
	w, err := p.root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	var missing []parquet.Range
	err = plan.WriteFrame(w)
	for _, r := range plan.Ranges() {
		switch {
		case err != nil:
		case r.Offset < end.start:
			missing = append(missing, r)
		default:
			_, err = w.WriteAt(end.bytes[r.Offset-end.start:][:r.Length], r.At)
		}
	}
	if err == nil {
		err = p.fetchRanges(ctx, w, f, at, missing)
	}
	return errors.Join(err, w.Close())
}

// fetchRanges writes ranges of f to their places in w.
func (p *pulling) fetchRanges(ctx context.Context, w *os.File, f *layout.File, at stored, ranges []parquet.Range) error {
	requests := requestsFor(ranges)
	for _, near := range requests {
		p.meter().Expect(extent(near))
	}
	return transfer.Each(ctx, atOnceMax, requests, func(ctx context.Context, near []parquet.Range) error {
		off := near[0].Offset
		r, err := p.openRange(ctx, f, at, off, extent(near))
		if err != nil {
			return err
		}
		defer r.Close()
		buf := make([]byte, 128<<10)
		for _, part := range near {
			_, err := io.CopyN(io.Discard, r, part.Offset-off)
			if err == nil {
				off = part.Offset + part.Length
				err = copyFull(io.NewOffsetWriter(w, part.At), r, part.Length, buf)
			}
			if err != nil {
				return cutOff(err, f, at)
			}
		}
		return nil
	})
}

// requestsFor cuts ranges that are large, and puts those that lie near each other
// into one request.
func requestsFor(ranges []parquet.Range) (requests [][]parquet.Range) {
	first, end := int64(0), int64(0) // of the last request
	for _, r := range ranges {
		for r.Length > 0 {
			n := min(r.Length, columnBytes)
			piece := parquet.Range{Offset: r.Offset, Length: n, At: r.At}
			if last := len(requests) - 1; last >= 0 && r.Offset-end <= columnGap && r.Offset+n-first <= columnBytes {
				requests[last] = append(requests[last], piece)
			} else {
				requests, first = append(requests, []parquet.Range{piece}), r.Offset
			}
			end = r.Offset + n
			r = parquet.Range{Offset: end, Length: r.Length - n, At: r.At + n}
		}
	}
	return requests
}

// extent returns the bytes of a request, those between its ranges among them.
func extent(near []parquet.Range) int64 {
	last := near[len(near)-1]
	return last.Offset + last.Length - near[0].Offset
}

func (p *pulling) openRange(ctx context.Context, f *layout.File, at stored, off, n int64) (io.ReadCloser, error) {
	r, err := p.v.repo.engine.Open(ctx, at.key, at.off+off, n)
	if errors.Is(err, fs.ErrNotExist) {
		err = transfer.Corrupt(at.key, "it is missing, and holds %s of %s", f.Path, p.v.Pin)
	}
	return r, err
}

func copyFull(w io.Writer, r io.Reader, n int64, buf []byte) error {
	got, err := io.CopyBuffer(struct{ io.Writer }{w}, io.LimitReader(r, n), buf)
	if err == nil && got < n {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// cutOff says what the end of an object means that comes too early.
func cutOff(err error, f *layout.File, at stored) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return transfer.Corrupt(at.key, "it is shorter than %s with its %d bytes", f.Path, f.Size)
	}
	return err
}
