package parquet

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/cairnstore/cairn/formats"
)

// A conversion turns n values as Parquet stores them, little-endian or with
// their lengths before them, into those of the column's type. It appends them to dst.
// reason is set if one of the values has no canonical form. A nil conversion
// leaves them as they are.
type conversion func(dst, values []byte, n int) (out []byte, reason string)

// typeOf returns the type of a leaf, or a word for it and the reason why it has
// no canonical form.
func typeOf(e *format.SchemaElement) (formats.Type, conversion, string) {
	note := annotationOf(e)
	if note == nil {
		return plainType(e)
	}
	switch a := note.(type) {
	case *format.NullType:
		return formats.Null, nil, ""
	case *format.DecimalType:
		return decimalType(e, a)
	case *format.IntType:
		return intType(e, a)
	}
	if t, ok := annotatedType(e, note); ok {
		return t, nil, ""
	}
	switch a := note.(type) {
	case *format.GeometryType, *format.GeographyType, *interval:
		return formats.Type(word(a)), nil, word(a) + " has no canonical form"
	default:
		return formats.Type(word(a)), nil, fmt.Sprintf("%s is no annotation of %s", a, e.Type.V)
	}
}

func word(a fmt.Stringer) string {
	switch a.(type) {
	case *format.GeometryType:
		return "geometry"
	case *format.GeographyType:
		return "geography"
	}
	return a.String()
}

// plainType is for leaves without annotation.
func plainType(e *format.SchemaElement) (formats.Type, conversion, string) {
	switch e.Type.V {
	case format.Boolean:
		return formats.Bool, nil, ""
	case format.Int32:
		return formats.Int32, nil, ""
	case format.Int64:
		return formats.Int64, nil, ""
	case format.Int96:
		return formats.Timestamp(formats.Nano, ""), int96, ""
	case format.Float:
		return formats.Float32, nil, ""
	case format.Double:
		return formats.Float64, nil, ""
	case format.ByteArray:
		return formats.Binary, nil, ""
	case format.FixedLenByteArray:
		if e.TypeLength.V > 0 {
			return formats.Fixed(int(e.TypeLength.V)), nil, ""
		}
	}
	return formats.Type(e.Type.V.String()), nil, "its type is not known"
}

// annotatedType is for annotations that leave the bytes as they are.
func annotatedType(e *format.SchemaElement, note fmt.Stringer) (formats.Type, bool) {
	switch p := e.Type.V; a := note.(type) {
	case *format.StringType, *format.EnumType:
		return formats.String, p == format.ByteArray
	case *format.JsonType:
		return formats.JSON, p == format.ByteArray
	case *format.BsonType:
		return formats.BSON, p == format.ByteArray
	case *format.UUIDType:
		return formats.UUID, p == format.FixedLenByteArray && e.TypeLength.V == 16
	case *format.Float16Type:
		return formats.Float16, p == format.FixedLenByteArray && e.TypeLength.V == 2
	case *format.DateType:
		return formats.Date, p == format.Int32
	case *format.TimeType:
		u, ok := unitOf(a.Unit)
		return formats.Time(u, zoneOf(a.IsAdjustedToUTC)), ok && (p == format.Int32) == (u == formats.Milli) && (p == format.Int32 || p == format.Int64)
	case *format.TimestampType:
		u, ok := unitOf(a.Unit)
		return formats.Timestamp(u, zoneOf(a.IsAdjustedToUTC)), ok && p == format.Int64
	}
	return "", false
}

func unitOf(u format.TimeUnit) (formats.Unit, bool) {
	switch u.Value.(type) {
	case *format.MilliSeconds:
		return formats.Milli, true
	case *format.MicroSeconds:
		return formats.Micro, true
	case *format.NanoSeconds:
		return formats.Nano, true
	}
	return "", false
}

func zoneOf(isUTC bool) string {
	if isUTC {
		return "UTC"
	}
	return ""
}

// interval is the annotation that has no form as a logical type.
type interval struct{}

func (*interval) String() string { return "interval" }

// annotationOf returns the logical type of a leaf, also if it is given in the
// old way, or nil.
func annotationOf(e *format.SchemaElement) fmt.Stringer {
	if e.LogicalType.Value != nil {
		return e.LogicalType.Value
	}
	if !e.ConvertedType.Valid {
		return nil
	}
	switch c := e.ConvertedType.V; c {
	case deprecated.UTF8:
		return &format.StringType{}
	case deprecated.Enum:
		return &format.EnumType{}
	case deprecated.Json:
		return &format.JsonType{}
	case deprecated.Bson:
		return &format.BsonType{}
	case deprecated.Decimal:
		return &format.DecimalType{Precision: e.Precision.V, Scale: e.Scale.V}
	case deprecated.Date:
		return &format.DateType{}
	case deprecated.TimeMillis:
		return &format.TimeType{IsAdjustedToUTC: true, Unit: format.TimeUnit{Value: &format.MilliSeconds{}}}
	case deprecated.TimeMicros:
		return &format.TimeType{IsAdjustedToUTC: true, Unit: format.TimeUnit{Value: &format.MicroSeconds{}}}
	case deprecated.TimestampMillis:
		return &format.TimestampType{IsAdjustedToUTC: true, Unit: format.TimeUnit{Value: &format.MilliSeconds{}}}
	case deprecated.TimestampMicros:
		return &format.TimestampType{IsAdjustedToUTC: true, Unit: format.TimeUnit{Value: &format.MicroSeconds{}}}
	case deprecated.Interval:
		return &interval{}
	case deprecated.Int8, deprecated.Int16, deprecated.Int32, deprecated.Int64:
		return &format.IntType{BitWidth: 8 << (c - deprecated.Int8), IsSigned: true}
	case deprecated.Uint8, deprecated.Uint16, deprecated.Uint32, deprecated.Uint64:
		return &format.IntType{BitWidth: 8 << (c - deprecated.Uint8)}
	}
	return nil
}

