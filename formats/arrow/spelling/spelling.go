// Package spelling says which values texts stand for: in CSV and NDJSON, and in
// the bounds of contracts. It is the way back from the texts of formats/SPEC.md,
// and takes a few more spellings; arrow.InspectCSV lists them.
package spelling

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cairnstore/cairn/formats"
)

// A Parser appends the value that a text stands for to b, as a Hasher takes it.
// ok is false if the text is not one of the type.
type Parser func(b, text []byte) (_ []byte, ok bool)

// Of returns the parser of a type. Each accepts one spelling of a value as
// far as it can, so that a text which is taken for a value says no more than it.
func Of(t formats.Type) (Parser, error) {
	if t.Width() < 0 {
		return nil, fmt.Errorf("%q is not a type of columns", string(t))
	}
	switch t {
	case formats.Null:
		return func(b, _ []byte) ([]byte, bool) { return b, false }, nil
	case formats.Bool:
		return parseBool, nil
	case formats.Int8, formats.Int16, formats.Int32, formats.Int64:
		return parseSigned(t.Width()), nil
	case formats.Uint8, formats.Uint16, formats.Uint32, formats.Uint64:
		return parseUnsigned(t.Width()), nil
	case formats.Float32, formats.Float64:
		return parseFloat(t.Width()), nil
	case formats.Date:
		return parseDate, nil
	case formats.UUID:
		return parseUUID, nil
	case formats.String, formats.JSON:
		return func(b, text []byte) ([]byte, bool) { return formats.AppendValue(b, text), true }, nil
	}
	name, rest, _ := strings.Cut(string(t), "(")
	first, second, two := strings.Cut(strings.TrimSuffix(rest, ")"), ",")
	switch name {
	case "timestamp":
		return parseTimestamp(formats.Unit(first), two), nil
	case "time":
		return parseTime(formats.Unit(first), two), nil
	case "decimal":
		precision, _ := strconv.Atoi(first)
		scale, _ := strconv.Atoi(second)
		return parseDecimal(precision, scale, t.Width()), nil
	}
	return nil, fmt.Errorf("a column of type %s cannot be read from text", t)
}

func parseBool(b, text []byte) ([]byte, bool) {
	switch string(text) {
	case "true", "True", "TRUE":
		return append(b, 1), true
	case "false", "False", "FALSE":
		return append(b, 0), true
	}
	return b, false
}

// parseInteger reads -?(0|[1-9][0-9]*), but not -0.
func parseInteger(text []byte) (magnitude uint64, negative, ok bool) {
	if len(text) > 0 && text[0] == '-' {
		negative, text = true, text[1:]
	}
	if len(text) == 0 || len(text) > 20 || text[0] == '0' && (negative || len(text) > 1) {
		return 0, false, false
	}
	for _, c := range text {
		d := uint64(c - '0')
		if d > 9 || magnitude > (math.MaxUint64-d)/10 {
			return 0, false, false
		}
		magnitude = magnitude*10 + d
	}
	return magnitude, negative, true
}

func parseSigned(width int) Parser {
	largest := uint64(1)<<(8*width-1) - 1
	return func(b, text []byte) ([]byte, bool) {
		v, negative, ok := parseInteger(text)
		if negative {
			return appendNumber(b, -v, width), ok && v <= largest+1
		}
		return appendNumber(b, v, width), ok && v <= largest
	}
}

func parseUnsigned(width int) Parser {
	return func(b, text []byte) ([]byte, bool) {
		v, negative, ok := parseInteger(text)
		return appendNumber(b, v, width), ok && !negative && v <= math.MaxUint64>>(64-8*width)
	}
}

func appendNumber(b []byte, v uint64, width int) []byte {
	var all [8]byte
	binary.LittleEndian.PutUint64(all[:], v)
	return append(b, all[:width]...)
}

func parseFloat(width int) Parser {
	return func(b, text []byte) ([]byte, bool) {
		if !isNumber(text) && !isNotFinite(text) {
			return b, false
		}
		x, err := strconv.ParseFloat(string(text), 8*width)
		if width == 4 {
			return appendNumber(b, uint64(math.Float32bits(float32(x))), 4), err == nil
		}
		return appendNumber(b, math.Float64bits(x), 8), err == nil
	}
}

func isNotFinite(text []byte) bool {
	switch string(text) {
	case "NaN", "nan", "inf", "-inf", "Infinity", "-Infinity":
		return true
	}
	return false
}

// IsRounded reports whether a number is an integer that a float64 need not hold
// exactly. Such are identifiers.
func IsRounded(text []byte) bool {
	v, _, ok := parseInteger(text)
	whole, _ := cutByte(text, "-")
	n, rest := digits(whole)
	return n > 1 && len(rest) == 0 && (!ok || v > 1<<53)
}

// isNumber reports whether a text is a number of JSON.
func isNumber(text []byte) bool {
	whole, _ := cutByte(text, "-")
	n, text := digits(whole)
	if n == 0 || n > 1 && whole[0] == '0' {
		return false
	}
	if rest, ok := cutByte(text, "."); ok {
		if n, text = digits(rest); n == 0 {
			return false
		}
	}
	if rest, ok := cutByte(text, "eE"); ok {
		rest, _ = cutByte(rest, "+-")
		if n, text = digits(rest); n == 0 {
			return false
		}
	}
	return len(text) == 0
}

