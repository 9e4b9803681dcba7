package parquet

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/cairnstore/cairn/formats"
)

const (
	// maxPageBytes bounds the memory of a page. Pages have about 1 MiB.
	maxPageBytes = 1 << 30

	// maxPageEntries bounds the memory for numbers that take no bytes in a file.
	maxPageEntries = 1 << 24

	// maxRatio bounds what a page decompresses to, if that is more than maxAtOnce:
	// a small file must not take much memory.
	maxRatio  = 1100
	maxAtOnce = 16 << 20

	readBytes      = 64 << 10
	maxHeaderBytes = 16 << 20
)

var (
	errTooManyEntries = fmt.Errorf("a page of more than %d values is %w", maxPageEntries, errUnsupported)
	errTooDense       = fmt.Errorf("a page of more than %d bytes that takes less than 1/%d of them is %w", maxAtOnce, maxRatio, errUnsupported)
)

// A page is what a column needs of a page. data is valid until the next one.
type page struct {
	isDictionary bool
	encoding     format.Encoding
	entries      int
	rep, def     levelSource
	data         []byte

	// In v2 the levels are not compressed, and the values are decompressed when
	// the levels are gone from data.
	reader   *pageReader
	wantSize int // of the values; -1 if they are not compressed
}

// A pageReader reads the pages of one column chunk after the other.
type pageReader struct {
	source   *bufio.Reader
	left     int64 // bytes up to the end of all pages in the file
	codec    compress.Codec
	protocol thrift.CompactProtocol

	stored, inflated []byte
}

// reset begins with a chunk. The size that the footer declares for it is only a
// hint: old writers left the dictionary out of it. What ends a chunk is its number
// of values.
func (r *pageReader) reset(source io.Reader, left int64, codec format.CompressionCodec) error {
	r.left = left
	if r.source == nil {
		r.source = bufio.NewReaderSize(source, readBytes)
	} else {
		r.source.Reset(source)
	}
	r.codec = parquetgo.LookupCompressionCodec(codec)
	switch codec {
	case format.Uncompressed:
		r.codec = nil
	case format.Snappy, format.Gzip, format.Brotli, format.Zstd, format.Lz4Raw:
	default:
		return fmt.Errorf("compression %s is %w", codec, errUnsupported)
	}
	return nil
}

// next returns the next page of values or dictionary.
func (r *pageReader) next() (page, error) {
	for {
		h, err := r.header()
		if err != nil {
			return page{}, err
		}
		if h.CompressedPageSize < 0 || int64(h.CompressedPageSize) > r.left {
			return page{}, formats.Unreadable("a page of %d bytes does not fit into the file", h.CompressedPageSize)
		}
		if h.UncompressedPageSize < 0 || h.UncompressedPageSize > maxPageBytes {
			return page{}, formats.Unreadable("a page of %d bytes", h.UncompressedPageSize)
		}
		if h.Type == format.IndexPage {
			if err := r.read(int(h.CompressedPageSize)); err != nil {
				return page{}, err
			}
			continue
		}
		p, err := r.page(h)
		if err == nil && p.entries < 0 {
			err = formats.Unreadable("a page of %d values", p.entries)
		}
		return p, err
	}
}

func (r *pageReader) page(h *format.PageHeader) (page, error) {
	if err := r.read(int(h.CompressedPageSize)); err != nil {
		return page{}, err
	}
	if h.CRC != 0 && crc32.ChecksumIEEE(r.stored) != uint32(h.CRC) {
		return page{}, formats.Unreadable("the checksum of a page is wrong")
	}
	p := page{data: r.stored, reader: r, wantSize: -1}
	switch {
	case h.Type == format.DictionaryPage && h.DictionaryPageHeader.Valid:
		d := h.DictionaryPageHeader.V
		p.isDictionary, p.encoding, p.entries = true, d.Encoding, int(d.NumValues)
	case h.Type == format.DataPage && h.DataPageHeader.Valid:
		d := h.DataPageHeader.V
		p.encoding, p.entries = d.Encoding, int(d.NumValues)
		p.rep.encoding, p.def.encoding = d.RepetitionLevelEncoding, d.DefinitionLevelEncoding
	case h.Type == format.DataPageV2 && h.DataPageHeaderV2.Valid:
		return p, p.v2(h)
	default:
		return p, formats.Unreadable("a page of type %s without its header", h.Type)
	}
	if r.codec == nil {
		return p, nil
	}
	p.wantSize = int(h.UncompressedPageSize)
	err := p.decompress()
	return p, err
}

func (p *page) v2(h *format.PageHeader) error {
	d := h.DataPageHeaderV2.V
	p.encoding, p.entries = d.Encoding, int(d.NumValues)
	p.rep = levelSource{v2: true, size: int(d.RepetitionLevelsByteLength)}
	p.def = levelSource{v2: true, size: int(d.DefinitionLevelsByteLength)}
	if p.rep.size < 0 || p.def.size < 0 || p.rep.size+p.def.size > int(h.UncompressedPageSize) {
		return formats.Unreadable("the levels of a page are cut off")
	}
	if p.reader.codec != nil && (!d.IsCompressed.Valid || d.IsCompressed.V) {
		p.wantSize = int(h.UncompressedPageSize) - p.rep.size - p.def.size
	}
	return nil
}

