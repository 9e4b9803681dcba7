package arrow

import (
	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/formats/arrow/spelling"
)

// A candidate is a type that is inferred from texts.
type candidate struct {
	typ   formats.Type
	parse spelling.Parser
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
		parse, err := spelling.Of(t)
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
		g.excluded[i] = !ok || c.typ == formats.Float64 && spelling.IsRounded(text)
	}
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
