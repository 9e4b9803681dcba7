package parquet

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/parquet-go/parquet-go/format"

	"github.com/cairnstore/cairn/formats"
)

// errUnsupported is wrapped by errors that take the digest away from a column,
// while the file may be good.
var errUnsupported = errors.New("not supported")

// plainDictionary is what old writers say for both pages of a dictionary: for the
// values it means PLAIN, for the indexes RLE_DICTIONARY.
const plainDictionary = format.Encoding(2)

// feedEntries is how many entries without values are handed on at a time.
const feedEntries = 65536

// buffers is the memory for a page. One column after the other uses it.
type buffers struct {
	pages    pageReader
	def, rep levelBuffer
	indexes  []int32

	numbers32       []int32
	numbers64       []int64
	bytes, prefixed []byte
	offsets         []uint32
	converted       []byte
}

// rowGroup reads all pages of one column chunk.
func (c *column) rowGroup(ctx context.Context, f *file, g int, source io.Reader) error {
	chunk := f.chunk(g, c.number)
	c.rows, c.dictionary = 0, nil
	if err := c.pages.reset(source, f.end-chunkOffset(chunk), chunk.Codec); err != nil {
		return err
	}
	for left := chunk.NumValues; left > 0 && !c.hasher.Refused(); {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		p, err := c.pages.next()
		if err != nil {
			return err
		}
		if p.isDictionary {
			err = c.readDictionary(p)
		} else {
			err = c.dataPage(p)
			left -= int64(p.entries)
		}
		if err != nil {
			return err
		}
		if left < 0 {
			return formats.Unreadable("there are more values than the %d of the chunk", chunk.NumValues)
		}
	}
	if rows := f.meta.RowGroups[g].NumRows; c.rows != rows && !c.hasher.Refused() {
		return formats.Unreadable("there are %d rows instead of %d", c.rows, rows)
	}
	return nil
}

func (c *column) readDictionary(p page) (err error) {
	if c.dictionary != nil {
		return formats.Unreadable("there are two dictionaries")
	}
	if p.encoding != format.Plain && p.encoding != plainDictionary {
		return formats.Unreadable("a dictionary in encoding %s", p.encoding)
	}
	values, err := c.plain(p.data, p.entries)
	if err != nil {
		return err
	}
	if c.convert == nil {
		values = bytes.Clone(values) // it outlives the buffer of its page
	} else {
		var reason string
		if values, reason = c.convert(nil, values, p.entries); reason != "" {
			c.hasher.Refuse(reason)
			return nil
		}
	}
	c.dictionary, err = c.hasher.NewDictionary(values, p.entries)
	return err
}

// dataPage hands the entries of a page to the hasher.
func (c *column) dataPage(p page) error {
	n, err := c.readLevels(&p)
	if err != nil {
		return err
	}
	if err := c.countRows(p.entries); err != nil {
		return err
	}
	switch {
	case n == 0:
		return c.feedWithout(p.entries)
	case c.maxRep > 0:
		if err := c.rep.expand(p.entries); err != nil {
			return err
		}
	}
	if p.encoding == format.RLEDictionary || p.encoding == plainDictionary {
		return c.feedIndexes(p.data, n)
	}
	values, err := c.decode(p, n)
	if err != nil {
		return err
	}
	if c.convert != nil {
		out, reason := c.convert(c.converted[:0], values, n)
		if reason != "" {
			c.hasher.Refuse(reason)
			return nil
		}
		c.converted, values = out, out
	}
	return c.hasher.Values(values, n, c.def.bytes, c.rep.bytes)
}

// readLevels takes the levels from the front of the page and returns the number
// of values. The levels are turned to those of package formats; definition
// levels that all say that there is a value are left out.
func (c *column) readLevels(p *page) (n int, err error) {
	if p.data, err = c.rep.read(p.rep, p.data, c.maxRep, p.entries); err != nil {
		return 0, err
	}
	if p.data, err = c.def.read(p.def, p.data, c.maxDef, p.entries); err != nil {
		return 0, err
	}
	n = c.def.count(byte(c.maxDef), p.entries)
	if c.maxDef == 0 || n == p.entries {
		c.def.bytes = nil
		n = p.entries
	} else {
		c.def.normalise(&c.norm)
	}
	return n, p.decompress()
}

// countRows counts the entries that begin a row.
func (c *column) countRows(entries int) error {
	if c.maxRep == 0 {
		c.rows += int64(entries)
		return nil
	}
	if c.rows == 0 && entries > 0 && c.rep.first() != 0 {
		return formats.Unreadable("the first row is missing its beginning")
	}
	c.rows += int64(c.rep.count(0, entries))
	return nil
}

// feedWithout hands on entries without values: there may be very many of
// them in a small page, whose levels are then one number.
func (c *column) feedWithout(entries int) error {
	for start := 0; start < entries; start += feedEntries {
		end := min(start+feedEntries, entries)
		var rep []byte
		if c.maxRep > 0 {
			rep = c.rep.slice(start, end)
		}
		if err := c.hasher.Values(nil, 0, c.def.slice(start, end), rep); err != nil {
			return err
		}
	}
	return nil
}

func (c *column) feedIndexes(data []byte, n int) (err error) {
	if c.dictionary == nil {
		return formats.Unreadable("a page of indexes without a dictionary")
	}
	if c.indexes, err = decodeIndexes(c.indexes, data, n); err != nil {
		return err
	}
	return c.hasher.Indexes(c.dictionary, c.indexes[:n], c.def.bytes, c.rep.bytes)
}
