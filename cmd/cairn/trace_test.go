package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

// chain is a trace of a version that was made from n others, and these from a
// dataset each.
func chain(n int) *cairn.Trace {
	version := func(a layout.Artifact, i int) *cairn.Traced {
		date := layout.Date(time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
		id := layout.Sum(fmt.Append(nil, a, i))
		return &cairn.Traced{Version: &cairn.Version{Pin: layout.Pin{Artifact: a, Version: id}, Manifest: &layout.Manifest{Artifact: a, Date: date}}, Bytes: cairn.Present}
	}
	madeFrom := func(v, in *cairn.Traced) {
		v.Next = append(v.Next, in)
		v.Manifest.Inputs = append(v.Manifest.Inputs, layout.Input{Artifact: in.Pin.Artifact, Date: in.Manifest.Date, Version: in.Pin.Version})
	}
	model := version("models/m", n)
	t := &cairn.Trace{Roots: []*cairn.Traced{model}, Versions: []*cairn.Traced{model}}
	for i := range n {
		f, d := version("features/f", i), version("datasets/d", i)
		madeFrom(model, f)
		madeFrom(f, d)
		t.Versions = append(t.Versions, f, d)
	}
	return t
}

func printed(t *testing.T, trace *cairn.Trace, print func(*app, *cairn.Trace) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := print(&app{stdout: &b, store: "s3://bucket/prefix"}, trace); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A tree has a line for each of a few versions, and one for many.
func TestTreeFolds(t *testing.T) {
	for n, want := range map[int]int{1: 4, 3: 8, 4: 4, 1000: 4} {
		got := printed(t, chain(n), (*app).printTree)
		if lines := strings.Count(got, "\n"); lines != want {
			t.Errorf("of %d versions: %d lines, not %d:\n%s", n, lines, want, got)
		}
	}
	// A chain: each made from the one before, and from a dataset.
	daily := chain(365)
	features := daily.Roots[0].Next
	daily.Roots[0].Next = features[364:]
	for i := range 364 {
		features[i+1].Next = append(features[i+1].Next, features[i])
	}
	got := printed(t, daily, (*app).printTree)
	if !strings.Contains(got, "└── features/f            2026-01-01..2026-12-31  365 versions") || strings.Count(got, "\n") != 4 {
		t.Errorf("a chain:\n%s", got)
	}
	trace := chain(4)
	other := *trace.Roots[0].Version
	trace.Roots = append(trace.Roots, &cairn.Traced{Version: &other, Next: trace.Roots[0].Next, Bytes: cairn.Present})
	if got := printed(t, trace, (*app).printTree); strings.Count(got, "features/f  ") != 2 || strings.Count(got, "↑ shown above") != 1 || strings.Count(got, "datasets/d") != 1 {
		t.Errorf("what was shown:\n%s", got)
	}
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// Every event has what the schema requires, in the form that it requires.
func TestOpenLineage(t *testing.T) {
	trace := chain(2)
	trace.Roots[0].Records = []*layout.Record{{Kind: layout.RecordPush, At: "2026-06-18T02:14:10.5Z", Facts: map[string]string{"seconds": "12.5"}}}
	lines := strings.Split(strings.TrimSpace(printed(t, trace, (*app).printOpenLineage)), "\n")
	if len(lines) != 2*len(trace.Versions) {
		t.Fatalf("%d events of %d versions", len(lines), len(trace.Versions))
	}
	if !strings.Contains(lines[0], `"eventType":"START","eventTime":"2026-06-18T02:13:58Z"`) || !strings.Contains(lines[1], `"eventType":"COMPLETE","eventTime":"2026-06-18T02:14:10.5Z"`) {
		t.Errorf("got %s\n%s", lines[0], lines[1])
	}
	type facets map[string]map[string]any
	type data struct {
		Namespace, Name string
		Facets          facets
	}
	for _, line := range lines {
		var e struct {
			EventType, EventTime, Producer, SchemaURL string
			Run                                       struct {
				RunID  string
				Facets facets
			}
			Job             data
			Inputs, Outputs []data
		}
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil {
			t.Fatal(err)
		}
		all := []facets{e.Run.Facets}
		for _, set := range append(append(e.Inputs, e.Outputs...), e.Job) {
			all = append(all, set.Facets)
			if set.Namespace != "s3://bucket/prefix" || set.Name == "" {
				t.Errorf("a dataset or job without a name: %+v", set)
			}
		}
		uris := []string{e.Producer, e.SchemaURL}
		for _, fs := range all {
			for _, f := range fs {
				uris = append(uris, fmt.Sprint(f["_producer"]), fmt.Sprint(f["_schemaURL"]))
			}
		}
		for _, uri := range uris {
			if u, err := url.Parse(uri); err != nil || u.Scheme != "https" {
				t.Errorf("%q is no URI", uri)
			}
		}
		for _, at := range []string{e.EventTime, fmt.Sprint(e.Run.Facets["nominalTime"]["nominalStartTime"])} {
			if _, err := time.Parse(time.RFC3339Nano, at); err != nil {
				t.Error(err)
			}
		}
		if !uuid.MatchString(e.Run.RunID) || len(e.Outputs) != 1 || e.Outputs[0].Facets["version"]["datasetVersion"] == nil {
			t.Errorf("got %s", line)
		}
	}
}

// Text of strangers cannot leave its quotes.
func TestPictureQuotes(t *testing.T) {
	trace := chain(1)
	trace.Roots[0].Taints = []*layout.Record{{Reason: "a \"b\"\\\n] --> c; <script>"}}
	if got := printed(t, trace, (*app).printDot); !strings.Contains(got, `tainted: a \"b\"\\ ] --> c; <script>"];`) {
		t.Errorf("got %s", got)
	}
	if got := printed(t, trace, (*app).printMermaid); !strings.Contains(got, `<br/>tainted: a #34;b#34;#92; #93; --#62; c#59; #60;script#62;"]`) {
		t.Errorf("got %s", got)
	}
}
