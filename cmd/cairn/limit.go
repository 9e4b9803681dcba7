//go:build !race

package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"syscall"
)

// limitMemory makes the process die rather than take more than inspectMemory. A
// quarter of that is for the program itself. What it has set aside by now, stacks
// of threads above all, is more than that in numbers and hardly used, and differs
// by how it was built; so it does not count.
func limitMemory() error {
	debug.SetMemoryLimit(inspectMemory / 2)
	limit := setAside() + inspectMemory*3/4
	return syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: limit, Max: limit})
}

// setAside returns what counts against RLIMIT_DATA now, as far as that can be known.
func setAside() uint64 {
	var total, resident, shared, text, lib, data uint64
	b, err := os.ReadFile("/proc/self/statm")
	if err == nil {
		_, err = fmt.Sscan(string(b), &total, &resident, &shared, &text, &lib, &data)
	}
	if err != nil {
		return inspectMemory / 4
	}
	return data * uint64(os.Getpagesize())
}
