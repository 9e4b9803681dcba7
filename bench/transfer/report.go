package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// A report is a whole run.
type report struct {
	Date    string        `json:"date"`
	Machine machine       `json:"machine"`
	Quick   bool          `json:"quick,omitempty"`
	Runs    int           `json:"runs"`
	Tools   []toolVersion `json:"tools"`
	Cases   []*result     `json:"cases"`
}

type machine struct {
	Processor string `json:"processor"`
	Cores     int    `json:"cores"`
	Memory    int64  `json:"memory_bytes"`
	Kernel    string `json:"kernel"`
	Go        string `json:"go"`
	MinIO     string `json:"minio"`
}

type toolVersion struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Absent  string `json:"absent,omitempty"`
}

func newReport(ctx context.Context, o *options, tools []*tool) *report {
	r := &report{Date: time.Now().UTC().Format(time.DateOnly), Machine: thisMachine(ctx), Quick: o.quick, Runs: o.runs}
	for _, t := range tools {
		r.Tools = append(r.Tools, toolVersion{t.name, t.version, t.absent})
	}
	return r
}

func thisMachine(ctx context.Context) machine {
	m := machine{Processor: runtime.GOARCH, Cores: runtime.NumCPU(), Go: goVersion(ctx)}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		m.Processor = valueAfter(string(text), "model name")
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		fmt.Sscan(valueAfter(string(text), "MemTotal"), &m.Memory)
		m.Memory <<= 10
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(text))
	}
	m.MinIO = moduleVersion(".bin/minio")
	return m
}

// valueAfter returns what follows "name:" on the first line that begins with name.
func valueAfter(text, name string) string {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			_, value, _ := strings.Cut(rest, ":")
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func (r *report) printHead(out io.Writer) {
	m := r.Machine
	fmt.Fprintf(out, "%s · %d × %s, %s, Linux %s, %s · MinIO %s, one drive, on the same cores · %d runs of each, in turns\n\n",
		r.Date, m.Cores, m.Processor, mebibytes(m.Memory), m.Kernel, m.Go, m.MinIO, r.Runs)
	fmt.Fprint(out, "| tool | version |\n|---|---|\n")
	for _, t := range r.Tools {
		version := t.Version
		if t.Absent != "" {
			version += ", " + cell(t.Absent, wide)
		}
		fmt.Fprintf(out, "| %s | %s |\n", t.Name, version)
	}
	fmt.Fprint(out, "\nMedians over the clean runs if there are three, otherwise over all; a run is clean if everything else on the machine took less than 6 % of it. ",
		"The ratios are those of medians, to cairn's: 2.00 took twice as long. MiB are those that the server has received and sent; memory is that of a tool's largest process.\n\n")
}

// write writes the report as JSON and as a picture.
func (r *report) write(dir string) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "results.json"), append(text, '\n'), 0o666); err != nil {
		return err
	}
	var picture bytes.Buffer
	draw(&picture, r)
	return os.WriteFile(filepath.Join(dir, "results.svg"), picture.Bytes(), 0o666)
}

// failure is an error if cairn failed anywhere.
func (r *report) failure() error {
	for _, c := range r.Cases {
		for _, l := range c.Tools {
			if len(l.Failures) > 0 && strings.HasPrefix(l.Name, cairnName) {
				return fmt.Errorf("%s: %s failed: %s", c.Name, l.Name, l.Failures[0])
			}
		}
	}
	return nil
}

func mebibytes(n int64) string {
	if n >= 1<<30 {
		return fmt.Sprintf("%.3g GiB", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%.4g MiB", float64(n)/mib)
}
