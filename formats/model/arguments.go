package model

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// argument reads what follows an opcode: a string or an int64, nil if nothing
// needs to know it.
func (m *machine) argument(a argument) any {
	switch a {
	case bytes1, bytes2, bytes4, bytes8:
		m.skip(1 << (a - bytes1))
	case counted1:
		m.skip(int64(m.u8()))
	case counted4:
		m.skip(int64(m.u32()))
	case counted8:
		m.skip(m.length())
	case signed4:
		m.skip(int64(int32(m.u32())))
	case text1:
		return m.counted(int64(m.u8()), utf8.ValidString)
	case text4:
		return m.counted(int64(m.u32()), utf8.ValidString)
	case text8:
		return m.counted(m.length(), utf8.ValidString)
	case ascii1:
		return m.counted(int64(m.u8()), isASCII)
	case ascii4:
		return m.counted(int64(int32(m.u32())), isASCII)
	case uint1:
		return int64(m.u8())
	case uint2:
		return int64(m.u16())
	case uint4:
		return int64(m.u32())
	case int4:
		return int64(int32(m.u32()))
	case long1:
		return m.long(int(m.u8()))
	default:
		return m.lines(a)
	}
	return nil
}

// lines reads an argument that is a line, or two.
func (m *machine) lines(a argument) any {
	if a == none {
		return nil
	}
	s, whole := m.line(maxString)
	switch a {
	case decimal:
		return m.decimal(s, whole)
	case float:
		if _, err := strconv.ParseFloat(s, 64); whole && err != nil {
			m.broken("", "a line that is to be a number is not")
		}
	case quoted:
		return m.quoted(s, whole)
	case escaped:
		return m.plain(s, whole && isASCII(s) && !strings.Contains(s, `\`))
	case importLines:
		name, also := m.line(maxString)
		return m.plain(s+"."+name, whole && also && utf8.ValidString(s+name))
	}
	return nil
}

// counted reads a text of n bytes, which is of no use if it is long or not
// valid.
func (m *machine) counted(n int64, valid func(string) bool) any {
	if n > maxString {
		m.skip(n)
		return nil
	}
	s := m.text(n, maxString)
	return m.plain(s, valid(s))
}

// plain returns s if it is known and there is room for it.
func (m *machine) plain(s string, known bool) any {
	if !known || !m.keep(len(s)+16) {
		return nil
	}
	return s
}

// decimal is an integer, unknown if it is large.
func (m *machine) decimal(s string, whole bool) any {
	if !whole {
		return nil
	}
	s = strings.TrimSuffix(s, "L")
	n, err := strconv.ParseInt(s, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return nil
	}
	if err != nil {
		m.broken("", "a line that is to be an integer is not")
	}
	return n
}

// quoted is a text in quotes, unknown if it has escapes.
func (m *machine) quoted(s string, whole bool) any {
	if !whole {
		return nil
	}
	if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '\'' && s[0] != '"' {
		m.broken("", "a line that is to be in quotes is not")
		return nil
	}
	s = s[1 : len(s)-1]
	return m.plain(s, isASCII(s) && !strings.Contains(s, `\`))
}

// long reads an integer of n bytes in two's complement.
func (m *machine) long(n int) any {
	if n == 0 || n > 8 {
		m.skip(int64(n))
		return nil
	}
	var v int64
	for shift := range n {
		v |= int64(m.u8()) << (8 * shift)
	}
	unused := 64 - 8*n
	return v << unused >> unused
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