// decompress replaces the data by what it decompresses to, if it is compressed.
func (p *page) decompress() (err error) {
	if p.wantSize < 0 {
		return nil
	}
	p.data, err = p.reader.inflate(p.data, p.wantSize)
	p.wantSize = -1
	return err
}

// read reads the next n bytes into r.stored.
func (r *pageReader) read(n int) error {
	if cap(r.stored) < n {
		r.stored = make([]byte, n, roundUp(n))
	}
	r.stored = r.stored[:n]
	_, err := io.ReadFull(r.source, r.stored)
	r.left -= int64(n)
	return readError(err)
}

func roundUp(n int) int { return (n + 1<<16) &^ (1<<16 - 1) }

// readError names the end of the file as what it is: the file is as long as the
// caller said, so it was cut while it was read.
func readError(err error) error {
	if err != nil {
		return fmt.Errorf("parquet: reading a page: %w", err)
	}
	return nil
}

// header reads a page header. It is decoded from bytes that are there, since the
// decoder takes memory for what the bytes declare; most are within the first try.
func (r *pageReader) header() (*format.PageHeader, error) {
	for size := 1 << 10; ; size *= 8 {
		if size > readBytes && r.source.Size() < size {
			r.source = bufio.NewReaderSize(r.source, size)
		}
		b, err := r.source.Peek(int(min(int64(size), r.left)))
		if err != nil {
			return nil, readError(err)
		}
		t := r.protocol.NewReaderFromBytes(b)
		h := new(format.PageHeader)
		err = thrift.NewDecoder(t).Decode(h)
		if err == nil {
			n := t.BytesRead()
			r.left -= int64(n)
			_, err = r.source.Discard(n)
			return h, readError(err)
		}
		if len(b) < size || size >= maxHeaderBytes || !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			return nil, formats.Unreadable("the header of a page is broken")
		}
	}
}

// inflate decompresses src, which must give so many bytes.
func (r *pageReader) inflate(src []byte, size int) (_ []byte, err error) {
	if !r.honest(src, size) {
		return nil, formats.Unreadable("a page does not decompress to its %d bytes", size)
	}
	if size > maxAtOnce && size/maxRatio > len(src) {
		return nil, errTooDense
	}
	if size == 0 {
		return nil, nil
	}
	// Codecs that do not know the size need a little more to see the end, and the
	// one of LZ4 wants thrice the size of the source.
	room := size + 64
	if r.codec.CompressionCodec() == format.Lz4Raw {
		room = max(room, 3*len(src))
	}
	if cap(r.inflated) < room {
		r.inflated = make([]byte, roundUp(room))
	}
	out, err := r.codec.Decode(r.inflated[:cap(r.inflated)], src)
	if err != nil || len(out) != size {
		return nil, formats.Unreadable("a page does not decompress to its %d bytes", size)
	}
	return out, nil
}

// honest reports whether compressed bytes do not declare more than the page has.
// The codecs take memory for what they are told, and that of LZ4 more and more
// until it suffices.
func (r *pageReader) honest(src []byte, size int) bool {
	switch r.codec.CompressionCodec() {
	case format.Snappy:
		n, k := binary.Uvarint(src)
		return k > 0 && n == uint64(size)
	case format.Zstd:
		n, ok := zstdSize(src)
		return !ok || n == uint64(size)
	case format.Lz4Raw:
		return lz4Size(src) == size
	}
	return true
}

// zstdSize returns the size that the first frame of src declares, if it does.
func zstdSize(src []byte) (n uint64, ok bool) {
	const magicBytes = 4
	if len(src) <= magicBytes {
		return 0, false
	}
	descriptor := src[magicBytes]
	single := descriptor>>5&1 == 1
	start := magicBytes + 1 + []int{0, 1, 2, 4}[descriptor&3]
	if !single {
		start++
	}
	length := []int{0, 2, 4, 8}[descriptor>>6]
	if length == 0 && single {
		length = 1
	}
	if length == 0 || len(src) < start+length {
		return 0, false
	}
	var b [8]byte
	copy(b[:], src[start:start+length])
	n = binary.LittleEndian.Uint64(b[:])
	if length == 2 {
		n += 256
	}
	return n, true
}

// lz4Size returns the size of what a block of LZ4 decompresses to, -1 if it is
// broken.
func lz4Size(src []byte) int {
	size := 0
	for pos := 0; pos < len(src); {
		token := src[pos]
		pos++
		literals, ok := lz4Length(src, &pos, int(token>>4))
		if !ok || literals > len(src)-pos {
			return -1
		}
		pos += literals
		size += literals
		if pos == len(src) {
			return size
		}
		if pos+2 > len(src) {
			return -1
		}
		offset := int(binary.LittleEndian.Uint16(src[pos:]))
		pos += 2
		match, ok := lz4Length(src, &pos, int(token&15))
		if !ok || offset == 0 || offset > size {
			return -1
		}
		size += match + 4
	}
	return -1
}

func lz4Length(src []byte, pos *int, n int) (int, bool) {
	if n < 15 {
		return n, true
	}
	for *pos < len(src) {
		b := src[*pos]
		*pos++
		n += int(b)
		if b < 255 {
			return n, true
		}
	}
	return 0, false
}
