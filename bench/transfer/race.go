package main

import (
	"context"
	"errors"
	"log"
	"slices"
	"time"
)

// A benchCase is a job that all tools are given.
type benchCase struct {
	name  string
	about string
	bytes int64 // that are to be moved
	files int
	limit time.Duration // of one run; five minutes if less
	times int           // how often at most; 0 is as often as all
	extra *extra        // what is also counted

	among   []string // the tools that take part; nil: all but cairn with its cache
	prepare func(context.Context) error
	run     func(ctx context.Context, t *tool, round int) (sample, error)
	finish  func() error
}

// An extra is a column of one case.
type extra struct {
	title string
	cell  func(*sample) string
}

const (
	slow      = 15 * time.Second // a tool that takes so long
	slowTimes = 3                // is run no more often than this
)

// race has the tools do a case in turns, so many times each.
func (b *bench) race(ctx context.Context, c *benchCase, tools []*tool, runs int) (*result, error) {
	log.Printf("%s", c.name)
	r := newResult(c)
	if c.finish != nil {
		defer func() {
			if err := c.finish(); err != nil {
				log.Printf("%s: cleaning up: %v", c.name, err)
			}
		}()
	}
	if c.prepare != nil {
		if err := c.prepare(ctx); err != nil {
			return r, err
		}
	}
	tools = c.participants(tools)
	for _, t := range tools {
		r.add(t)
	}
	if c.times > 0 {
		runs = min(runs, c.times)
	}
	for round := range runs {
		for i, t := range tools {
			line := r.Tools[i]
			if line.Cannot != "" || line.isHopeless() || line.isSlow() && round >= slowTimes {
				continue
			}
			if err := b.turn(ctx, c, t, line, round); err != nil {
				return r, err
			}
		}
	}
	r.finish()
	return r, nil
}

// participants are those of the tools that take part.
func (c *benchCase) participants(tools []*tool) []*tool {
	return slices.DeleteFunc(slices.Clone(tools), func(t *tool) bool {
		if c.among == nil {
			return t.name == cairnKept
		}
		return !slices.Contains(c.among, t.name)
	})
}

// turn is one run of one tool. Its failure is the tool's, unless we were stopped.
func (b *bench) turn(ctx context.Context, c *benchCase, t *tool, line *line, round int) error {
	limited, cancel := context.WithTimeout(ctx, max(c.limit, 5*time.Minute))
	defer cancel()
	s, err := c.run(limited, t, round)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch cannot := cannotError(""); {
	case errors.As(err, &cannot):
		line.Cannot = string(cannot)
	case err != nil:
		log.Printf("%s: %s: %v", c.name, t.name, err)
		line.Failures = append(line.Failures, err.Error())
	default:
		line.Samples = append(line.Samples, s)
		log.Printf("%s: %s: %.2f s", c.name, t.name, s.Wall.Seconds())
	}
	return nil
}
