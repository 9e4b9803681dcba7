package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

func (a *app) resolveCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "resolve REF",
		Short:   "Print the pin of what a reference means now",
		Long:    "Print the pin of the version that a reference means now, or of each of a range of\ndates, a line each. A pin means the same for ever.",
		Example: "  cairn resolve datasets/flights@prod",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.resolve(cmd.Context(), args[0]) },
	}
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
	versions, err := a.versions(ctx, text)
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

func (a *app) versions(ctx context.Context, text string) ([]*cairn.Version, error) {
	ref, err := layout.ParseRef(text)
	if err != nil {
		return nil, err
	}
	r, err := a.open(ctx, nil)
	if err != nil {
		return nil, err
	}
	return r.Resolve(ctx, ref)
}
