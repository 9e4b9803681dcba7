package arrow

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/cairnstore/cairn/formats"
)

const (
	fileMagic    = "ARROW1"
	featherMagic = "FEA1"
	trailerBytes = 4 + len(fileMagic) // the length of the footer, and the magic
	continuation = 0xffffffff
	alignment    = 8
)

// InspectIPC returns what the table in the size bytes of r is. These are an Arrow
// IPC file, which is also Feather version 2, or an IPC stream. Feather version 1
// is refused.
//
// A column whose type is not supported has no digest, and says why; then the table
// has none either. If the bytes are none of these formats, or broken, the error
// wraps [formats.ErrUnreadable]. Errors of r, of observers and of the context are returned as they are.
//
// One batch is held in memory at a time, and the dictionaries. Options may be nil.
func InspectIPC(ctx context.Context, r io.ReaderAt, size int64, o *IPCOptions) (t *formats.Table, err error) {
	if o == nil {
		o = &IPCOptions{}
	}
	s := &source{ctx: ctx, r: r, size: size, observe: o.Observe}
	defer s.settle(&err)
	schema, next, err := openIPC(s)
	if err != nil {
		return nil, err
	}
	s.sketchFew(o.Sketch, schema.count)
	columns, err := newColumns(s, schema.fields)
	if err != nil {
		return nil, err
	}
	for {
		batch, err := next()
		if err == io.EOF {
			return columns.table()
		}
		if err != nil {
			return nil, err
		}
		err = columns.add(batch)
		batch.Release()
		if err != nil {
			return nil, err
		}
	}
}

// openIPC returns the schema, and a function that returns the batches one by one
// and then io.EOF.
func openIPC(s *source) (*schema, func() (arrow.Record, error), error) {
	start, err := s.bytes(0, min(s.size, alignment))
	if err != nil {
		return nil, nil, err
	}
	switch {
	case bytes.HasPrefix(start, []byte(featherMagic)):
		return nil, nil, formats.Unreadable("Feather version 1 is not supported: write it again as version 2, which is Arrow IPC")
	case bytes.HasPrefix(start, []byte(fileMagic)):
		return openFile(s)
	default:
		return openStream(s)
	}
}

// openFile goes by the footer. Each message is checked before the library reads it.
func openFile(s *source) (*schema, func() (arrow.Record, error), error) {
	footer, end, err := readFooter(s)
	if err != nil {
		return nil, nil, err
	}
	root := rootTable(footer)
	t, ok := root.table(1)
	if !ok {
		return nil, nil, formats.Unreadable("its footer has no schema")
	}
	schema, err := readSchema(t)
	if err != nil {
		return nil, nil, err
	}
	dictionaries, err := readBlocks(root.vector(2, 24), end)
	if err != nil {
		return nil, nil, err
	}
	batches, err := readBlocks(root.vector(3, 24), end)
	if err != nil {
		return nil, nil, err
	}
	for _, b := range dictionaries {
		if err := b.check(s, schema, headerDictionary); err != nil {
			return nil, nil, err
		}
	}
	r, err := ipc.NewFileReader(io.NewSectionReader(s, 0, s.size), ipc.WithFooterOffset(s.size))
	if err != nil {
		return nil, nil, err
	}
	i := 0
	return schema, func() (arrow.Record, error) {
		if i == len(batches) {
			return nil, io.EOF
		}
		if err := batches[i].check(s, schema, headerBatch); err != nil {
			return nil, err
		}
		i++
		return r.RecordAt(i - 1)
	}, nil
}

// readFooter returns the footer and where it begins.
func readFooter(s *source) (footer []byte, start int64, err error) {
	trailer, err := s.bytes(s.size-int64(trailerBytes), int64(trailerBytes))
	if err != nil {
		return nil, 0, err
	}
	if string(trailer[4:]) != fileMagic {
		return nil, 0, formats.Unreadable("it begins as an Arrow file and does not end as one")
	}
	n := int64(binary.LittleEndian.Uint32(trailer))
	start = s.size - int64(trailerBytes) - n
	if start < alignment {
		return nil, 0, formats.Unreadable("its footer claims %d bytes", n)
	}
	footer, err = s.bytes(start, n)
	return footer, start, err
}

