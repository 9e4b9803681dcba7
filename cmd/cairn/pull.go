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
	var part partFlags
	cmd := &cobra.Command{
		Use:   "pull REF DEST",
		Short: "Write the files of a version into a folder, every byte verified",
		Long: `Write the files of a version into the folder DEST, at their paths. A file appears
under its name only once its bytes are known to be right; files that are right
already are left alone. The versions of a range of dates go into folders of their
own, DEST/date=2026-06-17 and so on. Prints the pin of what was pulled.

--include pulls the files whose paths match one of its patterns: * stands for any part
of one segment of a path, ** for any number of segments. --columns pulls Parquet files
with these columns alone, each a Parquet file again. Little more than their bytes is
downloaded, and each column is compared with what was published by the digest of its
values; statistics and metadata of the writer, which no digest proves, are left out. A
column that is nested comes whole. cairn show --json lists columns.

Before a byte is downloaded the lineage is checked, as by cairn check: nothing in
it is tainted or mixed, and it is as the flags demand. A receipt in DEST/.cairn
says what was pulled, for a push --inputs-from DEST.`,
		Example: `  cairn pull datasets/flights@v1 data/
  cairn pull datasets/images@v1 images/ --include 'train/**/*.png'
  cairn pull features/churn@prod features/ --columns age,city
  cairn pull features/delay@2026-06-01..2026-06-17 features/ --expect datasets/flights=v1`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := part.options(cmd.Flags())
			if err != nil {
				return err
			}
			return a.pull(cmd.Context(), &g, o, args[0], args[1])
		},
	}
	part.add(cmd.Flags())
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

	// These are of the whole command, also where it pulls several versions.
	Fetched int64 `json:"fetched"` // bytes of files, over the network
	counters
}

func (a *app) pull(ctx context.Context, g *gateFlags, o *cairn.PullOptions, text, dest string) error {
	ref, err := layout.ParseRef(text)
	if err != nil {
		return err
	}
	gate, err := g.gate([]layout.Ref{ref}, "")
	if err != nil {
		return err
	}
	var meter transfer.Meter
	r, err := a.openWith(ctx, &cairn.Options{Meter: &meter, Inspect: newInspector().inspectPulled})
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
	for _, v := range versions {
		if _, err := v.Selected(o); err != nil {
			return err
		}
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
		err = cairn.PullAll(ctx, versions, dest, o)
	} else {
		err = versions[0].Pull(ctx, dest, o)
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
		p := &pulled{resolved: describe(v), Dest: dest, Fetched: meter.Moved.Load(), counters: countersOf(&meter)}
		if err := p.measure(v, pulledInto(dest, ref, v), o); err != nil {
			return err
		}
		if err := a.printPin(v.Pin, p); err != nil {
			return err
		}
	}
	return nil
}
