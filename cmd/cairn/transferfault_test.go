package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A load is what is moved through a server that does harm.
type load struct {
	name string
	make func(t *testing.T, dir string)
}

var loads = []load{
	{"one large", func(t *testing.T, dir string) { randomFile(t, filepath.Join(dir, "large"), 64<<20, 1) }},
	{"many small", func(t *testing.T, dir string) {
		for i := range 300 {
			randomFile(t, filepath.Join(dir, fmt.Sprint(i%10, "-", i)), int64(i*97), uint64(i))
		}
	}},
	{"some of a part each", func(t *testing.T, dir string) {
		for i := range 12 {
			randomFile(t, filepath.Join(dir, fmt.Sprint(i)), 3<<20, uint64(i))
		}
	}},
}

// thereAndBack runs a push of dir and a pull of it, does harm to both, and returns the
// requests of each.
func thereAndBack(t *testing.T, p *proxy, scheme, dir, date string, h harm) (push, pull []*passed) {
	t.Helper()
	into := filepath.Join(t.TempDir(), "into")
	p.begin(h)
	if _, stderr, code := result(t, p.program(t, scheme, "push", artifact, dir, "--date", date, "-q")); code != 0 {
		t.Fatalf("push: exit code %d, %s", code, stderr)
	}
	push = p.requests(nil)
	p.begin(h)
	if _, stderr, code := result(t, p.program(t, scheme, "pull", artifact+"@"+date, into, "-q")); code != 0 {
		t.Fatalf("pull: exit code %d, %s", code, stderr)
	}
	expectSame(t, dir, into)
	return push, p.requests(nil)
}

// A server that refuses every second request gets what must be asked again, and not much
// more.
func TestThrottled(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"minio", "s3"} {
		for _, l := range loads {
			t.Run(scheme+" "+l.name, func(t *testing.T) {
				t.Parallel()
				p, dir := newProxy(t), t.TempDir()
				l.make(t, dir)
				push, pull := thereAndBack(t, p, scheme, dir, "2026-06-17", harm{})
				pushThrottled, pullThrottled := thereAndBack(t, p, scheme, dir, "2026-06-18", harm{refuse: oneInTwo(1)})
				t.Logf("push: %d requests for %d; pull: %d for %d", len(pushThrottled), len(push), len(pullThrottled), len(pull))
				if len(pushThrottled) > len(push)*5/2 || len(pullThrottled) > len(pull)*5/2 {
					t.Error("which is too many")
				}
			})
		}
	}
}

// Connections that are reset in the midst, in either direction, lose and change nothing.
func TestResets(t *testing.T) {
	t.Parallel()
	runs, in := 3, 6
	if isSoak() {
		runs, in = 20, 10
	}
	for _, scheme := range []string{"minio", "s3"} {
		for _, l := range loads {
			t.Run(scheme+" "+l.name, func(t *testing.T) {
				t.Parallel()
				p, dir := newProxy(t), t.TempDir()
				l.make(t, dir)
				cuts := 0
				for seed := range runs {
					push, pull := thereAndBack(t, p, scheme, dir, fmt.Sprintf("2026-06-%02d", seed+1), harm{cut: cutSome(uint64(seed), in)})
					for _, r := range slices.Concat(push, pull) {
						if r.Cut {
							cuts++
						}
					}
				}
				t.Logf("%d connections were reset in %d runs", cuts, runs)
				if cuts == 0 {
					t.Error("none was")
				}
			})
		}
	}
}