// parseDecimal reads -?[0-9]+(\.[0-9]+)? of no more digits than there are.
func parseDecimal(precision, scale, width int) Parser {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)
	return func(b, text []byte) ([]byte, bool) {
		unsigned, negative := cutByte(text, "-")
		n, rest := digits(unsigned)
		all := string(unsigned[:n])
		fraction := 0
		if decimals, ok := cutByte(rest, "."); ok {
			if fraction, rest = digits(decimals); fraction == 0 {
				return b, false
			}
			all += string(decimals[:fraction])
		}
		if n == 0 || len(rest) > 0 || len(all) > 2*formats.MaxPrecision || fraction > max(scale, 0) {
			return b, false
		}
		all += strings.Repeat("0", max(scale, 0)-fraction)
		kept := max(0, len(all)+min(scale, 0))
		if strings.Trim(all[kept:], "0") != "" {
			return b, false
		}
		v, _ := new(big.Int).SetString("0"+all[:kept], 10)
		if v.Cmp(limit) >= 0 {
			return b, false
		}
		if negative && v.Sign() > 0 {
			v.Sub(new(big.Int).Lsh(big.NewInt(1), uint(8*width)), v)
		}
		start := len(b)
		b = append(b, make([]byte, width)...)
		slices.Reverse(v.FillBytes(b[start:]))
		return b, true
	}
}

func parseUUID(b, text []byte) ([]byte, bool) {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return b, false
	}
	b, err := hex.AppendDecode(b, []byte(strings.ReplaceAll(string(text), "-", "")))
	return b, err == nil
}

// parseDate reads yyyy-mm-dd.
func parseDate(b, text []byte) ([]byte, bool) {
	day, rest, ok := cutDay(text)
	return appendNumber(b, uint64(day), 4), ok && len(rest) == 0
}

// parseTime reads hh:mm:ss, with as many decimals as the unit has, and Z if the
// zone is UTC.
func parseTime(u formats.Unit, zoned bool) Parser {
	width := formats.Time(u, "").Width()
	return func(b, text []byte) ([]byte, bool) {
		s, fraction, rest, ok := cutClock(text, u)
		if zoned && ok {
			rest, ok = cutByte(rest, "Z")
		}
		return appendNumber(b, uint64(s*perSecond(u)+fraction), width), ok && len(rest) == 0
	}
}

// parseTimestamp reads a date, T or a space, a time, and if there is a zone, Z or
// an offset from UTC.
func parseTimestamp(u formats.Unit, zoned bool) Parser {
	return func(b, text []byte) ([]byte, bool) {
		day, rest, ok := cutDay(text)
		rest, separated := cutByte(rest, "T ")
		if !ok || !separated {
			return b, false
		}
		s, fraction, rest, ok := cutClock(rest, u)
		if !ok {
			return b, false
		}
		if zoned {
			var offset int64
			if offset, rest, ok = cutOffset(rest); !ok {
				return b, false
			}
			s -= offset
		}
		s += day * 24 * 60 * 60
		if limit := math.MaxInt64/perSecond(u) - 1; s > limit || s < -limit {
			return b, false
		}
		return appendNumber(b, uint64(s*perSecond(u)+fraction), 8), len(rest) == 0
	}
}

func perSecond(u formats.Unit) int64 {
	switch u {
	case formats.Milli:
		return 1e3
	case formats.Micro:
		return 1e6
	default:
		return 1e9
	}
}

// cutDay reads a day that the calendar has, as days since 1970.
func cutDay(text []byte) (days int64, rest []byte, ok bool) {
	if len(text) < 10 || text[4] != '-' || text[7] != '-' {
		return 0, text, false
	}
	y, m, d := number(text[:4]), number(text[5:7]), number(text[8:10])
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return t.Unix() / (24 * 60 * 60), text[10:], y >= 0 && t.Year() == y && int(t.Month()) == m && t.Day() == d
}

// cutClock reads hh:mm:ss and decimals, which become a number of units.
func cutClock(text []byte, u formats.Unit) (s, fraction int64, rest []byte, ok bool) {
	if len(text) < 8 || text[2] != ':' || text[5] != ':' {
		return 0, 0, text, false
	}
	hour, minute, second := number(text[:2]), number(text[3:5]), number(text[6:8])
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return 0, 0, text, false
	}
	s, rest = int64(hour*3600+minute*60+second), text[8:]
	if decimals, dot := cutByte(rest, "."); dot {
		var n int
		unit := perSecond(u)
		for n, rest = digits(decimals); n > 0 && unit > 1; n-- {
			unit /= 10
			fraction += int64(decimals[0]-'0') * unit
			decimals = decimals[1:]
		}
		if n > 0 || unit == perSecond(u) {
			return 0, 0, text, false
		}
	}
	return s, fraction, rest, true
}

// cutOffset reads Z, or +hh:mm or -hh:mm, as seconds.
func cutOffset(text []byte) (s int64, rest []byte, ok bool) {
	if rest, ok = cutByte(text, "Z"); ok {
		return 0, rest, true
	}
	if len(text) < 6 || text[3] != ':' || text[0] != '+' && text[0] != '-' {
		return 0, text, false
	}
	hour, minute := number(text[1:3]), number(text[4:6])
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 {
		return 0, text, false
	}
	s = int64(hour*3600 + minute*60)
	if text[0] == '-' {
		s = -s
	}
	return s, text[6:], true
}

// number reads digits, -1 if there are others.
func number(text []byte) int {
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// digits counts the digits at the beginning.
func digits(text []byte) (n int, rest []byte) {
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return n, text[n:]
}

// cutByte removes one of some bytes from the beginning, if it is there.
func cutByte(text []byte, any string) (rest []byte, ok bool) {
	if len(text) > 0 && strings.IndexByte(any, text[0]) >= 0 {
		return text[1:], true
	}
	return text, false
}
