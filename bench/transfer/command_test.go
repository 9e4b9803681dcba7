package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func newRunner(t *testing.T) *runner {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "measure")
	if out, err := exec.Command("go", "build", "-o", program, "./measure").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return &runner{measure: program, home: dir}
}

func shell(script string) command { return command{args: []string{"sh", "-c", script}} }

// A command is measured with its children, and sees nothing of our environment.
func TestRun(t *testing.T) {
	t.Setenv("RCLONE_CONFIG", "ours")
	r := newRunner(t)
	u, out, err := r.run(t.Context(), shell(`echo "$RCLONE_CONFIG:$AWS_ENDPOINT_URL_S3"; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done`), "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	if got := string(out); got != ":http://127.0.0.1:1\n" {
		t.Errorf("it printed %q", got)
	}
	if u.Wall <= 0 || u.CPU <= 0 || u.Peak < 1<<18 {
		t.Errorf("it took %+v", u)
	}
}

func TestRunFails(t *testing.T) {
	r := newRunner(t)
	for script, want := range map[string]string{
		"echo first >&2; echo why >&2; exit 3": "sh: why",
		"exit 3":                               "sh: exit status 3",
		"kill -SEGV $$":                        "sh: signal: segmentation fault",
		"echo why >&2; kill -TERM $$":          "sh: signal: terminated why",
	} {
		if _, _, err := r.run(t.Context(), shell(script), ""); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: the error is %v, want %s", script, err, want)
		}
	}
}

// What a command has started ends with it when it is to end.
func TestRunStops(t *testing.T) {
	r := newRunner(t)
	ctx, cancel := context.WithCancel(t.Context())
	ready := filepath.Join(r.home, "ready")
	if err := exec.Command("mkfifo", ready).Run(); err != nil {
		t.Skip("there is no mkfifo")
	}
	go func() {
		exec.Command("cat", ready).Run() // returns when the child of the child is there
		cancel()
	}()
	pid := filepath.Join(r.home, "pid")
	_, _, err := r.run(ctx, shell("sh -c 'echo $$ > "+pid+"; echo up > "+ready+"; exec sleep 600' & wait"), "")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	text, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	stat := "/proc/" + strings.TrimSpace(string(text)) + "/stat"
	for range 1000 { // the kernel may take a moment
		status, err := os.ReadFile(stat)
		if err != nil || strings.Contains(string(status), ") Z ") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("a process is left")
}
