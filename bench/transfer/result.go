package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// A result is what all tools took for one case.
type result struct {
	Name  string  `json:"name"`
	About string  `json:"about"`
	Bytes int64   `json:"bytes"`
	Files int     `json:"files"`
	Tools []*line `json:"tools"`

	extra *extra
}

// A line is what one tool took. Medians and ratios are there once all has run.
type line struct {
	Name     string   `json:"name"`
	Cannot   string   `json:"cannot,omitempty"` // why there are no samples
	Failures []string `json:"failures,omitempty"`
	Median   *sample  `json:"median,omitempty"`
	Clean    int      `json:"clean"` // samples
	Wall     float64  `json:"wall_ratio,omitempty"`
	CPU      float64  `json:"client_cpu_ratio,omitempty"`
	Samples  []sample `json:"samples,omitempty"`
	relative float64  // throughput, of cairn's
}

func newResult(c *benchCase) *result {
	return &result{Name: c.name, About: c.about, Bytes: c.bytes, Files: c.files, extra: c.extra}
}

func (r *result) add(t *tool) { r.Tools = append(r.Tools, &line{Name: t.name, Cannot: t.absent}) }

// isSlow says whether the first run took so long that few have to do.
func (l *line) isSlow() bool { return len(l.Samples) > 0 && l.Samples[0].Wall > slow }

// isHopeless says whether it failed so often that it need not try again.
func (l *line) isHopeless() bool { return len(l.Failures) > 1 }

// finish computes medians and ratios.
func (r *result) finish() {
	for _, l := range r.Tools {
		switch {
		case len(l.Samples) > 0:
			m, clean := typical(l.Samples)
			l.Median, l.Clean = &m, clean
		case len(l.Failures) > 0:
			l.Cannot = "failed: " + l.Failures[0]
		}
	}
	base := r.base()
	if base == nil {
		return
	}
	for _, l := range r.Tools {
		if l.Median != nil {
			l.Wall = ratio(l.Median.Wall, base.Wall)
			l.CPU = ratio(l.Median.ClientCPU, base.ClientCPU)
			l.relative = ratio(base.Wall, l.Median.Wall)
		}
	}
}

// base is what the ratios are to: the first that cairn has done.
func (r *result) base() *sample {
	for _, l := range r.Tools {
		if strings.HasPrefix(l.Name, cairnName) && l.Median != nil {
			return l.Median
		}
	}
	return nil
}

func ratio(a, b time.Duration) float64 {
	if b <= 0 {
		return 0
	}
	return a.Seconds() / b.Seconds()
}

// print prints the case as a table.
func (r *result) print(out io.Writer) {
	speed := "MiB/s"
	if r.Files > 1 {
		speed = "files/s"
	}
	head := []string{"tool", "wall s", speed, "client CPU s", "server CPU s", "peak MiB", "requests", "MiB in + out", "wall, of cairn's", "client CPU, of cairn's", "clean runs"}
	if r.extra != nil {
		head = append(head, r.extra.title)
	}
	fmt.Fprintf(out, "### %s\n\n%s\n\n", r.Name, r.About)
	printRow(out, head)
	fmt.Fprintln(out, strings.Repeat("|---", len(head))+"|")
	for _, l := range r.Tools {
		printRow(out, r.cells(l, len(head)))
	}
	fmt.Fprintln(out)
}

func runs(l *line) string {
	text := fmt.Sprintf("%d of %d", l.Clean, len(l.Samples))
	if len(l.Failures) > 0 {
		text += fmt.Sprintf(", %d failed: %s", len(l.Failures), cell(l.Failures[0], wide))
	}
	return text
}

func printRow(out io.Writer, cells []string) { fmt.Fprintln(out, "| "+strings.Join(cells, " | ")+" |") }

func (r *result) cells(l *line, n int) []string {
	if l.Median == nil {
		cells := make([]string, n)
		cells[0], cells[1] = l.Name, cell(l.Cannot, wide)
		return cells
	}
	m := l.Median
	rate := float64(r.Bytes) / mib / m.Wall.Seconds()
	if r.Files > 1 {
		rate = float64(r.Files) / m.Wall.Seconds()
	}
	cells := []string{
		l.Name, fmt.Sprintf("%.2f", m.Wall.Seconds()), fmt.Sprintf("%.0f", rate),
		fmt.Sprintf("%.2f", m.ClientCPU.Seconds()), fmt.Sprintf("%.2f", m.ServerCPU.Seconds()),
		fmt.Sprintf("%.0f", float64(m.Peak)/mib), fmt.Sprint(m.Requests),
		fmt.Sprintf("%.1f + %.1f", float64(m.Received)/mib, float64(m.Sent)/mib),
		fmt.Sprintf("%.2f", l.Wall), fmt.Sprintf("%.2f", l.CPU), runs(l),
	}
	if r.extra != nil {
		cells = append(cells, r.extra.cell(m))
	}
	return cells
}

const (
	wide   = 160 // letters of a cell of a table
	narrow = 90  // of a line of the picture
)

// cell makes text fit into so many letters of a table.
func cell(text string, long int) string {
	text = strings.Join(strings.Fields(strings.ReplaceAll(text, "|", "/")), " ")
	if r := []rune(text); len(r) > long {
		text = string(r[:long]) + "…"
	}
	return text
}