// What comes very slowly on one connection is fetched on another.
func TestSlowStream(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"minio", "s3"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			p, dir := newProxy(t), t.TempDir()
			file := randomFile(t, filepath.Join(dir, "large"), 192<<20, 1)
			if _, stderr, code := result(t, p.program(t, scheme, "push", artifact, file, "--date", "2026-06-17", "-q")); code != 0 {
				t.Fatalf("push: exit code %d, %s", code, stderr)
			}
			var data atomic.Int32
			p.begin(harm{slow: func(r *passed) bool { return r.isData() && data.Add(1) == 3 }})
			into := t.TempDir()
			started := time.Now()
			if _, stderr, code := result(t, p.program(t, scheme, "pull", artifact+"@2026-06-17", into, "-q")); code != 0 {
				t.Fatalf("pull: exit code %d, %s", code, stderr)
			}
			expectSame(t, dir, into)
			slow := p.requests(func(r *passed) bool { return r.Slow })
			if len(slow) != 1 {
				t.Fatalf("%d streams were slow", len(slow))
			}
			brought, of := slow[0].back.Load(), slow[0].size.Load()
			t.Logf("the slow stream brought %d bytes of %d, in %s in all", brought, of, time.Since(started))
			if brought >= of/2 {
				t.Error("nobody has overtaken it")
			}
		})
	}
}

// A server that goes away for good is known to be gone, with what was lost.
func TestServerGone(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"minio", "s3"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			const size = 64 << 20
			p, file := newProxy(t), randomFile(t, filepath.Join(t.TempDir(), "large"), size, 1)
			goAway := func() {
				p.begin(harm{hold: func(total int64) {
					if total > size/2 {
						p.end()
					}
				}})
			}
			goAway()
			expectGone := func(verb, stderr string, code int) {
				t.Helper()
				var doc struct{ Error failure }
				lines := strings.Split(strings.TrimSpace(stderr), "\n")
				if err := json.Unmarshal([]byte(lines[len(lines)-1]), &doc); err != nil {
					t.Fatalf("%s: %v: %s", verb, err, stderr)
				}
				t.Logf("%s: %s", verb, stderr)
				if code != 1 || doc.Error.Kind != "temporary" {
					t.Errorf("%s: exit code %d", verb, code)
				}
				for _, word := range []string{artifact, "attempt", "connection"} {
					if !strings.Contains(doc.Error.Message, word) {
						t.Errorf("%s: it does not say %q", verb, word)
					}
				}
			}
			_, stderr, code := result(t, p.program(t, scheme, "push", artifact, file, "--date", "2026-06-17", "--json"))
			expectGone("push", stderr, code)
			if !strings.Contains(stderr, "part ") {
				t.Error("it does not say which part")
			}

			p = p.again(t)
			if _, stderr, code := result(t, p.program(t, scheme, "push", artifact, file, "--date", "2026-06-17", "--json")); code != 0 {
				t.Fatalf("push: exit code %d, %s", code, stderr)
			}
			goAway()
			into := t.TempDir()
			_, stderr, code = result(t, p.program(t, scheme, "pull", artifact+"@2026-06-17", into, "--json"))
			expectGone("pull", stderr, code)
			if _, err := os.Stat(filepath.Join(into, "large")); err == nil {
				t.Error("half of a file is in place")
			}
		})
	}
}

// A pull into a full disk says so, and goes through once there is room.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	p, dir := newProxy(t), t.TempDir()
	file := randomFile(t, filepath.Join(dir, "large"), 64<<20, 1)
	if _, stderr, code := result(t, p.program(t, "minio", "push", artifact, file, "--date", "2026-06-17", "-q")); code != 0 {
		t.Fatalf("push: exit code %d, %s", code, stderr)
	}
	into := t.TempDir()
	pull := p.program(t, "minio", "pull", artifact+"@2026-06-17", into, "-q")
	limited := p.program(t, "minio")
	limited.Args = append([]string{"sh", "-c", `ulimit -f 32768 && exec "$@"`, "sh"}, pull.Args...) // blocks of 512 bytes or 1 KiB
	limited.Path = "/bin/sh"
	_, stderr, code := result(t, limited)
	t.Logf("%s", stderr)
	if code != 1 || strings.Contains(stderr, "goroutine") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if _, stderr, code := result(t, pull); code != 0 {
		t.Errorf("with room: exit code %d, %s", code, stderr)
	}
	expectSame(t, dir, into)
}
