package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

func (a *app) taintCommand() *cobra.Command {
	return a.statementCommand(&cobra.Command{
		Use:   "taint REF --reason R",
		Short: "Stop every use of a version, and of all that was made from it",
		Long: `State that the version REF means, or each of a range of dates, is not to be used.
From now on pull, push, check and run refuse it and everything that was made
from it, with the reason. Nothing is deleted. Prints the pin.`,
		Example: `  cairn taint datasets/customers@v2 --reason "the ages are in months"`,
	}, (*cairn.Repo).Taint)
}

func (a *app) untaintCommand() *cobra.Command {
	return a.statementCommand(&cobra.Command{
		Use:     "untaint REF --reason R",
		Short:   "Lift the taints of a version",
		Long:    "Lift all taints that the version REF means has now. Both stay in its records.\nPrints the pin.",
		Example: `  cairn untaint datasets/customers@v2 --reason "they are in years, the column was misnamed"`,
	}, (*cairn.Repo).Untaint)
}

func (a *app) statementCommand(cmd *cobra.Command, state func(*cairn.Repo, context.Context, layout.Ref, string) ([]*cairn.Version, error)) *cobra.Command {
	var reason string
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		ref, err := layout.ParseRef(args[0])
		if err != nil {
			return err
		}
		if reason == "" {
			return usagef("%s: give --reason, for whoever is stopped by it", cmd.Name())
		}
		r, err := a.open(ctx, nil)
		if err != nil {
			return err
		}
		versions, err := state(r, ctx, ref, reason)
		if err != nil {
			return err
		}
		for _, v := range versions {
			if err := a.printPin(v.Pin, describe(v)); err != nil {
				return err
			}
		}
		return nil
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; required")
	return cmd
}
