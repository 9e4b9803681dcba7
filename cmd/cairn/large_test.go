package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/cairnstore/cairn/store/transfer"
)

// What the program may take at its peak.
const (
	fileMemory = 96 << 20  // whatever the size of a file
	treeMemory = 256 << 20 // however many files there are
)

// measured runs cmd and fails if it took more memory than that. The race detector
// takes memory too, so its programs are let off.
func measured(t *testing.T, cmd *exec.Cmd, most int64) {
	t.Helper()
	verb, result := cmd.Args[1], filepath.Join(t.TempDir(), "peak")
	through := exec.Command("measure", append([]string{result}, cmd.Args...)...)
	through.Env, through.Dir = cmd.Env, cmd.Dir
	if out, err := through.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(result)
	if err != nil {
		t.Fatal(err)
	}
	peak, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: peak memory %d MiB, %.1f s of processor time", verb, peak>>20,
		(through.ProcessState.UserTime() + through.ProcessState.SystemTime()).Seconds())
	if peak > most && !isRace() {
		t.Errorf("%s took %d MiB at its peak", verb, peak>>20)
	}
}

// measure is a program of the tests that runs another one and writes the bytes
// that it took at its peak to a file:
//
//	measure RESULT PROGRAM ARG...
//
// It is a process between, since Linux counts for a child what its parent had in
// memory when it was started, and the tests have much.
func measure() {
	cmd := exec.Command(os.Args[2], os.Args[3:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		log.Fatal(err)
	}
	peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	if err := os.WriteFile(os.Args[1], strconv.AppendInt(nil, peak, 10), 0o666); err != nil {
		log.Fatal(err)
	}
}

// A tree of many small files goes to the store and back in bounded memory.
func TestManyFiles(t *testing.T) {
	stores(t, func(t *testing.T, url string) {
		dir := t.TempDir()
		for i := range 5000 {
			body := make([]byte, 16<<10)
			copy(body, fmt.Sprint(i))
			write(t, filepath.Join(dir, fmt.Sprint(i%50), fmt.Sprint(i)), body)
		}
		roundTrip(t, url, dir, treeMemory)
	})
}

// So does one large file. It takes 12 GiB of disk.
func TestLargeFile(t *testing.T) {
	if os.Getenv("CAIRN_TEST_SOAK") == "" {
		t.Skip("takes minutes and 12 GiB of disk; run: make soak")
	}
	stores(t, func(t *testing.T, url string) {
		dir := t.TempDir()
		f, err := os.Create(filepath.Join(dir, "large"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		block := make([]byte, 1<<20)
		for i := range int64(4096) {
			copy(block, fmt.Sprintf("block %d", i))
			if _, err := f.Write(block); err != nil {
				t.Fatal(err)
			}
		}
		roundTrip(t, url, dir, fileMemory)
	})
}

func roundTrip(t *testing.T, url, dir string, most int64) {
	t.Helper()
	into := filepath.Join(t.TempDir(), "into")
	measured(t, program(t, url, "push", artifact, dir, "--date", "2026-06-17"), most)
	measured(t, program(t, url, "pull", artifact+"@2026-06-17", into), most)
	expectSame(t, dir, into)
}

func digest(t *testing.T, file string) string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum, err := transfer.SumOf(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return sum.Digest.String()
}
