package main

import (
	"context"
	"fmt"
	"time"
)

const fewer = 20 // times as few files for a peer, which would take hours

// manyCases have cairn move very many small files, and s5cmd a part of them.
func (b *bench) manyCases(s sizes) []*benchCase {
	var all []*benchCase
	for _, v := range []verb{up, down} {
		shelf := newShelf(b)
		c := &benchCase{
			name:  fmt.Sprintf("many-%s-%dx%s", v, s.many, amount(s.manyOf)),
			about: fmt.Sprintf("Very many small files, once. s5cmd moves %d of them; what that takes is multiplied by %d, except for memory.", s.many/fewer, fewer),
			bytes: s.manyOf * int64(s.many), files: s.many,
			among: []string{cairnName, "s5cmd"}, times: 1, limit: 2 * time.Hour,
			finish: shelf.clear,
		}
		c.run = func(ctx context.Context, t *tool, _ int) (sample, error) {
			n, times := s.many, 1
			if t.name == "s5cmd" {
				n, times = s.many/fewer, fewer
			}
			local, err := b.tree(n, s.manyOf)
			if err != nil {
				return sample{}, err
			}
			taken, err := b.moveOnce(ctx, t, v, local, shelf)
			taken.scale(times)
			return taken, err
		}
		all = append(all, c)
	}
	return all
}

func (b *bench) moveOnce(ctx context.Context, t *tool, v verb, local string, s *shelf) (sample, error) {
	if v == up {
		return b.sendOnce(ctx, t, local, nil)
	}
	p, err := s.place(ctx, t, local)
	if err != nil {
		return sample{}, err
	}
	return b.fetch(ctx, t, p, local, nil, true)
}
