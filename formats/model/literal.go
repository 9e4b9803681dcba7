package model

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// A literal is the value of a Python expression: a string, an int64, a bool, a
// list, a tuple or a dict.
type literal = any

type (
	list  []literal
	tuple []literal
	dict  map[string]literal
)

// A literalParser reads what NumPy writes with repr: displays of strings,
// integers and booleans, and nothing that is computed. Its first error stays.
type literalParser struct {
	text   string
	at     int
	depth  int
	reason string // what is wrong at this place
}

func (p *literalParser) fail(reason string) literal {
	if p.reason == "" {
		p.reason = reason
	}
	return nil
}

// next passes over space and reports whether token follows, and if so passes
// over that.
func (p *literalParser) next(token string) bool {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
	if p.reason != "" || !strings.HasPrefix(p.text[p.at:], token) {
		return false
	}
	p.at += len(token)
	return true
}

func (p *literalParser) value() literal {
	const maxDepth = 16
	if p.depth++; p.depth > maxDepth {
		return p.fail("nests too deep")
	}
	defer func() { p.depth-- }()
	switch {
	case p.next("{"):
		return p.dict()
	case p.next("["):
		values, _ := p.values("]")
		return list(values)
	case p.next("("):
		values, comma := p.values(")")
		if len(values) == 1 && !comma {
			return values[0]
		}
		return tuple(values)
	case p.next("'"):
		return p.string('\'')
	case p.next(`"`):
		return p.string('"')
	case p.next("True"):
		return true
	case p.next("False"):
		return false
	}
	return p.integer()
}

// values reads up to the closing bracket, and reports whether a comma precedes
// that.
func (p *literalParser) values(closing string) (values []literal, comma bool) {
	for p.reason == "" {
		if p.next(closing) {
			return values, comma
		}
		if len(values) > 0 && !comma {
			p.fail("has no comma between two values")
		}
		values = append(values, p.value())
		comma = p.next(",")
	}
	return nil, false
}

func (p *literalParser) dict() literal {
	d := make(dict)
	for comma := true; p.reason == ""; comma = p.next(",") {
		if p.next("}") {
			return d
		}
		if !comma {
			return p.fail("has no comma between two members")
		}
		key, ok := p.value().(string)
		if _, twice := d[key]; !ok || twice {
			return p.fail("has a key that is no string or stands twice")
		}
		if !p.next(":") {
			return p.fail("has no colon after a key")
		}
		d[key] = p.value()
	}
	return nil
}

func (p *literalParser) integer() literal {
	digits := p.text[p.at:]
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || len(digits) > 1 && digits[0] == '0' {
		return p.fail("has something else where a value belongs")
	}
	p.at += len(digits)
	return n
}

// string reads the rest of a string up to the quote that began it.
func (p *literalParser) string(quote byte) literal {
	var s strings.Builder
	for p.at < len(p.text) {
		switch b := p.text[p.at]; {
		case b == quote:
			p.at++
			return s.String()
		case b == '\n':
			return p.fail("has a string that does not end in its line")
		case b == '\\':
			p.escape(&s, quote)
		default:
			s.WriteByte(b)
			p.at++
		}
		if p.reason != "" {
			return nil
		}
	}
	return p.fail("has a string that does not end")
}

// escape reads an escape that repr writes, which Go has too.
func (p *literalParser) escape(s *strings.Builder, quote byte) {
	r, _, rest, err := strconv.UnquoteChar(p.text[p.at:], quote)
	if err != nil || !utf8.ValidRune(r) || strings.IndexByte(`\'"nrtxuU`, p.text[p.at+1]) < 0 {
		p.fail("has an escape that repr does not write")
		return
	}
	s.WriteRune(r)
	p.at = len(p.text) - len(rest)
}
