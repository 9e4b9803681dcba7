package parquet

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/cairnstore/cairn/formats"
)

// The structures of a new footer have the fields that are written, and no others:
// those of package format would write statistics even where there are none.
type (
	newFooter struct {
		Version   int32                              `thrift:"1,required"`
		Schema    thrift.Slice[format.SchemaElement] `thrift:"2,required"`
		NumRows   int64                              `thrift:"3,required"`
		RowGroups thrift.Slice[newRowGroup]          `thrift:"4,required"`
		CreatedBy string                             `thrift:"6,optional"`
	}
	newRowGroup struct {
		Columns             thrift.Slice[newChunk] `thrift:"1,required"`
		TotalByteSize       int64                  `thrift:"2,required"`
		NumRows             int64                  `thrift:"3,required"`
		FileOffset          int64                  `thrift:"5,optional"`
		TotalCompressedSize int64                  `thrift:"6,optional"`
	}
	newChunk struct {
		FileOffset int64       `thrift:"2,required"`
		MetaData   newMetaData `thrift:"3,optional"`
	}
	newMetaData struct {
		Type                  format.Type                   `thrift:"1,required"`
		Encoding              thrift.Slice[format.Encoding] `thrift:"2,required"`
		PathInSchema          thrift.Slice[string]          `thrift:"3,required"`
		Codec                 format.CompressionCodec       `thrift:"4,required"`
		NumValues             int64                         `thrift:"5,required"`
		TotalUncompressedSize int64                         `thrift:"6,required"`
		TotalCompressedSize   int64                         `thrift:"7,required"`
		DataPageOffset        int64                         `thrift:"9,required"`
		DictionaryPageOffset  int64                         `thrift:"11,optional"`
	}
)

// project plans the file of the selection.
func (f *file) project(s *selection) (*Projection, error) {
	if n := s.pathBytes(); n > maxFooterBytes/max(1, len(f.meta.RowGroups)) {
		return nil, formats.Unreadable("the names of the columns are too long for %d row groups", len(f.meta.RowGroups))
	}
	footer := &newFooter{
		Version:   f.meta.Version,
		Schema:    s.elements,
		NumRows:   f.rows,
		RowGroups: make([]newRowGroup, len(f.meta.RowGroups)),
		CreatedBy: f.meta.CreatedBy,
	}
	var chunks []*newChunk // with their offsets in the source, at first
	for g := range footer.RowGroups {
		if err := f.newRowGroup(&footer.RowGroups[g], g, s); err != nil {
			return nil, err
		}
		for i := range footer.RowGroups[g].Columns {
			chunks = append(chunks, &footer.RowGroups[g].Columns[i])
		}
	}
	p := &Projection{end: int64(len(magic))}
	if err := p.place(chunks); err != nil {
		return nil, err
	}
	for g := range footer.RowGroups {
		footer.RowGroups[g].FileOffset = footer.RowGroups[g].Columns[0].FileOffset
	}
	return p, p.encode(footer)
}

func (f *file) newRowGroup(group *newRowGroup, g int, s *selection) error {
	group.NumRows = f.meta.RowGroups[g].NumRows
	group.Columns = make([]newChunk, len(s.leaves))
	for i, l := range s.leaves {
		if reason := f.unreachable(g, l.number); reason != "" {
			return formats.Unreadable("column %q in row group %d: %s", f.leaves[l.number].path, g, reason)
		}
		c := f.chunk(g, l.number)
		group.TotalByteSize += c.TotalUncompressedSize
		group.TotalCompressedSize += c.TotalCompressedSize
		if c.TotalUncompressedSize < 0 || group.TotalByteSize < 0 || group.TotalCompressedSize < 0 {
			return formats.Unreadable("column %q in row group %d has %d bytes", f.leaves[l.number].path, g, c.TotalUncompressedSize)
		}
		first := chunkOffset(c)
		if c.DataPageOffset-first > c.TotalCompressedSize {
			return formats.Unreadable("column %q in row group %d has its values elsewhere", f.leaves[l.number].path, g)
		}
		group.Columns[i] = newChunk{FileOffset: first, MetaData: newMetaData{
			Type:                  c.Type,
			Encoding:              c.Encoding,
			PathInSchema:          l.path,
			Codec:                 c.Codec,
			NumValues:             c.NumValues,
			TotalUncompressedSize: c.TotalUncompressedSize,
			TotalCompressedSize:   c.TotalCompressedSize,
			DataPageOffset:        c.DataPageOffset,
		}}
		if first < c.DataPageOffset {
			group.Columns[i].MetaData.DictionaryPageOffset = first
		}
	}
	return nil
}

// place gives the chunks their places in the new file, one right after the other in
// the order of the source, and collects what is to be copied.
func (p *Projection) place(chunks []*newChunk) error {
	slices.SortStableFunc(chunks, func(a, b *newChunk) int { return cmp.Compare(a.FileOffset, b.FileOffset) })
	copied := int64(0) // end of what is copied, in the source
	for _, c := range chunks {
		m := &c.MetaData
		offset, n := c.FileOffset, m.TotalCompressedSize
		shift := p.end - offset
		c.FileOffset += shift
		m.DataPageOffset += shift
		if m.DictionaryPageOffset > 0 {
			m.DictionaryPageOffset += shift
		}
		switch {
		case n == 0:
			continue
		case offset < copied:
			return formats.Unreadable("column %q shares the %d bytes at %d with another", m.PathInSchema, n, offset)
		case offset == copied:
			p.ranges[len(p.ranges)-1].Length += n
		default:
			p.ranges = append(p.ranges, Range{offset, n, p.end})
		}
		copied = offset + n
		p.end += n
	}
	return nil
}

func (p *Projection) encode(footer *newFooter) error {
	b, err := thrift.Marshal(new(thrift.CompactProtocol), footer)
	if err != nil {
		return err
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(b)))
	p.footer = append(b, magic...)
	return nil
}
