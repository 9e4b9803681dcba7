package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

// traceEdges yields every input that is part of t, with the version made from it.
func traceEdges(t *cairn.Trace) func(func(in, v int) bool) {
	number := make(map[layout.Pin]int, len(t.Versions))
	for i, v := range t.Versions {
		number[v.Pin] = i
	}
	return func(yield func(in, v int) bool) {
		for i, v := range t.Versions {
			for _, in := range v.Manifest.Inputs {
				if j, ok := number[in.Pin()]; ok && !yield(j, i) {
					return
				}
			}
		}
	}
}

// boxLines are what stands in the box of a version, in a picture.
func boxLines(v *cairn.Traced) []string {
	second := string(v.Manifest.Date)
	if len(v.Names) > 0 {
		second += " " + namesText(v.Names)
	}
	lines := []string{string(v.Pin.Artifact), second, v.Pin.Version.Short()}
	if len(v.Taints) > 0 {
		lines = append(lines, "tainted: "+v.Taints[0].Reason)
	}
	return lines
}

// printDot prints the trace in the language of Graphviz.
func (a *app) printDot(t *cairn.Trace) error {
	var b strings.Builder
	b.WriteString("digraph lineage {\n  rankdir=LR;\n  node [shape=box];\n")
	for i, v := range t.Versions {
		fmt.Fprintf(&b, "  n%d [label=%s];\n", i, dotQuote(boxLines(v)))
	}
	for in, v := range traceEdges(t) {
		fmt.Fprintf(&b, "  n%d -> n%d;\n", in, v)
	}
	b.WriteString("}\n")
	_, err := a.stdout.Write([]byte(b.String()))
	return err
}

// dotQuote writes lines as a quoted string of DOT, in which a backslash begins
// an escape.
func dotQuote(lines []string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ", "\r", " ")
	var texts []string
	for _, line := range lines {
		texts = append(texts, escape.Replace(line))
	}
	return `"` + strings.Join(texts, `\n`) + `"`
}

// printMermaid prints the trace in the language of Mermaid.
func (a *app) printMermaid(t *cairn.Trace) error {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for i, v := range t.Versions {
		fmt.Fprintf(&b, "  n%d[%s]\n", i, mermaidQuote(boxLines(v)))
	}
	for in, v := range traceEdges(t) {
		fmt.Fprintf(&b, "  n%d --> n%d\n", in, v)
	}
	_, err := a.stdout.Write([]byte(b.String()))
	return err
}

// mermaidQuote writes lines as a quoted string of Mermaid, which takes characters
// by the names or numbers that they have in HTML.
func mermaidQuote(lines []string) string {
	var b strings.Builder
	for i, line := range lines {
		if i > 0 {
			b.WriteString("<br/>")
		}
		for _, r := range line {
			switch {
			case r == '\n' || r == '\r':
				b.WriteByte(' ')
			case strings.ContainsRune("\"#<>&;`\\[](){}|", r):
				fmt.Fprintf(&b, "#%d;", r)
			default:
				b.WriteRune(r)
			}
		}
	}
	return `"` + b.String() + `"`
}

// The parts of an OpenLineage event that cairn can fill in; see
// https://openlineage.io/spec/2-0-2/OpenLineage.json.
type (
	openEvent struct {
		EventType string     `json:"eventType"`
		EventTime string     `json:"eventTime"`
		Producer  string     `json:"producer"`
		SchemaURL string     `json:"schemaURL"`
		Run       openRun    `json:"run"`
		Job       openJob    `json:"job"`
		Inputs    []openData `json:"inputs"`
		Outputs   []openData `json:"outputs"`
	}
	openRun struct {
		ID     string         `json:"runId"`
		Facets map[string]any `json:"facets"`
	}
	openJob struct {
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	}
	openData struct {
		Namespace string         `json:"namespace"`
		Name      string         `json:"name"`
		Facets    map[string]any `json:"facets"`
	}
	openFacet struct {
		Producer  string `json:"_producer"`
		SchemaURL string `json:"_schemaURL"`
	}
	openVersion struct {
		openFacet
		Version string `json:"datasetVersion"`
	}
	openNominal struct {
		openFacet
		Start string `json:"nominalStartTime"`
	}
)

const (
	openProducer = "https://github.com/cairnstore/cairn"
	openSpec     = "https://openlineage.io/spec/"
)

func facet(version, name string) openFacet {
	return openFacet{openProducer, openSpec + "facets/" + version + "/" + name + ".json#/$defs/" + name}
}

// printOpenLineage prints the start and the completion of the run that made each
// version, an event a line. A run is named after the version, so sending events
// again says nothing new.
func (a *app) printOpenLineage(t *cairn.Trace) error {
	namespace, err := a.storeURL()
	if err != nil {
		return err
	}
	if !strings.Contains(namespace, "://") {
		if namespace, err = filepath.Abs(namespace); err != nil {
			return err
		}
		namespace = "file://" + namespace
	}
	e := a.documents()
	for _, v := range t.Versions {
		event := openEventOf(namespace, v)
		started, completed := runTimes(v)
		for _, moment := range [][2]string{{"START", started}, {"COMPLETE", completed}} {
			event.EventType, event.EventTime = moment[0], moment[1]
			if err := e.Encode(event); err != nil {
				return err
			}
		}
	}
	return nil
}

func openEventOf(namespace string, v *cairn.Traced) *openEvent {
	data := func(pin layout.Pin) openData {
		return openData{namespace, string(pin.Artifact), map[string]any{"version": openVersion{facet("1-0-0", "DatasetVersionDatasetFacet"), pin.Version.String()}}}
	}
	midnight := string(v.Manifest.Date) + "T00:00:00Z"
	event := &openEvent{
		Producer: openProducer, SchemaURL: openSpec + "2-0-2/OpenLineage.json#/$defs/RunEvent",
		Run:     openRun{runID(v.Pin.Version), map[string]any{"nominalTime": openNominal{facet("1-0-1", "NominalTimeRunFacet"), midnight}}},
		Job:     openJob{namespace, string(v.Pin.Artifact)},
		Inputs:  []openData{},
		Outputs: []openData{data(v.Pin)},
	}
	for _, in := range v.Manifest.Inputs {
		event.Inputs = append(event.Inputs, data(in.Pin()))
	}
	return event
}

// runTimes are when the publication of v began and ended, as its record says, or
// midnight of its date if it has none.
func runTimes(v *cairn.Traced) (started, completed string) {
	midnight := string(v.Manifest.Date) + "T00:00:00Z"
	push := v.Pushed()
	if push == nil {
		return midnight, midnight
	}
	end, err := time.Parse(time.RFC3339Nano, push.At)
	took, err2 := strconv.ParseFloat(push.Facts["seconds"], 64)
	if err != nil || err2 != nil {
		return push.At, push.At
	}
	return end.Add(-time.Duration(took * float64(time.Second))).Format(time.RFC3339Nano), push.At
}

// runID makes a UUID of a version's id: of version 8, RFC 9562, which is free for
// such use.
func runID(d layout.Digest) string {
	d[6] = d[6]&0x0f | 0x80
	d[8] = d[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", d[:4], d[4:6], d[6:8], d[8:10], d[10:16])
}
