package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

// A dryPlan is what would be adopted, and what nobody would know afterwards.
type dryPlan struct {
	Adopt []dryEntry `json:"adopt"`
	Left  []dryLeft  `json:"left"`
}

type dryEntry struct {
	Path     string        `json:"path"`
	Artifact string        `json:"artifact"`
	Date     string        `json:"date"`
	Label    layout.Name   `json:"label,omitempty"`
	Point    []layout.Name `json:"point"`
	Inputs   []string      `json:"inputs"`
	Files    int           `json:"files"`
	Bytes    int64         `json:"bytes"`
	Rows     *int64        `json:"rows,omitempty"` // of all tables
	Has      string        `json:"has,omitempty"`  // pin of the version of this date that has the files
	Replaces string        `json:"replaces,omitempty"`
	remark   string        // of the last two, for people
}

type dryLeft struct {
	Path   string       `json:"path"`
	Status cairn.Status `json:"status"`
	Bytes  int64        `json:"bytes"`
}

// printPlan prints what would be published. Tables are looked into, so that one
// which would be refused is refused now.
func (a *app) printPlan(ctx context.Context, r *cairn.Repo, ins *inspector, p *plan, dir string, found *surveyed) error {
	doc := &dryPlan{Adopt: []dryEntry{}, Left: p.left(dir, found)}
	for _, e := range p.entries {
		d, err := e.dry(ctx, r, ins, found)
		if err != nil {
			return e.at(err)
		}
		doc.Adopt = append(doc.Adopt, *d)
	}
	if a.quiet {
		return nil
	}
	return a.print(nil, doc, func() error {
		t := a.table()
		for _, d := range doc.Adopt {
			t.row(printable(d.Path), "→ "+d.Artifact, d.Date, string(d.Label), size(d.Bytes), d.rows(), d.remark)
		}
		for _, l := range doc.Left {
			t.row(printable(l.Path), "stays "+string(l.Status), "", "", size(l.Bytes))
		}
		return t.flush()
	})
}

func (d *dryEntry) rows() string {
	if d.Rows == nil {
		return ""
	}
	return plural(int(*d.Rows), "row")
}

// left returns what neither the store nor the plan knows.
func (p *plan) left(dir string, found *surveyed) []dryLeft {
	taken, bytes := make(map[string]bool), make(map[layout.Digest]bool)
	for _, e := range p.entries {
		for _, s := range e.Files {
			f := found.byPath[e.below(s)]
			taken[f.Path], bytes[f.Digest] = true, !f.Digest.IsZero()
		}
	}
	left := []dryLeft{}
	for _, f := range unknown(dir, found, p.stat()) {
		if !taken[f.Path] && !bytes[f.Digest] {
			left = append(left, dryLeft{f.Path, f.Status, f.Size})
		}
	}
	return left
}

func (e *planEntry) dry(ctx context.Context, r *cairn.Repo, ins *inspector, found *surveyed) (*dryEntry, error) {
	d := &dryEntry{Path: e.path, Artifact: string(e.Artifact), Date: string(e.Date), Label: e.Label,
		Point: append([]layout.Name{}, e.Point...), Inputs: []string{}, Files: len(e.Files)}
	for _, ref := range e.Inputs {
		d.Inputs = append(d.Inputs, ref.String())
	}
	for _, s := range e.Files {
		in, err := ins.inspect(ctx, s.File)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.File, err)
		}
		if in != nil && in.Table != nil {
			if d.Rows == nil {
				d.Rows = new(int64)
			}
			*d.Rows += in.Table.Rows
		}
		st, err := os.Stat(s.File)
		if err != nil {
			return nil, err
		}
		d.Bytes += st.Size()
	}
	return d, d.compare(ctx, r, e, found)
}

// compare says what the partition has now, and whether that is what the entry asks
// for.
func (d *dryEntry) compare(ctx context.Context, r *cairn.Repo, e *planEntry, found *surveyed) error {
	now, err := r.Resolve(ctx, layout.Ref{Artifact: e.Artifact, From: e.Date})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	head := now[0].Pin
	former, current, ok := e.former(found)
	switch {
	case ok && !current:
		d.Has, d.Replaces = former.String(), head.String()
		d.remark = fmt.Sprintf("nothing to do: %s has these files, and %s has replaced it", former.Version.Short(), head.Version.Short())
	case ok && len(now[0].Manifest.Files) == len(e.Files):
		d.Has, d.remark = head.String(), head.Version.Short()+" has these files"
	default:
		d.Replaces, d.remark = head.String(), "replaces "+head.Version.Short()
	}
	return nil
}
