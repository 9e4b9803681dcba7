package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// print prints a result on stdout: its pin for -q, a document for --json, and
// otherwise what human does.
func (a *app) print(pin fmt.Stringer, doc any, human func() error) error {
	switch {
	case a.quiet:
		_, err := fmt.Fprintln(a.stdout, pin)
		return err
	case a.json:
		return a.documents().Encode(doc)
	}
	return human()
}

// documents returns what writes JSON on stdout, a document a line, as people read
// it too.
func (a *app) documents() *json.Encoder {
	e := json.NewEncoder(a.stdout)
	e.SetEscapeHTML(false)
	return e
}

// printPin prints a result that for people is its pin alone.
func (a *app) printPin(pin fmt.Stringer, doc any) error {
	return a.print(pin, doc, func() error {
		_, err := fmt.Fprintln(a.stdout, pin)
		return err
	})
}

// note tells a person on stderr what stdout does not say.
func (a *app) note(format string, args ...any) {
	if !a.quiet && !a.json {
		fmt.Fprintf(a.stderr, "cairn: "+format+"\n", args...)
	}
}

// A table aligns columns for people.
type table struct{ w *tabwriter.Writer }

func (a *app) table(header ...string) *table {
	t := &table{tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)}
	if len(header) > 0 {
		t.row(header...)
	}
	return t
}

func (t *table) row(cells ...string) {
	fmt.Fprintln(t.w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
}

func (t *table) flush() error { return t.w.Flush() }

// seconds shortens a stored time for people.
func seconds(at string) string {
	t, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return at
	}
	return t.Format(time.RFC3339)
}
