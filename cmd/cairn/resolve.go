package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

func (a *app) resolveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "resolve REF",
		Short: "Print the pin of what a reference means now",
		Long: `Print the pin of the version that a reference means now, or of each of a range of
dates, a line each. A pin means the same for ever.

With --lock a reference means what the file says, whatever moved since; one that
the file does not have is resolved and added. All steps of a workflow that share
the file so read the same versions, also those that run side by side.`,
		Example: "  cairn resolve datasets/flights@prod\n  cairn resolve datasets/flights@prod --lock pins.json",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.resolve(cmd.Context(), args[0]) },
	}
	a.lockFlag(cmd)
	a.outputsFlag(cmd)
	return cmd
}

// resolved is what every verb says of a version.
type resolved struct {
	Pin      string `json:"pin"`
	Artifact string `json:"artifact"`
	Date     string `json:"date"`
	Version  string `json:"version"`
}

func describe(v *cairn.Version) resolved {
	return resolved{v.Pin.String(), string(v.Pin.Artifact), string(v.Manifest.Date), v.Pin.Version.String()}
}

func (a *app) resolve(ctx context.Context, text string) error {
	ref, versions, err := a.versions(ctx, text)
	if err != nil {
		return err
	}
	if err := a.writeOutputs(versions, ref.IsRange()); err != nil {
		return err
	}
	for _, v := range versions {
		if err := a.printPin(v.Pin, describe(v)); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) versions(ctx context.Context, text string) (layout.Ref, []*cairn.Version, error) {
	ref, err := layout.ParseRef(text)
	if err != nil {
		return ref, nil, err
	}
	r, err := a.open(ctx, nil)
	if err != nil {
		return ref, nil, err
	}
	versions, err := a.resolveRef(ctx, r, ref)
	return ref, versions, err
}
