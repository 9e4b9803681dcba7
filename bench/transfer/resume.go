package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const killedAt = 0.9 // of the bytes

// resumeCases kill a transfer that is nearly done and start it again.
func (b *bench) resumeCases(s sizes) []*benchCase {
	return []*benchCase{b.resumeCase("resume-up-", up, s), b.resumeCase("resume-down-", down, s)}
}

func (b *bench) resumeCase(name string, v verb, s sizes) *benchCase {
	shelf := newShelf(b)
	var local string
	c := &benchCase{
		name: name + amount(s.file), bytes: s.file, files: 1, times: 3,
		about: "A transfer that was killed when 90 % of its bytes had moved, and is started again with the same cache. What is measured is the second run. The other tools begin anew with a file that was cut off.",
		among: []string{cairnKept},
		extra: &extra{"bytes moved twice", func(s *sample) string { return fmt.Sprintf("%.1f %%", 100*s.Again) }},
	}
	c.prepare = warmed(&local, func() (string, error) { return b.file(s.file) })
	c.finish = shelf.clear
	c.run = func(ctx context.Context, t *tool, _ int) (sample, error) {
		if v == up {
			p, err := b.newPlace()
			if err != nil {
				return sample{}, err
			}
			taken, err := b.resume(ctx, t, b.job(up, local, p), c.bytes)
			return taken, errors.Join(err, b.leave(p))
		}
		p, err := shelf.place(ctx, t, local)
		if err != nil {
			return sample{}, err
		}
		j := b.job(down, local, p)
		j.local = filepath.Join(p.state, "arrived")
		taken, err := b.resume(ctx, t, j, c.bytes)
		if err == nil {
			err = b.check(ctx, t, j, local)
		}
		return taken, errors.Join(err, os.RemoveAll(j.local))
	}
	return c
}

// resume has t do j, kills it when so much of the bytes has moved, and measures how
// t does j again.
func (b *bench) resume(ctx context.Context, t *tool, j *job, bytes int64) (sample, error) {
	before, err := b.counters(ctx)
	if err != nil {
		return sample{}, err
	}
	if err := b.killAt(ctx, t, j, before, int64(killedAt*float64(bytes))); err != nil {
		return sample{}, err
	}
	s, err := b.do(ctx, t, j, nil)
	if err != nil {
		return s, err
	}
	after, err := b.counters(ctx)
	s.Again = float64(after.moved()-before.moved())/float64(bytes) - 1
	return s, err
}

func (c *counters) moved() int64 { return c.received + c.sent }

func (b *bench) killAt(ctx context.Context, t *tool, j *job, before counters, bytes int64) error {
	ctx, kill := context.WithCancel(ctx)
	defer kill()
	p, err := t.plan(j)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		_, _, err := b.run(ctx, p.timed[0], j.endpoint)
		ended <- err
	}()
	for {
		select {
		case err := <-ended:
			return errors.Join(errors.New("it ended before it could be killed"), err)
		case <-time.After(5 * time.Millisecond):
		}
		now, _, err := b.count()
		if err != nil {
			return err
		}
		if now.moved()-before.moved() >= bytes {
			kill()
			<-ended
			return nil
		}
	}
}
