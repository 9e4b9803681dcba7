package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

type pointOptions struct {
	ifAt, reason string
	fence        int64
}

func (a *app) pointCommand() *cobra.Command {
	var o pointOptions
	cmd := &cobra.Command{
		Use:   "point ARTIFACT NAME REF",
		Short: "Move a pointer to a version, by compare-and-swap",
		Long: `Move the pointer NAME of ARTIFACT to the version that REF means, or create it.
REF is a whole reference or what stands after its "@". Prints the pin.`,
		Example: `  cairn point datasets/flights prod datasets/flights@v2 --if-at v1 --reason "fixed the delays"
  cairn point datasets/flights prod v1 --if-at absent`,
		Args: cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.point(cmd.Context(), &o, args[0], args[1], args[2])
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.ifAt, "if-at", "", "only if the pointer means this version now, or is absent")
	f.StringVar(&o.reason, "reason", "", "why, for the history")
	f.Int64Var(&o.fence, "fence", 0, "number of this attempt: never overwrite one with a larger number")
	return cmd
}

func (a *app) point(ctx context.Context, o *pointOptions, artifact, name, ref string) error {
	return a.nameVersion(ctx, artifact, name, ref, func(r *cairn.Repo, v *cairn.Version, n layout.Name) error {
		po := &cairn.PointOptions{Reason: o.reason, Fence: o.fence, IfAbsent: o.ifAt == "absent"}
		if o.ifAt != "" && !po.IfAbsent {
			at, err := a.resolveIn(ctx, r, v.Pin.Artifact, o.ifAt)
			if err != nil {
				return err
			}
			po.IfAt = at.Pin.Version
		}
		return r.Point(ctx, v, n, po)
	})
}

func (a *app) labelCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "label ARTIFACT NAME REF",
		Short: "Give a version a label, which never moves",
		Long: `Create the label NAME of ARTIFACT for the version that REF means. It will always
mean that version: labelling another with it is refused. Prints the pin.`,
		Example: "  cairn label datasets/flights v2 datasets/flights@2026-06-17",
		Args:    cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.nameVersion(cmd.Context(), args[0], args[1], args[2], func(r *cairn.Repo, v *cairn.Version, n layout.Name) error {
				return r.Label(cmd.Context(), v, n)
			})
		},
	}
}

// nameVersion resolves a version, lets give name it, and prints its pin.
func (a *app) nameVersion(ctx context.Context, artifact, name, ref string, give func(*cairn.Repo, *cairn.Version, layout.Name) error) error {
	parsed, n, r, err := a.openNamed(ctx, artifact, name)
	if err != nil {
		return err
	}
	v, err := a.resolveIn(ctx, r, parsed, ref)
	if err != nil {
		return err
	}
	if err := give(r, v, n); err != nil {
		return err
	}
	return a.printPin(v.Pin, describe(v))
}
