package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// printMemory prints how much memory looking into each file takes, above what
// the program takes that only starts.
func printMemory(files []string) error {
	fmt.Println("Peak memory of a fresh process that inspects the file, above that of one that only starts, in MiB.")
	fmt.Println()
	fmt.Println("| file | cores | above its own | its own |")
	fmt.Println("|---|---|---|---|")
	for _, cores := range []int{1, 2} {
		for _, file := range files {
			idle, err := peakOf("", cores)
			if err != nil {
				return err
			}
			busy, err := peakOf(file, cores)
			if err != nil {
				return err
			}
			fmt.Printf("| %s | %d | %.1f | %.1f |\n", strings.TrimSuffix(filepath.Base(file), ".parquet"), cores, busy-idle, idle)
		}
	}
	return nil
}

// peakOf returns the peak memory in MiB of a process of this program that
// inspects file, or that does nothing.
func peakOf(file string, cores int) (float64, error) {
	program, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(program, "inspect", file)
	cmd.Env = append(os.Environ(), fmt.Sprint("GOMAXPROCS=", cores))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, err
	}
	kib, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	return kib / 1024, err
}

// inspectAlone is that process. It prints its peak in KiB.
func inspectAlone(args []string) {
	if file := cmp.Or(args...); file != "" {
		if _, err := inspect(context.Background(), file, 0); err != nil {
			log.Fatal(err)
		}
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		log.Fatal(err)
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	peak, _, _ = strings.Cut(peak, "kB")
	fmt.Println(strings.TrimSpace(peak))
}
