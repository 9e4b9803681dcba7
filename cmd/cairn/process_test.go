package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/open"
	"github.com/cairnstore/cairn/store/storetest/server"
)

const artifact = "datasets/flights"

// stores runs a test on a local folder and on MinIO.
func stores(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("file", func(t *testing.T) { test(t, t.TempDir()) })
	t.Run("minio", func(t *testing.T) {
		s := server.MinIO(t)
		t.Setenv("AWS_ACCESS_KEY_ID", s.User)
		t.Setenv("AWS_SECRET_ACCESS_KEY", s.Password)
		test(t, "minio://"+s.Endpoint+"/"+s.Bucket+"?tls=false")
	})
}

// program returns the real program, as a process of its own, on a store.
func program(t *testing.T, url string, args ...string) *exec.Cmd {
	cmd := exec.Command("cairn", args...)
	cmd.Env = append(os.Environ(), "CAIRN_STORE="+url, "CAIRN_CACHE="+filepath.Join(t.TempDir(), "cache"), "CAIRN_TERMINATION_LOG=")
	return cmd
}

// result runs cmd and returns what it printed and its exit code.
func result(t *testing.T, cmd *exec.Cmd) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func must(t *testing.T, url string, args ...string) string {
	t.Helper()
	stdout, stderr, code := result(t, program(t, url, args...))
	if code != 0 {
		t.Fatalf("cairn %s: exit code %d: %s", strings.Join(args, " "), code, stderr)
	}
	return strings.TrimSuffix(stdout, "\n")
}

