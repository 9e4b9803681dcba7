package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

const mib = 1 << 20

// sizes are those of the jobs.
type sizes struct {
	file    int64 // of the large file
	bad     int64 // of the file that goes through a bad network
	files   int   // of a tree
	each    int64 // of a file of a tree
	many    int   // files of the largest tree
	manyOf  int64 // of a file of that
	groups  int   // of the table
	rows    int   // of each group
	columns int
}

var (
	whole = sizes{file: 1 << 30, bad: 256 * mib, files: 5000, each: 16 << 10, many: 600_000, manyOf: 3 << 10, groups: 8, rows: 838_861, columns: 20}
	quick = sizes{file: 256 * mib, bad: 64 * mib, files: 1000, each: 16 << 10, many: 20_000, manyOf: 3 << 10, groups: 2, rows: 838_861, columns: 20}
)

// cases returns those that o asks for.
func (b *bench) cases(o *options) []*benchCase {
	s := whole
	if o.quick {
		s = quick
	}
	file := func() (string, error) { return b.file(s.file) }
	tree := func() (string, error) { return b.tree(s.files, s.each) }
	large, small := amount(s.file), fmt.Sprintf("%dx%s", s.files, amount(s.each))
	all := []*benchCase{
		b.upCase(&benchCase{name: "up-" + large, about: "One file to the server.", bytes: s.file, files: 1}, file),
		b.downCase(&benchCase{name: "down-" + large, about: "The same back. Each tool's first file is compared with what was sent.", bytes: s.file, files: 1}, file),
		b.upCase(&benchCase{name: "up-" + small, about: "Small files to the server.", bytes: s.each * int64(s.files), files: s.files}, tree),
		b.downCase(&benchCase{name: "down-" + small, about: "The same back.", bytes: s.each * int64(s.files), files: s.files}, tree),
		b.againCase(&benchCase{name: "again-" + large, about: "The file once more, of which nothing has changed.", bytes: s.file, files: 1}, file),
	}
	all = append(all, b.deltaCases(s)...)
	all = append(all, b.resumeCases(s)...)
	all = append(all, b.badCases(s)...)
	if o.many {
		all = append(all, b.manyCases(s)...)
	}
	return slices.DeleteFunc(all, func(c *benchCase) bool {
		matched, err := filepath.Match(o.cases, c.name)
		return err != nil || !matched
	})
}

// amount is a size as in 16KiB.
func amount(n int64) string {
	for i, unit := range []string{"GiB", "MiB", "KiB"} {
		if size := int64(1) << (30 - 10*i); n%size == 0 {
			return fmt.Sprintf("%d%s", n/size, unit)
		}
	}
	return fmt.Sprintf("%dB", n)
}

// warmed makes what is to be sent, says where it is, and warms it.
func warmed(local *string, source func() (string, error)) func(context.Context) error {
	return func(ctx context.Context) (err error) {
		if *local, err = source(); err != nil {
			return err
		}
		return warm(ctx, *local)
	}
}

// upCase has a tool send what source makes, each time to an empty bucket.
func (b *bench) upCase(c *benchCase, source func() (string, error)) *benchCase {
	var local string
	c.prepare = warmed(&local, source)
	c.run = func(ctx context.Context, t *tool, _ int) (sample, error) {
		s, err := b.sendOnce(ctx, t, local, nil)
		if err == nil && s.Received < c.bytes {
			err = fmt.Errorf("only %d of %d bytes have reached the server", s.Received, c.bytes)
		}
		return s, err
	}
	return c
}

// sendOnce measures an upload to an empty bucket.
func (b *bench) sendOnce(ctx context.Context, t *tool, local string, r *relay) (s sample, err error) {
	p, err := b.newPlace()
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, b.leave(p)) }()
	return b.do(ctx, t, b.job(up, local, p), r)
}

// downCase has a tool fetch what was sent before: by itself, if it keeps objects in
// a form of its own, otherwise by the bare one.
func (b *bench) downCase(c *benchCase, source func() (string, error)) *benchCase {
	shelf := newShelf(b)
	var local string
	c.prepare = warmed(&local, source)
	c.finish = shelf.clear
	c.run = func(ctx context.Context, t *tool, round int) (s sample, err error) {
		p, err := shelf.place(ctx, t, local)
		if err != nil {
			return s, err
		}
		return b.fetch(ctx, t, p, local, nil, round == 0)
	}
	return c
}

// fetch measures a download of what lies at p, and removes what has arrived.
func (b *bench) fetch(ctx context.Context, t *tool, p place, source string, r *relay, check bool) (s sample, err error) {
	to := filepath.Join(p.state, "arrived")
	j := b.job(down, source, p)
	j.local = to
	defer func() { err = errors.Join(err, os.RemoveAll(to)) }()
	if s, err = b.do(ctx, t, j, r); err != nil || !check {
		return s, err
	}
	return s, b.check(ctx, t, j, source)
}

// againCase has a tool send again what it has sent.
func (b *bench) againCase(c *benchCase, source func() (string, error)) *benchCase {
	shelf := newShelf(b)
	shelf.each = true
	c.among = []string{cairnName, cairnKept, "s5cmd", "rclone", "CRT", "obstore", "s3torchconnector", "DVC", "boto3"}
	var local string
	c.prepare = warmed(&local, source)
	c.finish = shelf.clear
	c.run = func(ctx context.Context, t *tool, _ int) (s sample, err error) {
		if _, err := t.plan(b.job(again, local, place{})); err != nil {
			return s, err
		}
		p, err := shelf.place(ctx, t, local)
		if err != nil {
			return s, err
		}
		return b.do(ctx, t, b.job(again, local, p), nil)
	}
	return c
}
