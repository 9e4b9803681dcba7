package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// A bench has all that the cases share, and removes it in the end.
type bench struct {
	*server
	runner
	sources
	bin     string // of the tools
	dir     string // of the server and the sources
	fast    string // of what is downloaded, and of what the tools keep
	buckets int
}

func newBench(ctx context.Context, bin string) (b *bench, err error) {
	b = &bench{bin: filepath.Join(bin, "bench")}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	if b.dir, err = os.MkdirTemp("", "cairn-bench-"); err != nil {
		return b, err
	}
	if b.fast, err = os.MkdirTemp(roomy("/dev/shm", b.dir), "cairn-bench-"); err != nil {
		return b, err
	}
	b.runner = runner{measure: b.path("measure"), home: filepath.Join(b.dir, "home")}
	b.sources = sources{filepath.Join(b.dir, "sources")}
	for _, dir := range []string{b.runner.home, b.sources.dir} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return b, err
		}
	}
	b.server, err = startServer(ctx, filepath.Join(bin, "minio"), b.dir)
	return b, err
}

// path returns the path of a program that was installed.
func (b *bench) path(name string) string { return filepath.Join(b.bin, name) }

func (b *bench) close() {
	if b.server != nil {
		b.server.stop()
	}
	for _, dir := range []string{b.dir, b.fast} {
		if err := os.RemoveAll(dir); err != nil {
			log.Printf("something is left in %s: %v", dir, err)
		}
	}
}

// roomy returns dir, a file system in memory, if it has room for the downloads of
// all cases, else the other.
func roomy(dir, other string) string {
	const room = 6 << 30
	var s syscall.Statfs_t
	if syscall.Statfs(dir, &s) != nil || int64(s.Bavail)*int64(s.Bsize) < room {
		return other
	}
	return dir
}

// A place is a bucket, and a folder for a tool to keep things in.
type place struct{ bucket, state string }

func (b *bench) newPlace() (place, error) {
	b.buckets++
	p := place{bucket: fmt.Sprintf("bench-%d", b.buckets)}
	p.state = filepath.Join(b.fast, p.bucket)
	return p, errors.Join(b.makeBucket(p.bucket), os.Mkdir(p.state, 0o755))
}

func (b *bench) leave(p place) error {
	return errors.Join(b.removeBucket(p.bucket), os.RemoveAll(p.state))
}

const key = "data" // of every job

// job is one at p, without a relay between.
func (b *bench) job(v verb, local string, p place) *job {
	info, err := os.Stat(local)
	return &job{verb: v, tree: err == nil && info.IsDir(), local: local, endpoint: b.endpoint, bucket: p.bucket, key: key, state: p.state}
}

// do has t do j, and measures it.
func (b *bench) do(ctx context.Context, t *tool, j *job, relay *relay) (sample, error) {
	if relay != nil {
		j.endpoint = relay.endpoint
	}
	p, err := t.plan(j)
	if err != nil {
		return sample{}, err
	}
	if _, _, err := b.runAll(ctx, p.before, j.endpoint); err != nil {
		return sample{}, err
	}
	before, err := b.look(ctx, relay)
	if err != nil {
		return sample{}, err
	}
	took, told, err := b.runAll(ctx, p.timed, j.endpoint)
	if err != nil {
		return sample{}, err
	}
	after, err := b.look(ctx, relay)
	if err != nil {
		return sample{}, err
	}
	s := after.since(before)
	s.Wall, s.ClientCPU, s.Peak, s.Told = took.Wall, took.CPU, took.Peak, told
	s.Foreign = max(0, after.busy-before.busy-(after.ours-before.ours)-s.ServerCPU)
	s.Clean = isClean(took.Wall, s.Foreign)
	if relay != nil && relay.count != nil {
		s.Requests, s.Refused = relay.count()
	}
	return s, nil
}

// runAll runs commands in their order, and returns what they took and say they sent.
func (b *bench) runAll(ctx context.Context, commands []command, endpoint string) (all usage, told int64, err error) {
	for _, c := range commands {
		took, stdout, err := b.run(ctx, c, endpoint)
		if err != nil {
			return all, told, err
		}
		all.add(took)
		told += toldBytes(stdout)
	}
	return all, told, nil
}

// A state is what has been counted up to a moment.
type state struct {
	counters
	busy, ours, server time.Duration // processor time: of all, of us and the tools, of the server
}

func (b *bench) look(ctx context.Context, r *relay) (s state, err error) {
	if s.counters, err = b.counters(ctx); err != nil {
		return s, err
	}
	if s.server, err = processTime(b.pid()); err != nil {
		return s, err
	}
	if s.ours, err = ownTime(); err != nil {
		return s, err
	}
	if r != nil && r.pid != 0 {
		took, err := processTime(r.pid)
		if err != nil {
			return s, err
		}
		s.ours += took
	}
	s.busy, err = busyTime()
	return s, err
}

func (s *state) since(before state) sample {
	return sample{
		ServerCPU: s.server - before.server,
		Requests:  s.requests - before.requests,
		Received:  s.received - before.received,
		Sent:      s.sent - before.sent,
	}
}

// check sees whether what a download has left is what was sent.
func (b *bench) check(ctx context.Context, t *tool, j *job, source string) error {
	p, err := t.plan(j)
	if err != nil {
		return err
	}
	arrived := j.local
	if p.result != "" {
		arrived = p.result
	}
	return same(ctx, source, arrived)
}

// toldBytes returns what cairn push --json says it has sent, or 0.
func toldBytes(stdout []byte) int64 {
	var said struct {
		Sent int64 `json:"sent"`
	}
	if json.Unmarshal(stdout, &said) != nil {
		return 0
	}
	return said.Sent
}
