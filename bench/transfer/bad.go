package main

import (
	"context"
	"fmt"
	"time"
)

// badCases send through a network, or to a server, that is not at its best.
func (b *bench) badCases(s sizes) []*benchCase {
	file := func() (string, error) { return b.file(s.bad) }
	size := amount(s.bad)
	bad := "through toxiproxy: a round trip takes 100 ms, and for each MiB that passes the connection is reset with a probability of 1 %, at the same bytes for each tool."
	return []*benchCase{
		b.toxicCase(&benchCase{name: "latency-up-" + size, about: "One file " + bad, among: []string{cairnName, "s5cmd"}, bytes: s.bad, files: 1}, up, file),
		b.toxicCase(&benchCase{name: "latency-down-" + size, about: "The same back, " + bad, among: []string{cairnName, "s5cmd"}, bytes: s.bad, files: 1}, down, file),
		b.throttleCase(&benchCase{
			name: "throttle-up-" + size, bytes: s.bad, files: 1,
			about: "One file to a server that answers half of all requests with 503 SlowDown. Requests are those that reached it; needed are those of the same transfer when none is refused.",
			among: []string{cairnName, "s5cmd", "rclone"},
			extra: &extra{"requests of those needed", func(s *sample) string {
				return fmt.Sprintf("%.2f (%d refused)", float64(s.Requests)/float64(s.Needed), s.Refused)
			}},
		}, file),
	}
}

func (b *bench) toxicCase(c *benchCase, v verb, source func() (string, error)) *benchCase {
	shelf := newShelf(b)
	var local string
	c.prepare = warmed(&local, source)
	c.finish = shelf.clear
	c.run = func(ctx context.Context, t *tool, round int) (s sample, err error) {
		r, err := b.startToxic(ctx, round)
		if err != nil {
			return s, err
		}
		defer r.stop()
		if v == down {
			p, err := shelf.place(ctx, t, local)
			if err != nil {
				return s, err
			}
			return b.fetch(ctx, t, p, local, r, true)
		}
		return b.sendOnce(ctx, t, local, r)
	}
	return c
}

// throttleCase has each tool do the job twice, since only a server that refuses
// nobody tells what was needed.
func (b *bench) throttleCase(c *benchCase, source func() (string, error)) *benchCase {
	var local string
	c.times = 3
	c.limit = 10 * time.Minute
	c.prepare = warmed(&local, source)
	c.run = func(ctx context.Context, t *tool, round int) (s sample, err error) {
		for _, share := range []float64{0, 0.5} {
			needed := s.Requests
			r, err := b.startThrottle(share, round)
			if err != nil {
				return s, err
			}
			s, err = b.sendOnce(ctx, t, local, r)
			r.stop()
			if err != nil {
				return s, err
			}
			s.Needed = needed
		}
		return s, nil
	}
	return c
}
