package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cairnstore/cairn"
)

// isSoak reports whether tests may take minutes and gigabytes.
func isSoak() bool { return os.Getenv("CAIRN_TEST_SOAK") != "" }

// isRace reports whether the programs are built with the race detector, which takes
// memory too.
func isRace() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// randomFile writes bytes that nothing can compress.
func randomFile(t *testing.T, file string, size int64, seed uint64) string {
	t.Helper()
	var key [32]byte
	key[0] = byte(seed)
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.CopyN(f, rand.NewChaCha8(key), size); err != nil {
		t.Fatal(err)
	}
	return file
}

// expectSame compares two folders.
func expectSame(t *testing.T, dir, into string) {
	t.Helper()
	want, err := cairn.Sources(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := cairn.Sources(into)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d files came back of %d", len(got), len(want))
	}
	for i := range want {
		if want[i].Path != got[i].Path || digest(t, want[i].File) != digest(t, got[i].File) {
			t.Errorf("%s came back as another", want[i].Path)
		}
	}
}

// interrupt runs cmd until n bytes have passed the proxy, lets none pass any more, sends
// the signal, and returns the exit code.
func interrupt(t *testing.T, p *proxy, cmd *exec.Cmd, n int64, signal syscall.Signal) (stderr string, code int) {
	t.Helper()
	reached, over := make(chan struct{}), make(chan struct{})
	var once sync.Once
	p.begin(harm{hold: func(total int64) {
		if total >= n {
			once.Do(func() { close(reached) })
			<-over
		}
	}})
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	select {
	case <-reached:
		time.Sleep(300 * time.Millisecond) // what has passed arrives
		cmd.Process.Signal(signal)
	case <-ended:
		t.Errorf("it ended before it was told to: %s", &errs)
	}
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Errorf("it went on after %s", signal)
		cmd.Process.Kill()
		<-ended
	}
	close(over)
	return errs.String(), cmd.ProcessState.ExitCode()
}