func intType(e *format.SchemaElement, a *format.IntType) (formats.Type, conversion, string) {
	t := formats.Type(fmt.Sprintf("int%d", a.BitWidth))
	if !a.IsSigned {
		t = "u" + t
	}
	switch {
	case a.BitWidth == 64 && e.Type.V == format.Int64, a.BitWidth == 32 && e.Type.V == format.Int32:
		return t, nil, ""
	case (a.BitWidth == 8 || a.BitWidth == 16) && e.Type.V == format.Int32:
		return t, narrow(t, int(a.BitWidth), a.IsSigned), ""
	}
	return t, nil, fmt.Sprintf("%s is no annotation of %s", a, e.Type.V)
}

// narrow is for the numbers of 8 and 16 bits, which are stored in 32.
func narrow(t formats.Type, bits int, isSigned bool) conversion {
	lo, hi := int32(0), int32(1)<<bits-1
	if isSigned {
		lo, hi = -1<<(bits-1), 1<<(bits-1)-1
	}
	return func(dst, values []byte, n int) ([]byte, string) {
		for ; n > 0; n-- {
			v := int32(binary.LittleEndian.Uint32(values))
			values = values[4:]
			if v < lo || v > hi {
				return nil, fmt.Sprintf("%d is no %s", v, t)
			}
			if dst = append(dst, byte(v)); bits == 16 {
				dst = append(dst, byte(v>>8))
			}
		}
		return dst, ""
	}
}

const (
	julianEpoch = 2440588 // the Julian day of 1970-01-01
	dayNanos    = 24 * 60 * 60 * 1_000_000_000
)

// int96 is for moments as nanoseconds of a day and the number of the day.
func int96(dst, values []byte, n int) ([]byte, string) {
	const maxDays = math.MaxInt64/dayNanos - 1
	for ; n > 0; n-- {
		nanos := int64(binary.LittleEndian.Uint64(values))
		day := int64(binary.LittleEndian.Uint32(values[8:])) - julianEpoch
		values = values[12:]
		if day < -maxDays || day > maxDays || nanos < -dayNanos || nanos > dayNanos {
			return nil, "a moment is outside of the years 1677 to 2262"
		}
		dst = binary.LittleEndian.AppendUint64(dst, uint64(day*dayNanos+nanos))
	}
	return dst, ""
}

func decimalType(e *format.SchemaElement, a *format.DecimalType) (formats.Type, conversion, string) {
	t := formats.Decimal(int(a.Precision), int(a.Scale))
	width := t.Width()
	if width < 0 {
		return t, nil, fmt.Sprintf("%s has no canonical form", t)
	}
	tooLarge := fmt.Sprintf("a number does not fit into %s", t)
	switch e.Type.V {
	case format.Int32:
		return t, littleDecimal(4, width, tooLarge), ""
	case format.Int64:
		return t, littleDecimal(8, width, tooLarge), ""
	case format.FixedLenByteArray:
		size := int(e.TypeLength.V)
		if size < 1 {
			break
		}
		return t, func(dst, values []byte, n int) ([]byte, string) {
			for ; n > 0; n-- {
				var ok bool
				if dst, ok = appendDecimal(dst, values[:size], width); !ok {
					return nil, tooLarge
				}
				values = values[size:]
			}
			return dst, ""
		}, ""
	case format.ByteArray:
		return t, func(dst, values []byte, n int) ([]byte, string) {
			for ; n > 0; n-- {
				end := 4 + int(binary.LittleEndian.Uint32(values))
				var ok bool
				if dst, ok = appendDecimal(dst, values[4:end], width); !ok {
					return nil, tooLarge
				}
				values = values[end:]
			}
			return dst, ""
		}, ""
	}
	return t, nil, fmt.Sprintf("%s is no annotation of %s", a, e.Type.V)
}

// littleDecimal is for decimals that are stored as numbers of so many bytes.
func littleDecimal(size, width int, tooLarge string) conversion {
	if size == width {
		return nil
	}
	return func(dst, values []byte, n int) ([]byte, string) {
		for ; n > 0; n-- {
			var big [8]byte
			for i := range size {
				big[size-1-i] = values[i]
			}
			var ok bool
			if dst, ok = appendDecimal(dst, big[:size], width); !ok {
				return nil, tooLarge
			}
			values = values[size:]
		}
		return dst, ""
	}
}

// appendDecimal appends a two's complement, most significant byte first, as one
// of width bytes in the other order. ok is false if it does not fit.
func appendDecimal(dst, big []byte, width int) (_ []byte, ok bool) {
	fill := byte(0)
	if len(big) > 0 && big[0]&0x80 != 0 {
		fill = 0xff
	}
	for len(big) > width {
		if big[0] != fill {
			return dst, false
		}
		big = big[1:]
	}
	if len(big) == width && (big[0]^fill)&0x80 != 0 {
		return dst, false
	}
	for i := len(big) - 1; i >= 0; i-- {
		dst = append(dst, big[i])
	}
	for range width - len(big) {
		dst = append(dst, fill)
	}
	return dst, true
}
