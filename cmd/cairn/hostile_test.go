package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairnstore/cairn"
)

// A child that is lost, or takes too long, costs one file and not the job: the
// next file has another child.
func TestInspectorLosesChildren(t *testing.T) {
	dir := t.TempDir()
	file := write(t, filepath.Join(dir, "a.parquet"), []byte("PAR1"))
	child := func(program ...string) func() (*exec.Cmd, error) {
		return func() (*exec.Cmd, error) { return exec.Command(program[0], program[1:]...), nil }
	}
	dies := inspector{start: child("sh", "-c", "read question; exit 2")}
	for range 2 {
		if _, err := dies.inspect(t.Context(), file); !errors.Is(err, cairn.ErrRefused) || !strings.Contains(err.Error(), "memory") {
			t.Errorf("a child that dies: %v", err)
		}
	}
	answers := inspector{start: child("sh", "-c", `read question; echo '{"error":"no"}'; read question`)}
	if _, err := answers.inspect(t.Context(), file); err == nil || err.Error() != "no" || answers.child == nil {
		t.Errorf("a child that answers: %v", err)
	}
	hangs := inspector{start: child("sleep", "1000")}
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, errSlow)
	defer cancel()
	if _, err := hangs.inspect(ctx, file); !errors.Is(err, errSlow) {
		t.Errorf("a child that hangs: %v", err)
	}
	// What is no table is not asked about.
	if in, err := hangs.inspect(t.Context(), write(t, filepath.Join(dir, "a.txt"), []byte("a"))); in != nil || err != nil {
		t.Errorf("a text: %v, %v", in, err)
	}
}

// A small file with a few bytes changed is refused with a sentence, or is
// another table; it never ends the program otherwise.
func TestMutatedTables(t *testing.T) {
	dir, url := t.TempDir(), t.TempDir()
	valid := filepath.Join(dir, "valid.parquet")
	if out, err := exec.Command("mktable", valid, "zstd", "age int64 18 40 93 18", "city string Rome Oslo Rome Lima").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	body, err := os.ReadFile(valid)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for range 150 {
		mutated := slices.Clone(body)
		for range 1 + random.IntN(3) {
			mutated[random.IntN(len(mutated))] ^= byte(1 + random.IntN(255))
		}
		file := write(t, filepath.Join(dir, "mutated.parquet"), mutated)
		_, stderr, code := result(t, program(t, url, "diff", valid, file))
		switch {
		case code == 2 && strings.HasPrefix(stderr, "cairn: error: ") && !strings.Contains(stderr, "goroutine"):
			refused++
		case code != 0:
			t.Fatalf("exit code %d, %s", code, stderr)
		}
	}
	t.Logf("%d of 150 were refused", refused)
	if refused == 0 {
		t.Error("none was refused")
	}
}
