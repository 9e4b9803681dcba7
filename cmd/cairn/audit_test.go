package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// A volume of broken tables is audited to its end, each of them listed.
func TestAuditOfMutatedTables(t *testing.T) {
	dir, url := t.TempDir(), t.TempDir()
	valid := filepath.Join(dir, "valid.parquet")
	if out, err := exec.Command("mktable", valid, "zstd", "age int64 18 40 93 18", "city string Rome Oslo Rome Lima").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, stderr, code := result(t, program(t, url, "push", artifact, valid, "--date", "2026-06-17")); code != 0 {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	body, err := os.ReadFile(valid)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	volume := filepath.Join(dir, "volume")
	for i := range 150 {
		mutated := slices.Clone(body)
		for range 1 + random.IntN(3) {
			mutated[random.IntN(len(mutated))] ^= byte(1 + random.IntN(255))
		}
		write(t, filepath.Join(volume, fmt.Sprintf("%03d.parquet", i)), mutated)
	}
	stdout, stderr, code := result(t, program(t, url, "audit", volume, "--json"))
	if code != 0 || strings.Count(stdout, "\n") != 151 || !strings.Contains(stdout, `"problem":"not a readable table`) {
		t.Errorf("exit code %d, %s\n%s", code, stderr, stdout)
	}
}

// An interrupt ends an audit in the midst of a file.
func TestAuditInterrupted(t *testing.T) {
	dir, url := t.TempDir(), t.TempDir()
	small := write(t, filepath.Join(dir, "a"), []byte("a"))
	if _, stderr, code := result(t, program(t, url, "push", artifact, small, "--date", "2026-06-17")); code != 0 {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	for _, name := range []string{"b", "c"} { // two, or they would not be read
		if err := os.Truncate(write(t, filepath.Join(dir, name), nil), 1<<40); err != nil {
			t.Fatal(err)
		}
	}
	cmd := program(t, url, "audit", dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); !strings.HasPrefix(line, "safe ") {
		t.Errorf("the first line is %q, %v", line, err)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 || !strings.Contains(stderr.String(), "stopped by interrupt") {
		t.Errorf("exit code %d, %s", code, stderr.String())
	}
}
