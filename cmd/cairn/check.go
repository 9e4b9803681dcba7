package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
)

func (a *app) checkCommand() *cobra.Command {
	var g gateFlags
	cmd := &cobra.Command{
		Use:   "check REF...",
		Short: "Say whether versions may be used together, before anything is downloaded",
		Long: `Check the lineage of what the references mean, as pull, push and run do before
they begin: no version is tainted; no two versions are mixed that do not go
together; and whatever the flags demand. Prints the pins. If a rule is broken the
exit code is 2, and one sentence names the first edge that is wrong.`,
		Example: `  cairn check features/churn@candidate --expect datasets/customers=v2
  cairn check features/churn@candidate labels/churn@2026-06-17
  cairn check features/delay@2026-06-01..2026-06-30 --require-dates 2026-06-01..2026-06-30 --min-rows 1000`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.checkRefs(cmd.Context(), &g, args) },
	}
	g.add(cmd.Flags())
	a.lockFlag(cmd)
	return cmd
}

func (a *app) checkRefs(ctx context.Context, g *gateFlags, texts []string) error {
	refs, err := parseRefs(texts)
	if err != nil {
		return err
	}
	gate, err := g.gate(refs, "")
	if err != nil {
		return err
	}
	r, err := a.open(ctx, nil)
	if err != nil {
		return err
	}
	var versions []*cairn.Version
	for _, ref := range refs {
		found, err := a.resolveRef(ctx, r, ref)
		if err != nil {
			return err
		}
		versions = append(versions, found...)
	}
	if err := a.admit(ctx, r, gate, versions); err != nil {
		return err
	}
	for _, v := range versions {
		if err := a.printPin(v.Pin, describe(v)); err != nil {
			return err
		}
	}
	return nil
}
