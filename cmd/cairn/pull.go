package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

func (a *app) pullCommand() *cobra.Command {
	var g gateFlags
	cmd := &cobra.Command{
		Use:   "pull REF DEST",
		Short: "Write the files of a version into a folder, every byte verified",
		Long: `Write the files of a version into the folder DEST, at their paths. A file appears
under its name only once its bytes are known to be right; files that are right
already are left alone. The versions of a range of dates go into folders of their
own, DEST/date=2026-06-17 and so on. Prints the pin of what was pulled.

Before a byte is downloaded the lineage is checked, as by cairn check: nothing in
it is tainted or mixed, and it is as the flags demand. A receipt in DEST/.cairn
says what was pulled, for a push --inputs-from DEST.`,
		Example: `  cairn pull datasets/flights@v1 data/
  cairn pull features/delay@2026-06-01..2026-06-17 features/ --expect datasets/flights=v1`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return a.pull(cmd.Context(), &g, args[0], args[1]) },
	}
	g.add(cmd.Flags())
	a.lockFlag(cmd)
	a.outputsFlag(cmd)
	return cmd
}

type pulled struct {
	resolved
	Dest  string `json:"dest"`
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
}

func (a *app) pull(ctx context.Context, g *gateFlags, text, dest string) error {
	ref, err := layout.ParseRef(text)
	if err != nil {
		return err
	}
	gate, err := g.gate([]layout.Ref{ref}, "")
	if err != nil {
		return err
	}
	var meter transfer.Meter
	r, err := a.open(ctx, &meter)
	if err != nil {
		return err
	}
	versions, err := a.resolveRef(ctx, r, ref)
	if err != nil {
		return err
	}
	if err := a.admit(ctx, r, gate, versions); err != nil {
		return err
	}
	if err := os.MkdirAll(dest, 0o777); err != nil {
		return err
	}
	if err := cairn.RemoveReceipt(dest, ref.Artifact); err != nil {
		return err
	}
	started := time.Now()
	stop := a.follow("pull "+text, &meter)
	if ref.IsRange() {
		err = cairn.PullAll(ctx, versions, dest)
	} else {
		err = versions[0].Pull(ctx, dest)
	}
	stop()
	if err != nil {
		return err
	}
	if err := a.leaveReceipt(dest, ref, versions); err != nil {
		return err
	}
	if err := a.writeOutputs(versions, ref.IsRange()); err != nil {
		return err
	}
	a.note("pulled %s (%s fetched) in %s", plural(int(meter.Files.Load()), "file"), size(meter.Moved.Load()), time.Since(started).Round(time.Millisecond))
	for _, v := range versions {
		if err := a.printPin(v.Pin, &pulled{describe(v), dest, len(v.Manifest.Files), v.Manifest.Size()}); err != nil {
			return err
		}
	}
	return nil
}