func write(t *testing.T, file string, body []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, body, 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

func openRepo(t *testing.T, url string) *cairn.Repo {
	t.Helper()
	s, err := open.URL(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	r, err := cairn.Open(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every state that any of many processes was told it had made is in the history
// exactly once, without a gap.
func TestManyProcesses(t *testing.T) {
	const processes = 16
	stores(t, func(t *testing.T, url string) {
		run := func(name string, args func(i int) []string) {
			acknowledged := make([]string, processes)
			var group sync.WaitGroup
			for i := range processes {
				cmd := program(t, url, args(i)...)
				group.Go(func() {
					out, err := cmd.Output()
					if err != nil {
						t.Errorf("process %d: %v", i, err)
					}
					acknowledged[i] = strings.TrimSpace(string(out))
				})
			}
			group.Wait()
			if t.Failed() {
				return
			}
			slices.Sort(acknowledged)
			if got := history(t, url, name, processes); !slices.Equal(got, acknowledged) {
				t.Errorf("%s: the history has %q, and %q were acknowledged", name, got, acknowledged)
			}
		}
		run("2026-06-17", func(i int) []string {
			file := write(t, filepath.Join(t.TempDir(), "a"), fmt.Appendf(nil, "by process %d", i))
			return []string{"push", artifact, file, "--date", "2026-06-17", "-q"}
		})
		if t.Failed() {
			return
		}
		var refs []string
		for p, err := range openRepo(t, url).Log(t.Context(), artifact, "date=2026-06-17") {
			if err != nil {
				t.Fatal(err)
			}
			refs = append(refs, p.Pin().String())
		}
		run("prod", func(i int) []string { return []string{"point", artifact, "prod", refs[i], "-q"} })
	})
}

// history returns the versions that a name has had, sorted, after checking that
// their numbers have no gap. That each state names the one before is checked by
// the log itself.
func history(t *testing.T, url, name string, want int) []string {
	t.Helper()
	var pins []string
	seq := int64(want)
	n, err := layout.ParseName(name)
	if err != nil {
		t.Fatal(err)
	}
	for p, err := range openRepo(t, url).Log(t.Context(), artifact, n) {
		if err != nil {
			t.Fatal(err)
		}
		if p.Seq != seq {
			t.Errorf("%s: state %d where %d is due", name, p.Seq, seq)
		}
		seq--
		pins = append(pins, p.Pin().String())
	}
	slices.Sort(pins)
	return pins
}

// A push that is killed at any moment leaves no version that cannot be read back
// whole, and the next one succeeds.
func TestKill(t *testing.T) {
	const kills = 200
	stores(t, func(t *testing.T, url string) {
		dir, cache := t.TempDir(), t.TempDir()
		push := func(i int) *exec.Cmd {
			for j := range 3 {
				body := bytes.Repeat(fmt.Appendf(nil, "push %d file %d\n", i, j), 20_000)
				write(t, filepath.Join(dir, fmt.Sprint("part-", j)), body)
			}
			cmd := program(t, url, "push", artifact, dir, "--date", "2026-06-17", "--point", "prod", "-q")
			cmd.Env = append(cmd.Env, "CAIRN_CACHE="+cache)
			return cmd
		}
		started := time.Now()
		if err := push(0).Run(); err != nil {
			t.Fatal(err)
		}
		whole := time.Since(started)
		killed := 0
		for i := 1; i <= kills; i++ {
			cmd := push(i)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(rand.N(whole * 5 / 4))
			cmd.Process.Kill()
			if cmd.Wait() != nil {
				killed++
			}
			expectWhole(t, url, i)
		}
		if err := push(kills + 1).Run(); err != nil {
			t.Errorf("the push after %d kills: %v", killed, err)
		}
		expectWhole(t, url, kills+1)
		t.Logf("%d of %d pushes were killed before they were done", killed, kills)
		if killed == 0 {
			t.Error("none was killed")
		}
	})
}

// expectWhole checks that what the names mean can be pulled, and is what one of
// the pushes pushed.
func expectWhole(t *testing.T, url string, pushes int) {
	t.Helper()
	r := openRepo(t, url)
	entries, err := r.Entries(t.Context(), artifact)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		versions, err := r.Resolve(t.Context(), e.Pin.Ref())
		if err != nil {
			t.Fatal(err)
		}
		into := t.TempDir()
		if err := versions[0].Pull(t.Context(), into, nil); err != nil {
			t.Fatalf("%s is named and cannot be read: %v", e.Pin, err)
		}
		var first int
		for j := range 3 {
			body, err := os.ReadFile(filepath.Join(into, fmt.Sprint("part-", j)))
			var i, k int
			if _, scanErr := fmt.Sscanf(string(body[:min(len(body), 40)]), "push %d file %d", &i, &k); err != nil || scanErr != nil || k != j || i > pushes {
				t.Fatalf("%s holds what nobody pushed: %.40q", e.Pin, body)
			}
			if j == 0 {
				first = i
			} else if i != first {
				t.Fatalf("%s mixes pushes %d and %d", e.Pin, first, i)
			}
		}
		os.RemoveAll(into)
	}
}

// A push that is told to stop does so with the right code, leaves nothing
// visible, and goes on where it stopped.
func TestSignals(t *testing.T) {
	for _, c := range []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGINT, 130}, {syscall.SIGTERM, 143}} {
		t.Run(c.signal.String(), func(t *testing.T) {
			url, cache := t.TempDir(), t.TempDir()
			dir := t.TempDir()
			write(t, filepath.Join(dir, "small"), []byte("small"))
			large := write(t, filepath.Join(dir, "large"), nil)
			if err := os.Truncate(large, 2<<30); err != nil {
				t.Fatal(err)
			}
			push := func() *exec.Cmd {
				cmd := program(t, url, "push", artifact, dir, "--date", "2026-06-17", "--json")
				cmd.Env = append(cmd.Env, "CAIRN_CACHE="+cache)
				return cmd
			}
			cmd := push()
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			waitForUpload(t, url)
			cmd.Process.Signal(c.signal)
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != c.code {
				t.Fatalf("exit code %d: %s", code, &stderr)
			}
			expectParked(t, url)
			if _, _, code := result(t, program(t, url, "resolve", artifact+"@2026-06-17")); code != 2 {
				t.Errorf("a push that was stopped can be resolved: %d", code)
			}
			out, err := push().Output()
			var doc pushed
			if err != nil || json.Unmarshal(out, &doc) != nil || !doc.Changed {
				t.Fatalf("the push after it: %v, %s", err, out)
			}
			if doc.Reused < int64(len("small")) {
				t.Errorf("%d bytes were reused of what the first push had stored", doc.Reused)
			}
			if left, _ := filepath.Glob(filepath.Join(url, ".tmp", "*")); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// expectParked checks that a local store has nothing unfinished but one file for the
// next push to go on with.
func expectParked(t *testing.T, url string) {
	t.Helper()
	left, _ := filepath.Glob(filepath.Join(url, ".tmp", "*"))
	if len(left) != 1 || filepath.Ext(left[0]) != ".parts" {
		t.Errorf("left behind: %q", left)
	}
}

// waitForUpload waits until a large file is on its way into the store, and the
// small one is in it.
func waitForUpload(t *testing.T, url string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		large := false
		files, _ := filepath.Glob(filepath.Join(url, ".tmp", "*"))
		for _, f := range files {
			st, err := os.Stat(f)
			large = large || err == nil && st.Size() > 10<<20
		}
		small, _ := filepath.Glob(filepath.Join(url, artifact, "date=2026-06-17", "*", "*"))
		if large && len(small) > 0 {
			return
		}
	}
	t.Fatal("no upload began")
}

// One damaged object of any kind: a command that reads it ends with 2 and names
// it; one that does not prints what it printed before; none gives wrong bytes.
func TestDamage(t *testing.T) {
	url := t.TempDir()
	data := t.TempDir()
	write(t, filepath.Join(data, "a.csv"), []byte("a,b\n1,2\n"))
	write(t, filepath.Join(data, "empty"), nil)
	v1 := must(t, url, "push", artifact, data, "--date", "2026-06-17", "--label", "v1", "--point", "prod", "-q")
	write(t, filepath.Join(data, "a.csv"), []byte("a,b\n3,4\n"))
	must(t, url, "push", artifact, data, "--date", "2026-06-17", "--point", "prod", "-q")
	must(t, url, "push", "features/delay", data, "--date", "2026-06-17", "--input", v1, "-q")

	commands := [][]string{
		{"resolve", artifact + "@2026-06-17"}, {"resolve", artifact + "@v1"}, {"resolve", artifact + "@prod"}, {"resolve", v1},
		{"resolve", artifact + "@2026-06-01..2026-06-30"},
		{"show", artifact + "@2026-06-17", "--json"}, {"show", v1, "--json"}, {"ls", "--json"}, {"ls", artifact, "--json"},
		{"log", artifact, "2026-06-17", "--json"}, {"log", artifact, "prod", "--json"}, {"log", artifact, "v1", "--json"},
		{"pull", artifact + "@2026-06-17", "DEST"}, {"pull", v1, "DEST"},
	}
	type outcome struct {
		stdout string
		files  map[string]string
	}
	try := func(t *testing.T, args []string) (outcome, string, int) {
		dest := filepath.Join(t.TempDir(), "dest")
		args = slices.Clone(args)
		if i := slices.Index(args, "DEST"); i >= 0 {
			args[i] = dest
		}
		stdout, stderr, code := result(t, program(t, url, args...))
		found := map[string]string{}
		filepath.WalkDir(dest, func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				body, _ := os.ReadFile(path)
				found[path[len(dest):]] = string(body)
			}
			return nil
		})
		return outcome{stdout, found}, stderr, code
	}
	want := make([]outcome, len(commands))
	for i, args := range commands {
		var code int
		if want[i], _, code = try(t, args); code != 0 {
			t.Fatalf("%q ends with %d undamaged", args, code)
		}
	}
	// unseen says that the loss of the object leaves no trace: then a command may
	// say that there is no such thing, or not show it, but not write wrong bytes.
	expect := func(t *testing.T, key string, unseen bool) (detected int) {
		for i, args := range commands {
			got, stderr, code := try(t, args)
			switch {
			case unseen && (code == 0 || code == 2), code == 2 && strings.Contains(stderr, key):
				detected++
				for path, body := range got.files {
					if want[i].files[path] != body {
						t.Errorf("%q wrote wrong bytes", args)
					}
				}
			case code == 0 && got.stdout == want[i].stdout && maps.Equal(got.files, want[i].files):
			default:
				t.Errorf("%q: exit code %d, %s%s", args, code, got.stdout, stderr)
			}
		}
		return detected
	}
	for _, key := range objects(t, url) {
		k, err := layout.ParseKey(key)
		if err != nil {
			t.Fatal(err)
		}
		if k.Artifact != artifact && k.Kind != layout.KindMarker {
			continue // what the other artifact has, this one has too; edges have no reader yet
		}
		body, err := os.ReadFile(filepath.Join(url, key))
		if err != nil {
			t.Fatal(err)
		}
		damages := map[string][]byte{"missing": nil, "truncated": body[:len(body)/2], "longer": append(slices.Clone(body), '\n')}
		for i := range 4 {
			flipped := slices.Clone(body)
			if len(flipped) > 0 {
				flipped[len(flipped)*i/4] ^= 1 << i
				damages[fmt.Sprint("flipped ", i)] = flipped
			}
		}
		for name, damaged := range damages {
			if bytes.Equal(damaged, body) && damaged != nil {
				continue
			}
			t.Run(name+"/"+string(k.Kind), func(t *testing.T) {
				replace(t, filepath.Join(url, key), damaged)
				if expect(t, key, name == "missing" && leavesNoTrace(k)) == 0 {
					t.Errorf("%s: no command noticed", key)
				}
				replace(t, filepath.Join(url, key), body)
			})
		}
	}
}

// leavesNoTrace reports whether nothing else in the store tells that k was there:
// a record, or a pointer that never moved.
func leavesNoTrace(k layout.Key) bool {
	return k.Kind == layout.KindRecord || k.Kind == layout.KindPointer && k.Name == "v1"
}

func replace(t *testing.T, file string, body []byte) {
	t.Helper()
	os.Remove(file)
	if body != nil {
		write(t, file, body)
	}
}

// objects returns the keys of all objects in a local store.
func objects(t *testing.T, dir string) []string {
	t.Helper()
	s, err := open.URL(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for info, err := range s.List(context.Background(), "", nil) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}
