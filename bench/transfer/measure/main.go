// Command measure runs a program and writes what that took to file descriptor 3:
//
//	measure PROGRAM ARG...
//
// It is a process between, and imports next to nothing, since Linux counts for a
// child what its parent had in memory when it was started.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

func main() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() < 0 { // not started, or ended by a signal
		fmt.Fprintln(os.Stderr, err)
		os.Exit(127)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	fmt.Fprintf(os.NewFile(3, "usage"), `{"wall": %d, "cpu": %d, "peak": %d}`,
		wall.Nanoseconds(), (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Nanoseconds(), usage.Maxrss<<10)
	os.Exit(cmd.ProcessState.ExitCode())
}
