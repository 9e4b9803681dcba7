package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

func (a *app) lsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "ls [ARTIFACT]",
		Short: "List the versions in use",
		Long: `List the versions in use, of one artifact or of all: the current one of each
partition, and those that a pointer or label means.`,
		Example: "  cairn ls datasets/flights",
		Args:    cobra.MaximumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.ls(cmd.Context(), args) },
	}
}

type listed struct {
	Artifact string        `json:"artifact"`
	Date     string        `json:"date"`
	Version  string        `json:"version"`
	Pin      string        `json:"pin"`
	Names    []layout.Name `json:"names"`
	By       string        `json:"by"`
	At       string        `json:"at"`
}

func (a *app) ls(ctx context.Context, args []string) error {
	var only layout.Artifact
	if len(args) > 0 {
		var err error
		if only, err = layout.ParseArtifact(args[0]); err != nil {
			return err
		}
	}
	r, err := a.open(ctx, nil)
	if err != nil {
		return err
	}
	var t *table
	if !a.json && !a.quiet {
		t = a.table("ARTIFACT", "DATE", "VERSION", "NAMES")
		defer t.flush()
	}
	list := func(artifact layout.Artifact) error {
		entries, err := r.Entries(ctx, artifact)
		for _, e := range entries {
			if err := a.printEntry(t, e); err != nil {
				return err
			}
		}
		return err
	}
	if only != "" {
		return list(only)
	}
	for artifact, err := range r.Artifacts(ctx) {
		if err != nil {
			return err
		}
		if err := list(artifact); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printEntry(t *table, e cairn.Entry) error {
	doc := &listed{string(e.Pin.Artifact), string(e.Date), e.Pin.Version.String(), e.Pin.String(), append([]layout.Name{}, e.Names...), e.By, e.At}
	return a.print(e.Pin, doc, func() error {
		var names []string
		for _, n := range e.Names {
			names = append(names, string(n))
		}
		t.row(doc.Artifact, doc.Date, e.Pin.Version.Short(), strings.Join(names, ", "))
		return nil
	})
}
