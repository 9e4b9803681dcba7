package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func raced() *result {
	r := newResult(&benchCase{name: "up-1GiB", about: "One file.", bytes: 1 << 30, files: 1, extra: &extra{"told", func(s *sample) string { return "yes" }}})
	for _, name := range []string{"bare", "cairn", "late", "broken", "absent"} {
		r.add(&tool{name: name})
	}
	took := func(wall, cpu time.Duration) sample {
		return sample{Wall: wall * time.Second, ClientCPU: cpu * time.Second, Peak: 10 * mib, Requests: 66, Received: 1 << 30, Clean: true}
	}
	r.Tools[0].Samples = []sample{took(1, 1)}
	r.Tools[1].Samples = []sample{took(2, 4), took(2, 4), took(200, 4)}
	r.Tools[2].Samples = []sample{took(5, 2)}
	r.Tools[2].Failures = []string{"killed"}
	r.Tools[3].Failures = []string{"a | b\nwas <not> found", "again"}
	r.Tools[4].Cannot = "not to be had"
	r.finish()
	return r
}

func TestRatios(t *testing.T) {
	r := raced()
	for i, want := range []struct{ wall, cpu, relative float64 }{{0.5, 0.25, 2}, {1, 1, 1}, {2.5, 0.5, 0.4}, {}, {}} {
		l := r.Tools[i]
		if l.Wall != want.wall || l.CPU != want.cpu || l.relative != want.relative {
			t.Errorf("%s: got %v %v %v, want %v", l.Name, l.Wall, l.CPU, l.relative, want)
		}
	}
}

// A table has a row for each tool, and a reason where there is no number.
func TestPrint(t *testing.T) {
	var out strings.Builder
	raced().print(&out)
	const want = `### up-1GiB

One file.

| tool | wall s | MiB/s | client CPU s | server CPU s | peak MiB | requests | MiB in + out | wall, of cairn's | client CPU, of cairn's | clean runs | told |
|---|---|---|---|---|---|---|---|---|---|---|---|
| bare | 1.00 | 1024 | 1.00 | 0.00 | 10 | 66 | 1024.0 + 0.0 | 0.50 | 0.25 | 1 of 1 | yes |
| cairn | 2.00 | 512 | 4.00 | 0.00 | 10 | 66 | 1024.0 + 0.0 | 1.00 | 1.00 | 3 of 3 | yes |
| late | 5.00 | 205 | 2.00 | 0.00 | 10 | 66 | 1024.0 + 0.0 | 2.50 | 0.50 | 1 of 1, 1 failed: killed | yes |
| broken | failed: a / b was <not> found |  |  |  |  |  |  |  |  |  |  |
| absent | not to be had |  |  |  |  |  |  |  |  |  |  |

`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// Only what cairn fails makes the whole run fail.
func TestFailure(t *testing.T) {
	r := &report{Cases: []*result{raced()}}
	if err := r.failure(); err != nil {
		t.Error(err)
	}
	r.Cases[0].Tools[1].Failures = []string{"corrupt"}
	if r.failure() == nil {
		t.Error("cairn has failed, and nothing is said of it")
	}
}

// The picture is XML, with a bar for each tool that did the case.
func TestDraw(t *testing.T) {
	dir := t.TempDir()
	r := &report{Cases: []*result{raced()}}
	if err := r.write(dir); err != nil {
		t.Fatal(err)
	}
	elements := map[string]int{}
	d := xml.NewDecoder(open(t, dir, "results.svg"))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok {
			elements[start.Name.Local]++
		}
	}
	if elements["svg"] != 1 || elements["rect"] != 3 {
		t.Errorf("the picture has %v, want three bars", elements)
	}
}
