package layout

import "time"

// A Date is the execution date a version belongs to, written "2026-06-17". It
// is always given by the caller and never taken from a clock. Dates order as
// their text does.
type Date string

// ParseDate checks s and returns it as a Date. Only days that the calendar has
// are dates.
func ParseDate(s string) (Date, error) {
	if !looksLikeDate(s) {
		return "", invalid("date", s, "is not written YYYY-MM-DD")
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil || s < "0001" {
		return "", invalid("date", s, "is not a day of the calendar")
	}
	return Date(s), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Date) UnmarshalText(b []byte) (err error) {
	*d, err = ParseDate(string(b))
	return err
}

func looksLikeDate(s string) bool {
	if len(s) != len(time.DateOnly) {
		return false
	}
	for i := range len(s) {
		if dash := i == 4 || i == 7; dash != (s[i] == '-') || !dash && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}
