package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
)

type rollbackOptions struct{ to, reason string }

func (a *app) rollbackCommand() *cobra.Command {
	var o rollbackOptions
	cmd := &cobra.Command{
		Use:   "rollback ARTIFACT NAME|DATE",
		Short: "Go back to a former version",
		Long: `Make a pointer, or the partition of a date, mean a former version again: what was
in force before the present, or what --to says. History only grows: a rollback is
a new state, and can be rolled back. Prints the pin of what is in force now.`,
		Example: "  cairn rollback datasets/flights prod --reason \"delays are wrong\"",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.rollback(cmd.Context(), &o, args[0], args[1])
		},
	}
	cmd.Flags().StringVar(&o.to, "to", "", "the version to go back to")
	cmd.Flags().StringVar(&o.reason, "reason", "", "why, for the history")
	return cmd
}

func (a *app) rollback(ctx context.Context, o *rollbackOptions, artifact, name string) error {
	parsed, n, r, err := a.openNamed(ctx, artifact, name)
	if err != nil {
		return err
	}
	var to *cairn.Version
	if o.to != "" {
		if to, err = a.resolveIn(ctx, r, parsed, o.to); err != nil {
			return err
		}
	}
	v, err := r.Rollback(ctx, parsed, n, to, o.reason)
	if err != nil {
		return err
	}
	return a.printPin(v.Pin, describe(v))
}
