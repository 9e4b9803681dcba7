package arrow

import "github.com/cairnstore/cairn/formats"

// A candidate is a type that is inferred from texts.
type candidate struct {
	typ   formats.Type
	parse parser
}

// candidates are in the order of preference.
var candidates = func() (all []candidate) {
	for _, t := range []formats.Type{
		formats.Int64,
		formats.Float64,
		formats.Bool,
		formats.Date,
		formats.Timestamp(formats.Micro, "UTC"),
	} {
		parse, err := parserOf(t)
		if err != nil {
			panic(err)
		}
		all = append(all, candidate{t, parse})
	}
	return all
}()

// A guess is what a column of texts can be, by those that have been seen.
type guess struct {
	excluded [8]bool // by index of candidates
	seen     bool    // any text that is not empty
	quoted   bool    // an empty text in quotes
	scratch  []byte
}

func (g *guess) see(text []byte, quoted bool) {
	if len(text) == 0 {
		g.quoted = g.quoted || quoted
		return
	}
	g.seen = true
	for i, c := range candidates {
		if g.excluded[i] {
			continue
		}
		var ok bool
		g.scratch, ok = c.parse(g.scratch[:0], text)
		g.excluded[i] = !ok || c.typ == formats.Float64 && isRounded(text)
	}
}

// isRounded reports whether a number is an integer that a float64 need not hold
// exactly. Such are identifiers.
func isRounded(text []byte) bool {
	v, _, ok := parseInteger(text)
	whole, _ := cutByte(text, "-")
	n, rest := digits(whole)
	return n > 1 && len(rest) == 0 && (!ok || v > 1<<53)
}

func (g *guess) result() formats.Type {
	if !g.seen && !g.quoted {
		return formats.Null
	}
	for i, c := range candidates {
		if g.seen && !g.excluded[i] {
			return c.typ
		}
	}
	return formats.String
}
