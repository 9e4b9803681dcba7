package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn/layout"
)

func (a *app) logCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "log ARTIFACT NAME|DATE",
		Short: "Show every state that a pointer or partition has had",
		Long: `Show every state that a pointer, a label, or the partition of a date has had,
newest first. Each is checked against the digest by which the next one names it.`,
		Example: "  cairn log datasets/flights prod\n  cairn log datasets/flights 2026-06-17",
		Args:    cobra.ExactArgs(2),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.log(cmd.Context(), args[0], args[1]) },
	}
}

type logged struct {
	Seq     int64  `json:"seq"`
	Version string `json:"version"`
	Date    string `json:"date"`
	Op      string `json:"op"`
	By      string `json:"by"`
	At      string `json:"at"`
	Reason  string `json:"reason,omitempty"`
	Fence   int64  `json:"fence,omitempty"`
	Prev    string `json:"prev,omitempty"`
}

func (a *app) log(ctx context.Context, artifact, name string) error {
	parsed, n, r, err := a.openNamed(ctx, artifact, name)
	if err != nil {
		return err
	}
	var t *table
	if !a.json && !a.quiet {
		t = a.table("SEQ", "VERSION", "DATE", "OP", "AT", "BY", "REASON")
		defer t.flush()
	}
	for p, err := range r.Log(ctx, parsed, n) {
		if err != nil {
			return err
		}
		if err := a.printState(t, p); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printState(t *table, p *layout.Pointer) error {
	doc := &logged{p.Seq, p.Version.String(), string(p.Date), p.Op, p.By, p.At, p.Reason, p.Fence, ""}
	if p.Prev != nil {
		doc.Prev = p.Prev.Digest.String()
	}
	return a.print(p.Pin(), doc, func() error {
		t.row(fmt.Sprint(p.Seq), p.Version.Short(), doc.Date, p.Op, seconds(p.At), p.By, p.Reason)
		return nil
	})
}
