package parquet

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/cairnstore/cairn/formats"
)

const (
	magic          = "PAR1"
	encryptedMagic = "PARE"
	tailBytes      = 8 // length of the footer, magic
	maxFooterBytes = 64 << 20
)

// A file is the footer of a Parquet file, checked, and the leaf columns in it.
type file struct {
	r    io.ReaderAt
	end  int64 // of the pages, where the footer begins
	meta format.FileMetaData
	schema
	rows int64
	idle sync.Pool // of *buffers
}

func open(r io.ReaderAt, size int64) (f *file, err error) {
	defer recoverTo(&err)
	footer, err := readFooter(r, size)
	if err != nil {
		return nil, err
	}
	if err := checkFooter(footer); err != nil {
		return nil, err
	}
	f = &file{r: r, end: size - tailBytes - int64(len(footer))}
	if err := thrift.Unmarshal(new(thrift.CompactProtocol), footer, &f.meta); err != nil {
		return nil, formats.Unreadable("footer: %w", err)
	}
	s, err := schemaOf(f.meta.Schema)
	if err != nil {
		return nil, err
	}
	f.schema = *s
	return f, f.checkRowGroups()
}

// readFooter takes no memory but for a footer that fits into the file.
func readFooter(r io.ReaderAt, size int64) ([]byte, error) {
	if size < int64(len(magic)+tailBytes) {
		return nil, formats.Unreadable("%d bytes are too few for a Parquet file", size)
	}
	var head [len(magic)]byte
	var tail [tailBytes]byte
	if err := readAt(r, head[:], 0); err != nil {
		return nil, err
	}
	if err := readAt(r, tail[:], size-tailBytes); err != nil {
		return nil, err
	}
	if string(tail[4:]) == encryptedMagic {
		return nil, formats.Unreadable("the footer is encrypted")
	}
	if string(head[:]) != magic || string(tail[4:]) != magic {
		return nil, formats.Unreadable("the file does not begin and end with %s", magic)
	}
	length := int64(binary.LittleEndian.Uint32(tail[:]))
	if length > size-int64(len(magic)+tailBytes) {
		return nil, formats.Unreadable("a footer of %d bytes does not fit into a file of %d", length, size)
	}
	if length > maxFooterBytes {
		return nil, formats.Unreadable("a footer of %d bytes is longer than %d", length, maxFooterBytes)
	}
	footer := make([]byte, length)
	return footer, readAt(r, footer, size-tailBytes-length)
}

func readAt(r io.ReaderAt, b []byte, offset int64) error {
	if n, err := r.ReadAt(b, offset); n < len(b) {
		return fmt.Errorf("parquet: reading %d bytes at %d: %w", len(b), offset, err)
	}
	return nil
}

func (f *file) chunk(group, leaf int) *format.ColumnMetaData {
	return &f.meta.RowGroups[group].Columns[leaf].MetaData
}

// checkRowGroups checks what the footer says of the row groups against the
// schema and the size of the file. The number of rows that it gives for the file
// is not looked at: some writers leave it out.
func (f *file) checkRowGroups() error {
	for g := range f.meta.RowGroups {
		group := &f.meta.RowGroups[g]
		if len(group.Columns) != len(f.leaves) {
			return formats.Unreadable("row group %d has %d columns and the schema %d", g, len(group.Columns), len(f.leaves))
		}
		if group.NumRows < 0 || f.rows+group.NumRows < f.rows {
			return formats.Unreadable("row group %d has %d rows", g, group.NumRows)
		}
		f.rows += group.NumRows
		for i := range group.Columns {
			if err := f.checkChunk(g, i); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *file) checkChunk(g, i int) error {
	c, leaf := f.chunk(g, i), &f.leaves[i]
	if f.unreachable(g, i) != "" {
		return nil
	}
	if c.Type != leaf.physical {
		return formats.Unreadable("column %q is %s in row group %d and %s in the schema", leaf.path, c.Type, g, leaf.physical)
	}
	offset := chunkOffset(c)
	if offset < int64(len(magic)) || c.TotalCompressedSize < 0 || c.TotalCompressedSize > f.end-offset {
		return formats.Unreadable("column %q in row group %d does not lie within the file", leaf.path, g)
	}
	if c.NumValues < 0 || leaf.path.MaxRepetition() == 0 && c.NumValues != f.meta.RowGroups[g].NumRows {
		return formats.Unreadable("column %q has %d values in row group %d", leaf.path, c.NumValues, g)
	}
	return nil
}

// unreachable says why the pages of a chunk cannot be read, if so.
func (f *file) unreachable(g, i int) string {
	switch c := &f.meta.RowGroups[g].Columns[i]; {
	case c.FilePath != "":
		return "its pages are in another file"
	case c.CryptoMetadata.Value != nil || c.EncryptedColumnMetadata != nil:
		return "it is encrypted"
	}
	return ""
}

// chunkOffset returns where the first page of a chunk begins.
func chunkOffset(c *format.ColumnMetaData) int64 {
	if d := c.DictionaryPageOffset; d > 0 && d < c.DataPageOffset {
		return d
	}
	return c.DataPageOffset
}