// A block is where a message of a file lies.
type block struct{ offset, meta, body int64 }

// readBlocks reads a list of blocks, which must follow one another before end: so
// a file cannot have one read many times.
func readBlocks(b []byte, end int64) ([]block, error) {
	var blocks []block
	for start := int64(alignment); len(b) > 0; b = b[24:] {
		k := block{
			offset: int64(binary.LittleEndian.Uint64(b)),
			meta:   int64(int32(binary.LittleEndian.Uint32(b[8:]))),
			body:   int64(binary.LittleEndian.Uint64(b[16:])),
		}
		if k.offset < start || k.offset > end || k.meta < alignment || k.body < 0 || k.body > end || k.offset+k.meta > end-k.body {
			return nil, formats.Unreadable("a block of its footer is where none can be")
		}
		start = k.offset + k.meta + k.body
		blocks = append(blocks, k)
	}
	return blocks, nil
}

func (b block) check(s *source, schema *schema, header int) error {
	meta, err := s.bytes(b.offset, b.meta)
	if err != nil {
		return err
	}
	prefix := 4
	if binary.LittleEndian.Uint32(meta) == continuation {
		prefix = 8
	}
	m, err := readMessage(meta[prefix:])
	if err != nil {
		return err
	}
	if m.header != header || m.body != b.body {
		return formats.Unreadable("a message is not what the footer says")
	}
	return m.check(schema, io.NewSectionReader(s, b.offset+b.meta, b.body))
}

// openStream reads messages one after the other.
func openStream(s *source) (*schema, func() (arrow.Record, error), error) {
	m := &messages{source: s}
	r, err := ipc.NewReaderFromMessageReader(m)
	if m.err != nil {
		err = m.err
	}
	if err != nil {
		return nil, nil, err
	}
	return m.schema, func() (arrow.Record, error) {
		if r.Next() {
			batch := r.Record()
			batch.Retain()
			return batch, nil
		}
		if m.err != nil {
			return nil, m.err
		}
		if r.Err() != nil {
			return nil, r.Err()
		}
		return nil, io.EOF
	}, nil
}

// messages gives the messages of a stream to the library. It keeps the first
// error, since the library takes some for the end.
type messages struct {
	*source
	pos    int64
	schema *schema
	err    error
}

func (m *messages) Retain()  {}
func (m *messages) Release() {}

func (m *messages) Message() (*ipc.Message, error) {
	meta, body, err := m.message()
	if err != nil && err != io.EOF {
		m.err = err
	}
	if err != nil {
		return nil, err
	}
	return ipc.NewMessage(memory.NewBufferBytes(meta), memory.NewBufferBytes(body)), nil
}

func (m *messages) message() (meta, body []byte, err error) {
	if meta, err = m.meta(); err != nil {
		return nil, nil, err
	}
	header, err := readMessage(meta)
	if err != nil {
		return nil, nil, err
	}
	if body, err = m.bytes(m.pos, header.body); err != nil {
		return nil, nil, err
	}
	m.pos += header.body
	if (header.header == headerSchema) != (m.schema == nil) {
		return nil, nil, formats.Unreadable("a stream has one schema, at its beginning")
	}
	if header.header == headerSchema {
		if m.schema, err = readSchema(header.content); err != nil {
			return nil, nil, err
		}
	}
	return meta, body, header.check(m.schema, bytes.NewReader(body))
}

// meta reads what comes before the body of the next message. It is io.EOF at the
// end, which is marked or that of the bytes.
func (m *messages) meta() ([]byte, error) {
	if m.pos == m.size && m.schema != nil {
		return nil, io.EOF
	}
	n, err := m.number()
	if err == nil && n == continuation {
		n, err = m.number()
	}
	if err != nil {
		return nil, err
	}
	if n == 0 {
		if m.pos != m.size {
			return nil, formats.Unreadable("there are bytes after the end of the stream")
		}
		return nil, io.EOF
	}
	b, err := m.bytes(m.pos, int64(n))
	m.pos += int64(n)
	return b, err
}

func (m *messages) number() (uint32, error) {
	b, err := m.bytes(m.pos, 4)
	if err != nil {
		return 0, err
	}
	m.pos += 4
	return binary.LittleEndian.Uint32(b), nil
}
