package tables

import (
	"context"
	"errors"
	"fmt"
	"io"

	parquetgo "github.com/parquet-go/parquet-go"

	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/formats/arrow"
)

// groupBytes is about how many bytes of values a row group of a part has: a
// writer keeps one in memory.
const groupBytes = 4 << 20

const batchRows = 256

// splitParquet goes by rows, as parquet-go reads and writes them.
func splitParquet(ctx context.Context, r io.ReaderAt, size int64, to *arrow.Split) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = formats.Unreadable("hostile or broken file: %v", p)
		}
	}()
	f, err := parquetgo.OpenFile(r, size, parquetgo.SkipPageIndex(true), parquetgo.SkipBloomFilters(true))
	if err != nil {
		return formats.Unreadable("%w", err)
	}
	for _, field := range f.Root().Fields() {
		if field.Name() == arrow.ReasonColumn {
			return formats.Unreadable("it has a column %s itself", arrow.ReasonColumn)
		}
	}
	bad := newRowWriter(to.Bad, withReason(f.Root()), nil)
	var good *rowWriter
	if to.Good != nil {
		good = newRowWriter(to.Good, f.Schema(), metadata(f))
	}
	row := int64(0)
	for _, group := range f.RowGroups() {
		err := eachRow(ctx, group, func(values parquetgo.Row) error {
			reason := to.Reason(row)
			row++
			if reason == "" {
				return good.write(values)
			}
			text := parquetgo.ValueOf(reason).Level(0, 0, len(f.Schema().Columns()))
			return bad.write(append(values[:len(values):len(values)], text))
		})
		if err != nil {
			return err
		}
	}
	return errors.Join(good.close(), bad.close())
}

func eachRow(ctx context.Context, group parquetgo.RowGroup, do func(parquetgo.Row) error) error {
	rows := group.Rows()
	defer rows.Close()
	batch := make([]parquetgo.Row, batchRows)
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		n, err := rows.ReadRows(batch)
		for _, row := range batch[:n] {
			if err := do(row); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading rows: %w", err)
		}
	}
}

// metadata returns what else a file says of itself.
func metadata(f *parquetgo.File) map[string]string {
	all := make(map[string]string)
	for _, kv := range f.Metadata().KeyValueMetadata {
		all[kv.Key] = kv.Value
	}
	return all
}

// reasoned is the root of a schema with one more column.
type reasoned struct {
	parquetgo.Node
	fields []parquetgo.Field
}

func (r reasoned) Fields() []parquetgo.Field { return r.fields }

func withReason(root parquetgo.Node) *parquetgo.Schema {
	reason := parquetgo.Group{arrow.ReasonColumn: parquetgo.String()}.Fields()
	fields := root.Fields()
	return parquetgo.NewSchema("schema", reasoned{root, append(fields[:len(fields):len(fields)], reason...)})
}

// A rowWriter writes rows in groups that do not take much memory.
type rowWriter struct {
	w    *parquetgo.GenericWriter[any]
	size int // of the values of the group
}

func newRowWriter(to io.Writer, schema *parquetgo.Schema, metadata map[string]string) *rowWriter {
	config := &parquetgo.WriterConfig{Schema: schema, KeyValueMetadata: metadata}
	return &rowWriter{w: parquetgo.NewGenericWriter[any](to, config)}
}

func (w *rowWriter) write(row parquetgo.Row) error {
	if w == nil {
		return nil
	}
	if _, err := w.w.WriteRows([]parquetgo.Row{row}); err != nil {
		return err
	}
	for _, v := range row {
		w.size += 8
		if k := v.Kind(); k == parquetgo.ByteArray || k == parquetgo.FixedLenByteArray {
			w.size += len(v.ByteArray())
		}
	}
	if w.size < groupBytes {
		return nil
	}
	w.size = 0
	return w.w.Flush()
}

func (w *rowWriter) close() error {
	if w == nil {
		return nil
	}
	return w.w.Close()
}
