//go:build !race

package main

import (
	"runtime/debug"
	"syscall"
)

// limitMemory makes the process die rather than take more than inspectMemory.
func limitMemory() error {
	debug.SetMemoryLimit(inspectMemory / 2)
	return syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: inspectMemory, Max: inspectMemory})
}
