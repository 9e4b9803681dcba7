package formats

import (
	"fmt"
	"strconv"
	"strings"
)

// A Type is the logical type of a leaf column as text, such as "int64" or
// "timestamp(us,UTC)". It says what the values are, not how a file stores them.
// The text is canonical: two types are the same only if their texts are.
type Type string

// The types without parameters.
const (
	Null    Type = "null" // no values at all
	Bool    Type = "bool" // 1 byte, 0 or 1
	Int8    Type = "int8" // integers: two's complement
	Int16   Type = "int16"
	Int32   Type = "int32"
	Int64   Type = "int64"
	Uint8   Type = "uint8"
	Uint16  Type = "uint16"
	Uint32  Type = "uint32"
	Uint64  Type = "uint64"
	Float16 Type = "float16" // floats: IEEE 754
	Float32 Type = "float32"
	Float64 Type = "float64"
	Date    Type = "date"   // days since 1970-01-01, 4 bytes
	UUID    Type = "uuid"   // 16 bytes, in the order of its text
	String  Type = "string" // UTF-8, of any length
	JSON    Type = "json"   // UTF-8, of any length, compared as text
	Binary  Type = "binary" // bytes, of any length
	BSON    Type = "bson"   // bytes, of any length
)

// A Unit is the unit of a [Time] or [Timestamp]. Seconds are given as
// milliseconds.
type Unit string

// The units.
const (
	Milli Unit = "ms"
	Micro Unit = "us"
	Nano  Unit = "ns"
)

// Timestamp returns the type of moments since 1970-01-01, in 8 bytes. The zone
// is "UTC" or the name of another; it is "" if moments are those of a clock
// on some wall. Use [Zone] to get it from a file's.
func Timestamp(u Unit, zone string) Type {
	if zone == "" {
		return Type("timestamp(" + string(u) + ")")
	}
	return Type("timestamp(" + string(u) + "," + zone + ")")
}

// Zone returns the canonical name of a zone: "UTC" for its other names, and the
// rest as they are.
func Zone(name string) string {
	switch name {
	case "Z", "+00:00", "Etc/UTC", "utc":
		return "UTC"
	}
	return name
}

// Time returns the type of times of a day since midnight, in 4 bytes if the unit
// is [Milli], else in 8. The zone is "" or "UTC".
func Time(u Unit, zone string) Type {
	if zone == "" {
		return Type("time(" + string(u) + ")")
	}
	return Type("time(" + string(u) + "," + zone + ")")
}

// MaxPrecision is the largest number of digits of a [Decimal].
const MaxPrecision = 76

// Decimal returns the type of numbers of so many digits, scale of them after the
// point. A value is the number without its point, in two's complement, in the
// fewest of 4, 8, 16 or 32 bytes that hold all numbers of that precision.
func Decimal(precision, scale int) Type {
	return Type(fmt.Sprintf("decimal(%d,%d)", precision, scale))
}

// Fixed returns the type of n bytes.
func Fixed(n int) Type { return Type(fmt.Sprintf("fixed(%d)", n)) }

// Width returns the number of bytes in which a value of t is given to a
// [Hasher]. It is 0 for values of any length, which are given with their length
// before them (see [AppendValue]), and for [Null]; and -1 if t is not a type.
func (t Type) Width() int {
	f, err := t.form()
	if err != nil {
		return -1
	}
	return f.width
}

// Text returns a value of t, in the form in which a [Hasher] takes it but without
// its length, as SPEC.md prints bounds; a NaN as "NaN". It is "" if t has no order.
func (t Type) Text(value []byte) string {
	f, err := t.form()
	if err != nil || f.text == nil {
		return ""
	}
	return f.text(value)
}

// A class says how values of a type are compared, checked and printed.
type class uint8

const (
	classNone   class = iota // no order
	classSigned              // two's complement
	classUnsigned
	classFloat
	classBool
	classText // UTF-8
)

// A form is what a hasher needs to know of a type.
type form struct {
	class class
	width int // 0: of any length
	utf8  bool
	null  bool
	text  func(value []byte) string // of a value, for people; nil without order
}

var simpleForms = map[Type]form{
	Null:    {null: true},
	Bool:    {class: classBool, width: 1, text: boolText},
	Int8:    {class: classSigned, width: 1, text: intText},
	Int16:   {class: classSigned, width: 2, text: intText},
	Int32:   {class: classSigned, width: 4, text: intText},
	Int64:   {class: classSigned, width: 8, text: intText},
	Uint8:   {class: classUnsigned, width: 1, text: uintText},
	Uint16:  {class: classUnsigned, width: 2, text: uintText},
	Uint32:  {class: classUnsigned, width: 4, text: uintText},
	Uint64:  {class: classUnsigned, width: 8, text: uintText},
	Float16: {class: classFloat, width: 2, text: floatText},
	Float32: {class: classFloat, width: 4, text: floatText},
	Float64: {class: classFloat, width: 8, text: floatText},
	Date:    {class: classSigned, width: 4, text: dateText},
	UUID:    {width: 16},
	String:  {class: classText, utf8: true, text: func(v []byte) string { return string(v) }},
	JSON:    {utf8: true},
	Binary:  {},
	BSON:    {},
}

// form parses t. Only canonical texts are types: leading zeros, spaces and
// other spellings of a zone are refused.
func (t Type) form() (form, error) {
	if f, ok := simpleForms[t]; ok {
		return f, nil
	}
	name, rest, ok := strings.Cut(string(t), "(")
	args, closed := strings.CutSuffix(rest, ")")
	if !ok || !closed {
		return form{}, t.unknown()
	}
	first, second, two := strings.Cut(args, ",")
	switch name {
	case "timestamp":
		if two && (second == "" || Zone(second) != second) {
			return form{}, t.unknown()
		}
		return timeForm(t, Unit(first), timestampText(Unit(first), two), 8)
	case "time":
		if two && second != "UTC" {
			return form{}, t.unknown()
		}
		width := 8
		if Unit(first) == Milli {
			width = 4
		}
		return timeForm(t, Unit(first), timeText(Unit(first), two), width)
	case "fixed":
		n, err := strconv.Atoi(first)
		if err != nil || n < 1 || Fixed(n) != t {
			return form{}, t.unknown()
		}
		return form{width: n}, nil
	case "decimal":
		precision, err1 := strconv.Atoi(first)
		scale, err2 := strconv.Atoi(second)
		if err1 != nil || err2 != nil || precision < 1 || precision > MaxPrecision || max(scale, -scale) > MaxPrecision || Decimal(precision, scale) != t {
			return form{}, t.unknown()
		}
		return form{class: classSigned, width: decimalWidth(precision), text: decimalText(scale)}, nil
	}
	return form{}, t.unknown()
}

func timeForm(t Type, u Unit, text func([]byte) string, width int) (form, error) {
	if u.perSecond() == 0 {
		return form{}, t.unknown()
	}
	return form{class: classSigned, width: width, text: text}, nil
}

func (t Type) unknown() error { return fmt.Errorf("%q is not a type of columns", string(t)) }

func (u Unit) perSecond() int64 {
	switch u {
	case Milli:
		return 1e3
	case Micro:
		return 1e6
	case Nano:
		return 1e9
	}
	return 0
}

func decimalWidth(precision int) int {
	switch {
	case precision <= 9:
		return 4
	case precision <= 18:
		return 8
	case precision <= 38:
		return 16
	default:
		return 32
	}
}