// What was cut off at nine tenths, in whatever way, goes on from there: what the server
// has said that it has is not sent again, and what has arrived not fetched again.
func TestResume(t *testing.T) {
	t.Parallel()
	size := int64(256 << 20)
	if isSoak() {
		size = 1 << 30
	}
	part := func(n int64) string { return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(size)) }
	for _, c := range []struct {
		scheme string
		signal syscall.Signal
		code   int
	}{{"minio", syscall.SIGKILL, -1}, {"s3", syscall.SIGKILL, -1}, {"minio", syscall.SIGTERM, 143}} {
		t.Run(fmt.Sprint(c.scheme, " ", c.signal), func(t *testing.T) {
			t.Parallel()
			p, cache, dir := newProxy(t), t.TempDir(), t.TempDir()
			file := randomFile(t, filepath.Join(dir, "large"), size, 1)
			push := func(p *proxy) *exec.Cmd {
				cmd := p.program(t, c.scheme, "push", artifact, file, "--date", "2026-06-17", "--json")
				cmd.Env = append(cmd.Env, "CAIRN_CACHE="+cache)
				return cmd
			}
			if stderr, code := interrupt(t, p, push(p), size*9/10, c.signal); code != c.code {
				t.Errorf("push: exit code %d, %s", code, stderr)
			}
			isPart := func(r *passed) bool { return r.isData() && r.Method == "PUT" }
			before, _ := p.moved(isPart)
			kept, _ := p.moved(func(r *passed) bool { return isPart(r) && r.Answered.Load() })
			p.begin(harm{})
			doc := pushTable(t, push(p))
			sent, _ := p.moved(isPart)
			t.Logf("push: %s was kept, %s sent after it, so %s twice", part(kept), part(sent), part(before+sent-size))
			if sent > size-kept || doc.Sent != sent {
				t.Errorf("%d bytes were sent of %d that were missing, and it says %d", sent, size-kept, doc.Sent)
			}
			if isSoak() && before+sent-size > size*15/100 { // which parts of a small file are under way is a matter of luck
				t.Error("that is too much")
			}

			into := t.TempDir()
			pull := func(p *proxy) *exec.Cmd {
				return p.program(t, c.scheme, "pull", artifact+"@2026-06-17", into, "-q")
			}
			if stderr, code := interrupt(t, p, pull(p), size*9/10, c.signal); code != c.code {
				t.Errorf("pull: exit code %d, %s", code, stderr)
			}
			_, before = p.moved((*passed).isData)
			p.begin(harm{})
			if _, stderr, code := result(t, pull(p)); code != 0 {
				t.Fatalf("pull after it: exit code %d, %s", code, stderr)
			}
			_, back := p.moved((*passed).isData)
			t.Logf("pull: %s was fetched after it, so %s twice", part(back), part(before+back-size))
			if before+back-size > size*15/100 {
				t.Error("that is too much")
			}
			expectSame(t, dir, into)
			if left, _ := filepath.Glob(filepath.Join(into, ".cairn", "parts", "*")); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// uploads lists those that are under way for the objects that were asked for.
func (p *proxy) uploads(t *testing.T) (found []string) {
	t.Helper()
	c := p.client(t)
	keys := make(map[string]bool) // MinIO lists the uploads of one at a time
	for _, r := range p.requests((*passed).isData) {
		keys[r.Key] = true
	}
	for key := range keys {
		list, err := c.ListMultipartUploads(t.Context(), p.minio.Bucket, key, "", "", "", 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range list.Uploads {
			found = append(found, u.Key+" "+u.UploadID)
		}
	}
	return found
}

// A push that is stopped leaves its parts in the store for the next one, unless that
// could not find them.
func TestStoppedPush(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	const size = 96 << 20
	file := randomFile(t, filepath.Join(t.TempDir(), "large"), size, 1)
	for _, c := range []struct {
		cache string
		left  int
	}{{t.TempDir(), 1}, {"/dev/null/none", 0}} {
		cmd := p.program(t, "minio", "push", artifact, file, "--date", "2026-06-17")
		cmd.Env = append(cmd.Env, "CAIRN_CACHE="+c.cache)
		if stderr, code := interrupt(t, p, cmd, size/2, syscall.SIGTERM); code != 143 {
			t.Errorf("exit code %d, %s", code, stderr)
		}
		if left := p.uploads(t); len(left) != c.left {
			t.Errorf("with the cache %s, %d uploads are left, and should be %d", c.cache, len(left), c.left)
		}
	}
}

// A second push of the same sends and reads nothing of it, whatever it is.
func TestNothingChanged(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(t *testing.T, file string){
		"bytes": func(t *testing.T, file string) { randomFile(t, file, 64<<20, 1) },
		"table": func(t *testing.T, file string) {
			wide{columns: 3, groups: 1, rows: 2_000_000}.write(t, file)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, cache := newProxy(t), t.TempDir()
			file := filepath.Join(t.TempDir(), "large")
			make(t, file)
			time.Sleep(200 * time.Millisecond) // what was written a moment ago may be written again without a trace
			push := func() (doc pushed, read int64) {
				t.Helper()
				p.begin(harm{})
				cmd := p.program(t, "minio", "push", artifact, file, "--date", "2026-06-17", "--json")
				cmd.Env = append(cmd.Env, "CAIRN_CACHE="+cache)
				var stdout, stderr bytes.Buffer
				cmd.Stdout, cmd.Stderr = &stdout, &stderr
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				read = readByProcess(t, cmd.Process.Pid)
				if err := cmd.Wait(); err != nil {
					t.Fatalf("%v\n%s", err, &stderr)
				}
				if err := json.Unmarshal(stdout.Bytes(), &doc); err != nil {
					t.Fatal(err)
				}
				return doc, read
			}
			if doc, read := push(); doc.Sent != doc.Bytes || read < doc.Bytes {
				t.Errorf("%d bytes were sent at first, and %d read", doc.Sent, read)
			}
			doc, read := push()
			sent, back := p.moved(nil)
			t.Logf("the second time it read %d bytes, sent %d, fetched %d, and asked for %q", read, sent, back, names(p.requests(nil)))
			if doc.Changed || doc.Sent != 0 || doc.Reused != doc.Bytes {
				t.Errorf("%d bytes were sent, and %d reused", doc.Sent, doc.Reused)
			}
			if data := p.requests((*passed).isData); len(data) > 0 {
				t.Errorf("it asked for data: %q", names(data))
			}
			if n := len(p.requests(nil)); n > 12 {
				t.Errorf("it made %d requests", n)
			}
			if read > doc.Bytes/8 {
				t.Errorf("it read %d bytes", read)
			}
		})
	}
}

// readByProcess waits for a process to end and returns how many bytes it has read, from
// wherever. It is still to be waited for after that.
func readByProcess(t *testing.T, pid int) (n int64) {
	t.Helper()
	const pidType, exited, noWait = 1, 4, 0x01000000 // P_PID, WEXITED, WNOWAIT
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, pidType, uintptr(pid), 0, exited|noWait, 0, 0)
		if errno == 0 {
			break
		}
		if errno != syscall.EINTR {
			t.Fatal(errno)
		}
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		t.Skip(err)
	}
	if _, err := fmt.Sscanf(string(b), "rchar: %d", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// One large file takes little memory, whatever it is.
func TestTransferMemory(t *testing.T) {
	size := int64(256 << 20)
	if isSoak() {
		size = 1 << 30
	}
	for _, scheme := range []string{"minio", "s3"} {
		t.Run(scheme, func(t *testing.T) {
			p, dir, into := newProxy(t), t.TempDir(), t.TempDir()
			p.endpoint = p.minio.Endpoint // not through it
			randomFile(t, filepath.Join(dir, "large"), size, 1)
			for _, cmd := range []*exec.Cmd{
				p.program(t, scheme, "push", artifact, dir, "--date", "2026-06-17"),
				p.program(t, scheme, "pull", artifact+"@2026-06-17", into),
			} {
				measured(t, cmd, fileMemory)
			}
			expectSame(t, dir, into)
		})
	}
}
