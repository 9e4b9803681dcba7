package arrow

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	flatbuffers "github.com/google/flatbuffers/go"

	"github.com/cairnstore/cairn/formats"
)

// refused fails the test unless b is unreadable for that reason, and found so
// without much memory.
func refused(t *testing.T, b []byte, reason string) {
	t.Helper()
	bounded(t, b, func() (*formats.Table, error) {
		table, err := InspectIPC(t.Context(), bytes.NewReader(b), int64(len(b)), nil)
		if !errors.Is(err, formats.ErrUnreadable) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%v, want %s", err, reason)
		}
		return table, err
	})
}

// A schema of a kilobyte can have more fields than there are atoms.
func TestManyFields(t *testing.T) {
	b := flatbuffers.NewBuilder(0)
	empty := func() flatbuffers.UOffsetT {
		b.StartObject(0)
		return b.EndObject()
	}
	vector := func(tables ...flatbuffers.UOffsetT) flatbuffers.UOffsetT {
		b.StartVector(4, len(tables), 4)
		for _, table := range tables {
			b.PrependUOffsetT(table)
		}
		return b.EndVector(len(tables))
	}
	field := func(k kind, children flatbuffers.UOffsetT) flatbuffers.UOffsetT {
		parameters := empty()
		b.StartObject(7)
		b.PrependByteSlot(2, byte(k), 0)
		b.PrependUOffsetTSlot(3, parameters, 0)
		b.PrependUOffsetTSlot(5, children, 0)
		return b.EndObject()
	}
	f := field(kindNull, vector())
	for range 40 {
		f = field(kindStruct, vector(f, f))
	}
	fields := vector(f)
	b.StartObject(4)
	b.PrependUOffsetTSlot(1, fields, 0)
	schema := b.EndObject()
	b.StartObject(5)
	b.PrependInt16Slot(0, version5, 0)
	b.PrependByteSlot(1, headerSchema, 0)
	b.PrependUOffsetTSlot(2, schema, 0)
	b.Finish(b.EndObject())
	meta := b.FinishedBytes()
	refused(t, slices.Concat(le([]uint32{continuation, uint32(len(meta))}), meta), "more than 65536 fields")
}

// Nulls take no bytes, so any number of them can be claimed.
func TestManyNulls(t *testing.T) {
	for _, w := range ways {
		few := w.write(t, batchOf("c", array.NewNull(freeSlots)))
		if got := inspect(t, few); got.Rows != freeSlots {
			t.Errorf("%s: %+v", w.name, got)
		}
		refused(t, w.write(t, batchOf("c", array.NewNull(freeSlots+1))), "lacks buffers")
	}
	flags := array.NewBooleanBuilder(memory.DefaultAllocator)
	flags.AppendValues(make([]bool, 2*freeSlots), nil)
	fields := []arrow.Field{{Name: "n", Type: arrow.Null, Nullable: true}, {Name: "b", Type: arrow.FixedWidthTypes.Boolean}}
	columns := []arrow.Array{array.NewNull(2 * freeSlots), flags.NewArray()}
	if got := inspect(t, ways[0].write(t, recordOf(fields, columns))); got.Digest.IsZero() {
		t.Errorf("beside a column of as many: %+v", got)
	}
}

// The size of a buffer after decompression is a claim.
func TestInflatedSize(t *testing.T) {
	numbers := array.NewInt64Builder(memory.DefaultAllocator)
	for range 1000 {
		numbers.Append(7)
	}
	batch := batchOf("c", numbers.NewArray())
	for _, w := range ways[2:] {
		whole := w.write(t, batch)
		claim := bytes.Index(whole, le(uint64(8000)))
		for _, size := range []uint64{1 << 31, 1 << 50, math.MaxInt64, math.MaxUint64 - 1} {
			b := bytes.Clone(whole)
			binary.LittleEndian.PutUint64(b[claim:], size)
			refused(t, b, "a compressed buffer claims")
		}
	}
}

// A footer that lists a batch twice would have it read twice.
func TestBlocksOverlap(t *testing.T) {
	batch := batchOf("c", fromJSON(t, arrow.PrimitiveTypes.Int32, `[1]`))
	b := ways[1].write(t, batch, batch)
	footer := len(b) - trailerBytes - int(binary.LittleEndian.Uint32(b[len(b)-trailerBytes:]))
	root := rootTable(b[footer : len(b)-trailerBytes])
	blocks := root.vector(3, 24)
	copy(blocks[24:], blocks[:24])
	refused(t, b, "a block of its footer is where none can be")
}
