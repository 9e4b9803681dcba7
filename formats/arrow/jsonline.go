package arrow

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/cairnstore/cairn/formats"
)

// A jsonLine is a line with an object. Its values are taken as they stand: a
// decoder would round numbers, and put other characters in the place of what is
// not Unicode.
type jsonLine struct {
	raw  []byte // as it stands in the file
	text []byte // without the end of the line
	row  int64
	pos  int
}

func (l *jsonLine) broken(format string, args ...any) error {
	return formats.Unreadable("line %d: %w", l.row+1, formats.Unreadable(format, args...))
}

// check checks that the line is an object of JSON.
func (l *jsonLine) check() error {
	if !json.Valid(l.text) || !utf8.Valid(l.text) {
		return l.broken("it is not JSON")
	}
	if l.pos = 0; l.peek() != '{' {
		return l.broken("it is no object")
	}
	for i := 0; i < len(l.text); i++ {
		if l.text[i] != '\\' {
			continue
		}
		if i++; l.text[i] != 'u' {
			continue
		}
		switch unit := hex4(l.text[i+1:]); {
		case unit>>10 == 0xdc00>>10:
			return l.broken("it holds half of a surrogate pair")
		case unit>>10 == 0xd800>>10:
			if rest := l.text[i+5:]; len(rest) < 6 || rest[0] != '\\' || rest[1] != 'u' || hex4(rest[2:])>>10 != 0xdc00>>10 {
				return l.broken("it holds half of a surrogate pair")
			}
			i += 6
		}
		i += 4
	}
	return nil
}

func hex4(b []byte) uint64 {
	v, _ := strconv.ParseUint(string(b[:4]), 16, 16)
	return v
}

// members calls each for the members. The line has been checked.
func (l *jsonLine) members(each func(name string, value []byte) error) error {
	l.pos = 0
	l.peek()
	for l.pos++; l.peek() != '}'; {
		name := unquote(l.value())
		l.peek()
		l.pos++ // the colon
		l.peek()
		if err := each(string(name), l.value()); err != nil {
			return err
		}
		if l.peek() == ',' {
			l.pos++
		}
	}
	return nil
}

// peek passes over spaces and returns the next byte.
func (l *jsonLine) peek() byte {
	for {
		switch c := l.text[l.pos]; c {
		case ' ', '\t', '\r', '\n':
			l.pos++
		default:
			return c
		}
	}
}

// value returns the value that begins here, with what is in it.
func (l *jsonLine) value() []byte {
	start, depth := l.pos, 0
	for {
		switch l.text[l.pos] {
		case '"':
			l.skipText()
		case '{', '[':
			depth++
			l.pos++
		case '}', ']':
			depth--
			l.pos++
		default:
			l.pos++
			if depth == 0 {
				l.skipLiteral()
			}
		}
		if depth == 0 {
			return l.text[start:l.pos]
		}
	}
}

func (l *jsonLine) skipText() {
	for l.pos++; l.text[l.pos] != '"'; l.pos++ {
		if l.text[l.pos] == '\\' {
			l.pos++
		}
	}
	l.pos++
}

// skipLiteral passes over the rest of a number, true, false or null.
func (l *jsonLine) skipLiteral() {
	for {
		switch l.text[l.pos] {
		case ',', '}', ']', ' ', '\t', '\r', '\n':
			return
		}
		l.pos++
	}
}

// unquote returns the characters of a text in quotes.
func unquote(value []byte) []byte {
	for _, c := range value {
		if c == '\\' {
			var s string
			if err := json.Unmarshal(value, &s); err != nil {
				panic(err)
			}
			return []byte(s)
		}
	}
	return value[1 : len(value)-1]
}
