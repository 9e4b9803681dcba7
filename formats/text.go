package formats

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The functions below print values, for people. SPEC.md says how.

func boolText(v []byte) string { return strconv.FormatBool(v[0] != 0) }

func intText(v []byte) string { return strconv.FormatInt(signed(v), 10) }

func uintText(v []byte) string { return strconv.FormatUint(unsigned(v), 10) }

func floatText(v []byte) string {
	switch len(v) {
	case 2:
		return numberText(float64(halfToFloat(uint16(unsigned(v)))), 32)
	case 4:
		return numberText(float64(math.Float32frombits(uint32(unsigned(v)))), 32)
	default:
		return numberText(math.Float64frombits(unsigned(v)), 64)
	}
}

// numberText prints a float as ECMAScript and RFC 8785 do, -0 as such.
func numberText(x float64, bits int) string {
	switch a := math.Abs(x); {
	case math.IsInf(x, 1):
		return "Infinity"
	case math.IsInf(x, -1):
		return "-Infinity"
	case a != 0 && (a < 1e-6 || a >= 1e21):
		return strings.Replace(strconv.FormatFloat(x, 'e', -1, bits), "e-0", "e-", 1)
	default:
		return strconv.FormatFloat(x, 'f', -1, bits)
	}
}

func halfToFloat(h uint16) float32 {
	sign, exp, frac := uint32(h>>15), int(h>>10&0x1f), uint32(h&0x3ff)
	var f float32
	switch exp {
	case 0:
		f = float32(math.Ldexp(float64(frac), -24))
	case 0x1f:
		f = float32(math.Inf(1))
	default:
		f = float32(math.Ldexp(float64(frac|0x400), exp-25))
	}
	return math.Float32frombits(math.Float32bits(f) | sign<<31)
}

func decimalText(scale int) func([]byte) string {
	return func(v []byte) string {
		b := slices.Clone(v)
		slices.Reverse(b)
		n := new(big.Int).SetBytes(b)
		if b[0]&0x80 != 0 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
		digits := n.String()
		if scale <= 0 {
			if digits == "0" {
				return digits
			}
			return digits + strings.Repeat("0", -scale)
		}
		digits, negative := strings.CutPrefix(digits, "-")
		if pad := scale + 1 - len(digits); pad > 0 {
			digits = strings.Repeat("0", pad) + digits
		}
		point := len(digits) - scale
		digits = digits[:point] + "." + digits[point:]
		if negative {
			return "-" + digits
		}
		return digits
	}
}

const daySeconds = 24 * 60 * 60

func dateText(v []byte) string {
	return dayText(time.Unix(signed(v)*daySeconds, 0).UTC())
}

// dayText prints years outside of 0 to 9999 with their sign.
func dayText(t time.Time) string {
	y := t.Year()
	s := t.Format("-01-02")
	switch {
	case y < 0:
		return "-" + fourDigits(-y) + s
	case y > 9999:
		return "+" + fourDigits(y) + s
	default:
		return fourDigits(y) + s
	}
}

func fourDigits(n int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(0, 4-len(s))) + s
}

func timestampText(u Unit, zoned bool) func([]byte) string {
	return func(v []byte) string {
		x := signed(v)
		seconds, rest := floorDiv(x, u.perSecond())
		t := time.Unix(seconds, rest*(1e9/u.perSecond())).UTC()
		return dayText(t) + "T" + t.Format("15:04:05.999999999") + zoneText(zoned)
	}
}

func timeText(u Unit, zoned bool) func([]byte) string {
	return func(v []byte) string {
		x := signed(v)
		if day := daySeconds * u.perSecond(); x < 0 || x >= day {
			return strconv.FormatInt(x, 10)
		}
		t := time.Unix(x/u.perSecond(), x%u.perSecond()*(1e9/u.perSecond())).UTC()
		return t.Format("15:04:05.999999999") + zoneText(zoned)
	}
}

func zoneText(zoned bool) string {
	if zoned {
		return "Z"
	}
	return ""
}

func floorDiv(x, y int64) (quotient, rest int64) {
	quotient, rest = x/y, x%y
	if rest < 0 {
		quotient--
		rest += y
	}
	return quotient, rest
}
