package arrow

import (
	"math"
	"unicode/utf8"

	"github.com/cairnstore/cairn/formats"
)

// Units of time by their numbers in the format.
const (
	seconds = iota
	milliseconds
	microseconds
	nanoseconds
)

var unitNames = []formats.Unit{formats.Milli, formats.Milli, formats.Micro, formats.Nano}

// setType sets what the type of the field is, and how its values are read.
func (f *field) setType(t table, extension string) {
	switch f.kind {
	case kindNull:
		f.typ = formats.Null
	case kindBool:
		f.leaf(formats.Bool, 1, decodeBools)
	case kindInt:
		f.integer(int(t.int32(0, 0)), t.int8(1) != 0)
	case kindFloat:
		f.float(int(t.int16(0, 0)))
	case kindDecimal:
		f.decimal(int(t.int32(0, 0)), int(t.int32(1, 0)), int(t.int32(2, 128)))
	case kindDate:
		if t.int16(0, 1) == 0 {
			f.number(formats.Date, 32)
		} else {
			f.leaf(formats.Date, 64, decodeMidnights)
		}
	case kindTime:
		f.time(int(t.int16(0, milliseconds)))
	case kindTimestamp:
		f.timestamp(int(t.int16(0, seconds)), t.text(1))
	case kindFixed:
		f.fixed(int(t.int32(0, 0)))
	case kindString:
		f.leaf(formats.String, 0, decodeTexts[uint32])
	case kindLargeString:
		f.leaf(formats.String, 0, decodeTexts[uint64])
	case kindStringView:
		f.leaf(formats.String, 0, decodeViews)
	case kindBinary:
		f.leaf(formats.Binary, 0, decodeTexts[uint32])
	case kindLargeBinary:
		f.leaf(formats.Binary, 0, decodeTexts[uint64])
	case kindBinaryView:
		f.leaf(formats.Binary, 0, decodeViews)
	case kindStruct:
		if len(f.children) == 0 {
			f.refuse("struct", "a struct without members")
		}
	case kindFixedList:
		f.size = int(t.int32(0, 0))
	case kindList, kindLargeList, kindMap:
	case kindUnion:
		f.union = t.int16(0, 0) != 0
		f.refuse("union", "a union has no canonical form")
	case kindInterval:
		f.width = []int{32, 64, 128}[t.int16(0, 0)]
		f.refuse("interval", "an interval has no canonical form")
	case kindDuration:
		f.width = 64
		f.refuse("duration", "a duration has no canonical form")
	case kindRunEnd:
		f.refuse("run_end_encoded", "run-end encoding is not supported")
	case kindListView, kindLargeListView:
		f.refuse("list_view", "list views are not supported")
	default:
		f.refuse("unknown", "its type is not known")
	}
	f.extend(extension)
}

func (f *field) leaf(t formats.Type, bits int, d decoder) { f.typ, f.width, f.decode = t, bits, d }

// number is a leaf whose values lie in the file as a Hasher takes them.
func (f *field) number(t formats.Type, bits int) { f.leaf(t, bits, decodeNumbers(bits/8)) }

func (f *field) refuse(typ formats.Type, reason string) { f.typ, f.reason = typ, reason }

// extend takes the name of an extension type into account: what it means may be
// more, or other, than what its storage says.
func (f *field) extend(name string) {
	switch {
	case name == "":
	case name == "arrow.uuid" && f.typ == formats.Fixed(16):
		f.typ = formats.UUID
	case name == "arrow.json" && f.typ == formats.String:
		f.typ = formats.JSON
	default:
		f.refuse("extension", "the extension type "+clip(name)+" is not known")
	}
}

func (f *field) integer(bits int, signed bool) {
	types := map[int][2]formats.Type{
		8:  {formats.Uint8, formats.Int8},
		16: {formats.Uint16, formats.Int16},
		32: {formats.Uint32, formats.Int32},
		64: {formats.Uint64, formats.Int64},
	}
	t, ok := types[bits]
	switch {
	case !ok:
		f.refuse("int", "its type is not known")
	case signed:
		f.number(t[1], bits)
	default:
		f.number(t[0], bits)
	}
}

func (f *field) float(precision int) {
	if precision < 0 || precision > 2 {
		f.refuse("float", "its type is not known")
		return
	}
	f.number([]formats.Type{formats.Float16, formats.Float32, formats.Float64}[precision], 16<<precision)
}

func (f *field) decimal(precision, scale, bits int) {
	t := formats.Decimal(precision, scale)
	if bits%8 != 0 || bits < 32 || bits > 256 || t.Width() < 0 {
		f.width = bits
		f.refuse("decimal", "its precision or scale is none")
		return
	}
	f.leaf(t, bits, decodeDecimals(bits/8, t.Width()))
}

func (f *field) time(unit int) {
	switch unit {
	case seconds:
		f.leaf(formats.Time(formats.Milli, ""), 32, decodeSeconds32)
	case milliseconds:
		f.number(formats.Time(formats.Milli, ""), 32)
	default:
		f.number(formats.Time(unitNames[unit], ""), 64)
	}
}

func (f *field) timestamp(unit int, zone string) {
	t := formats.Timestamp(unitNames[unit], formats.Zone(zone))
	switch {
	case !utf8.ValidString(zone) || t.Width() < 0:
		f.width = 64
		f.refuse("timestamp", "the name of its zone is none")
	case unit == seconds:
		f.leaf(t, 64, decodeSeconds64)
	default:
		f.number(t, 64)
	}
}

func (f *field) fixed(size int) {
	if size < 1 {
		f.width = 8 * size
		f.refuse("fixed", "its values have no bytes")
		return
	}
	if size > math.MaxInt32/8 {
		f.width = 8 * size
		f.refuse("fixed", "its values are too long")
		return
	}
	f.number(formats.Fixed(size), 8*size)
}
