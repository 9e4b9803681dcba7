package main

import (
	"context"
	"errors"
)

// A shelf has what was sent before a case begins.
type shelf struct {
	bench  *bench
	each   bool // for each tool its own
	places map[string]place
}

func newShelf(b *bench) *shelf { return &shelf{bench: b, places: map[string]place{}} }

// place returns where the objects lie that t can read, and sends them there if
// they are not there yet.
func (s *shelf) place(ctx context.Context, t *tool, source string) (place, error) {
	sender := bareTool(s.bench.path("bare"))
	if s.each || t.own {
		sender = t
	}
	if p, ok := s.places[sender.name]; ok {
		return p, nil
	}
	p, err := s.bench.newPlace()
	if err != nil {
		return p, err
	}
	if _, err := s.bench.do(ctx, sender, s.bench.job(up, source, p), nil); err != nil {
		return p, errors.Join(err, s.bench.leave(p))
	}
	s.places[sender.name] = p
	return p, nil
}

func (s *shelf) clear() (err error) {
	for _, p := range s.places {
		err = errors.Join(err, s.bench.leave(p))
	}
	clear(s.places)
	return err
}
