package arrow

import (
	"context"
	"errors"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// splitRows is how many rows are parted at a time, which bounds the memory beside
// that of a batch.
const splitRows = 1 << 16

// SplitIPC parts the rows of what [InspectIPC] takes. Both parts have its schema and
// compression, and are a file or a stream as it is. A table without rows makes no
// files.
func SplitIPC(ctx context.Context, r io.ReaderAt, size int64, to *Split) (err error) {
	s := &source{ctx: ctx, r: r, size: size}
	defer s.settle(&err)
	schema, next, err := openIPC(s)
	if err != nil {
		return err
	}
	for _, f := range schema.fields {
		if f.name == ReasonColumn {
			return errReasonColumn
		}
	}
	start, err := s.bytes(0, min(s.size, alignment))
	if err != nil {
		return err
	}
	p := &ipcSplit{Split: to, source: s, schema: schema, isFile: string(start[:min(len(start), len(fileMagic))]) == fileMagic}
	for {
		batch, err := next()
		if err == io.EOF {
			return p.close()
		}
		if err != nil {
			return err
		}
		for from := int64(0); from < batch.NumRows(); from += splitRows {
			part := batch.NewSlice(from, min(from+splitRows, batch.NumRows()))
			if err := p.add(part); err != nil {
				return err
			}
			part.Release()
		}
		batch.Release()
	}
}

// An ipcSplit is a Split on its way.
type ipcSplit struct {
	*Split
	source *source
	schema *schema
	isFile bool
	row    int64

	good, bad *ipcWriter
}

// add parts the rows of a batch.
func (p *ipcSplit) add(batch arrow.Record) error {
	var good, bad []span
	var reasons []string
	for i := range batch.NumRows() {
		reason := p.Reason(p.row)
		p.row++
		if reason == "" {
			good = extend(good, i)
			continue
		}
		bad = extend(bad, i)
		reasons = append(reasons, reason)
	}
	if p.Good != nil {
		if err := p.write(&p.good, p.Good, batch, good, nil); err != nil {
			return err
		}
	}
	return p.write(&p.bad, p.Bad, batch, bad, reasons)
}

// A span is some rows that follow one another.
type span struct{ from, to int64 }

func extend(spans []span, row int64) []span {
	if n := len(spans); n > 0 && spans[n-1].to == row {
		spans[n-1].to++
		return spans
	}
	return append(spans, span{row, row + 1})
}

// write writes the rows of some spans, and why they are bad.
func (p *ipcSplit) write(w **ipcWriter, to io.Writer, batch arrow.Record, spans []span, reasons []string) error {
	isBad := w == &p.bad
	if *w == nil {
		schema := batch.Schema()
		if isBad {
			fields := append(schema.Fields(), arrow.Field{Name: ReasonColumn, Type: arrow.BinaryTypes.String})
			schema = arrow.NewSchemaWithEndian(fields, nil, schema.Endianness())
		}
		var err error
		if *w, err = p.newWriter(to, schema); err != nil {
			return err
		}
	}
	if len(spans) == 0 {
		return nil
	}
	var rows int64
	for _, s := range spans {
		rows += s.to - s.from
	}
	var columns []arrow.Array
	for _, column := range batch.Columns() {
		taken, err := take(column, spans)
		if err != nil {
			return err
		}
		columns = append(columns, taken)
	}
	if isBad {
		b := array.NewStringBuilder(memory.DefaultAllocator)
		b.AppendValues(reasons, nil)
		columns = append(columns, b.NewArray())
	}
	out := array.NewRecord((*w).schema, columns, rows)
	defer out.Release()
	for _, column := range columns {
		column.Release()
	}
	return (*w).Write(out)
}

// take copies the rows of some spans.
func take(column arrow.Array, spans []span) (arrow.Array, error) {
	var parts []arrow.Array
	for _, s := range spans {
		part := array.NewSlice(column, s.from, s.to)
		defer part.Release()
		parts = append(parts, part)
	}
	return array.Concatenate(parts, memory.DefaultAllocator)
}

// An ipcWriter writes a file or a stream.
type ipcWriter struct {
	recordWriter
	schema *arrow.Schema
	out    *sink
}

type recordWriter interface {
	Write(arrow.Record) error
	Close() error
}

func (p *ipcSplit) newWriter(to io.Writer, schema *arrow.Schema) (w *ipcWriter, err error) {
	w = &ipcWriter{schema: schema, out: p.source.sink(to)}
	options := []ipc.Option{ipc.WithSchema(schema), ipc.WithCompressConcurrency(1)}
	switch {
	case p.schema.compressed && p.schema.codec == 0:
		options = append(options, ipc.WithLZ4())
	case p.schema.compressed:
		options = append(options, ipc.WithZstd())
	}
	if !p.isFile {
		w.recordWriter = ipc.NewWriter(w.out, options...)
		return w, nil
	}
	w.recordWriter, err = ipc.NewFileWriter(&position{Writer: w.out}, options...)
	return w, err
}

func (p *ipcSplit) close() error {
	for _, w := range []*ipcWriter{p.good, p.bad} {
		if w == nil {
			continue
		}
		if err := w.Close(); err != nil {
			return err
		}
		w.out.flush()
	}
	return p.source.err
}

// position is a writer that tells how much was written, which is all that the
// writer of a file seeks for.
type position struct {
	io.Writer
	n int64
}

func (p *position) Write(b []byte) (int, error) {
	n, err := p.Writer.Write(b)
	p.n += int64(n)
	return n, err
}

func (p *position) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekCurrent {
		return 0, errors.ErrUnsupported
	}
	return p.n, nil
}
