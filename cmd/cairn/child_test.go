package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// started starts cairn run around a shell script, and waits until the script has
// made the file "ready" in its working directory.
func started(t *testing.T, url, dir, script string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	args = append(append([]string{"run", "--date", "2026-06-17", "--json"}, args...), "--", "sh", "-c", script)
	cmd := program(t, url, args...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, "CAIRN_CACHE="+filepath.Join(dir, "cache"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	eventually(t, "the program never got ready", func() bool {
		_, err := os.Stat(filepath.Join(dir, "ready"))
		return err == nil
	})
	return cmd, &stderr
}

// eventually waits until something is so.
func eventually(t *testing.T, otherwise string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if so() {
			return
		}
	}
	t.Fatal(otherwise)
}

// expectClean checks that nothing was published, and that no scratch is left.
func expectClean(t *testing.T, url, dir string) {
	t.Helper()
	if _, _, code := result(t, program(t, url, "resolve", artifact+"@2026-06-17")); code != 2 {
		t.Errorf("something was published: %d", code)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "cache", "runs", "*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// A signal that cairn gets, the program gets, and what it makes of it is the
// exit code.
func TestRunForwardsSignals(t *testing.T) {
	for _, c := range []struct {
		signal syscall.Signal
		trap   string
		code   int
	}{
		{syscall.SIGTERM, "", 143},
		{syscall.SIGINT, "", 130},
		{syscall.SIGHUP, "", 129},
		{syscall.SIGQUIT, "", 131},
		{syscall.SIGUSR1, "", 138},
		{syscall.SIGUSR2, "", 140},
		{syscall.SIGTERM, "trap 'exit 7' TERM; ", 7},
		{syscall.SIGUSR1, "trap 'exit 8' USR1; ", 8},
		{syscall.SIGTERM, "trap 'exit 0' TERM; ", 143}, // it ended well, but was told to: its output may be half
	} {
		t.Run(c.signal.String()+" "+c.trap, func(t *testing.T) {
			url, dir := t.TempDir(), t.TempDir()
			// The shell waits in the background, or its trap would wait for sleep to end.
			script := c.trap + `echo model > "$CAIRN_OUT_DATASETS_FLIGHTS/model"; ulimit -c 0; sleep 600 & echo $! > sleeper; : > ready; wait`
			cmd, stderr := started(t, url, dir, script, "--out", artifact)
			cmd.Process.Signal(c.signal)
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != c.code {
				t.Errorf("exit code %d, not %d: %s", code, c.code, stderr)
			}
			var failed struct{ Error failure }
			lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
			if err := json.Unmarshal([]byte(lines[len(lines)-1]), &failed); err != nil || failed.Error.Code != c.code {
				t.Errorf("%v: %s", err, stderr)
			}
			expectClean(t, url, dir)
			expectGone(t, filepath.Join(dir, "sleeper"))
		})
	}
}

// expectGone waits until the process whose number is in file is no more.
func expectGone(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the program runs on", func() bool { return !alive(pid) })
}

// alive reports whether a process still runs. One that has ended and that
// nobody has asked about yet does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

// What a program leaves running in its group ends with it, and could not write
// into an output that is being published.
func TestRunEndsWhatIsLeft(t *testing.T) {
	url, dir := t.TempDir(), t.TempDir()
	cmd, stderr := started(t, url, dir, `sleep 600 & echo $! > sleeper; echo model > "$CAIRN_OUT_DATASETS_FLIGHTS/model"; : > ready`, "--out", artifact)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	expectGone(t, filepath.Join(dir, "sleeper"))
}

// The program does not outlive a cairn that is killed, and the next run sweeps
// what that left.
func TestRunKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux can have a child killed with its parent")
	}
	url, dir := t.TempDir(), t.TempDir()
	cmd, _ := started(t, url, dir, `echo $$ > sleeper; : > ready; exec sleep 600`, "--out", artifact)
	cmd.Process.Kill()
	cmd.Wait()
	expectGone(t, filepath.Join(dir, "sleeper"))
	if left, _ := filepath.Glob(filepath.Join(dir, "cache", "runs", "*")); len(left) != 1 {
		t.Fatalf("a run that was killed left %q", left)
	}
	cmd, stderr := started(t, url, dir, `exit 3`, "--out", artifact)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 3 {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	expectClean(t, url, dir)
}

// Told to stop while it uploads, cairn does so with the right code, names
// nothing and leaves no scratch.
func TestRunStoppedDuringUpload(t *testing.T) {
	url, dir := t.TempDir(), t.TempDir()
	script := `: > ready; echo small > "$CAIRN_OUT_DATASETS_FLIGHTS/small"; truncate -s 2G "$CAIRN_OUT_DATASETS_FLIGHTS/large"`
	cmd, stderr := started(t, url, dir, script, "--out", artifact, "--label", "v1", "--point", "prod")
	waitForUpload(t, url)
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 143 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	expectParked(t, url)
	expectClean(t, url, dir)
	for _, name := range []string{"v1", "prod"} {
		if _, _, code := result(t, program(t, url, "resolve", artifact+"@"+name)); code != 2 {
			t.Errorf("%s leads somewhere: %d", name, code)
		}
	}
}

// A program that is told to stop before it was started never is.
func TestWrappedNotStartedOnceStopped(t *testing.T) {
	w, err := wrap([]string{"sh", "-c", ": > " + filepath.Join(t.TempDir(), "started")})
	if err != nil {
		t.Fatal(err)
	}
	defer w.release()
	stop := &stopped{syscall.SIGTERM}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	if err := w.run(ctx, nil); err != stop {
		t.Errorf("%v, not %v", err, stop)
	}
}
