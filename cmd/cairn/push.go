package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

type pushOptions struct {
	date, label, git, image string
	point, input            []string
	inputsFrom              []string
	param, metric, meta     []string
	fence                   int64
	opaque, reuseEqual      bool
	rehash                  bool
	allowSchema, unordered  bool
	gate                    gateFlags
	contract                contractFlags
}

func (a *app) pushCommand() *cobra.Command {
	var o pushOptions
	cmd := &cobra.Command{
		Use:   "push ARTIFACT PATH... --date D",
		Short: "Publish files as a version",
		Long: `Publish files as a version of ARTIFACT and make it the current one of the
partition of that date. A file is stored under its base name, the files of a
folder under their paths relative to it. Prints the pin of the version.

Publishing again what the partition has already changes nothing, and does not even
read a large file whose size, times and inode are as they were; --rehash does. Of
files that changed only what is new is sent: the column chunks of a Parquet file
that the version before has too are copied on the server, where it can do that.
A push that was cut off goes on where it stopped when it is run again on the same
machine. Many small files travel in packs.

What it was made from is said by --input, and by the receipts that pulls into the
working directory, or the folders of --inputs-from, have left. Before anything is
read their lineage is checked, as by cairn check.

Parquet, Arrow and Feather files, CSV and NDJSON are looked into, so that the
manifest says what they hold: rows, columns, and digests of the data that do not
depend on how it is stored. What claims to be Parquet or Arrow and cannot be read is
refused; CSV and NDJSON that are not strict are taken as plain bytes.

With --contract all tables are held against a contract before anything is
uploaded, as by cairn validate. With --dead-letter the rows that break it go to a
file, and the others are published.`,
		Example: `  cairn push datasets/flights flights.parquet --date 2026-06-17 --label v1
  cairn push models/delay model/ --date 2026-06-17 --input features/delay@2026-06-17 \
      --git $(git rev-parse HEAD) --param lr=0.1 --metric accuracy=0.94 --point candidate`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return a.push(cmd.Context(), &o, args[0], args[1:]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.date, "date", "", "execution date, YYYY-MM-DD; required, and never taken from a clock")
	f.StringVar(&o.label, "label", "", "name that will always mean this version")
	f.StringArrayVar(&o.point, "point", nil, "pointer to move to this version; repeatable")
	f.StringArrayVar(&o.input, "input", nil, "reference to what it was made from; repeatable")
	f.StringArrayVar(&o.param, "param", nil, "parameter, name=value; repeatable")
	f.StringArrayVar(&o.metric, "metric", nil, "metric, name=number; repeatable")
	f.StringArrayVar(&o.meta, "meta", nil, "anything else, name=value; repeatable")
	f.StringVar(&o.git, "git", "", "commit of the code that made it")
	f.StringVar(&o.image, "image", "", "digest of the container image that made it, sha256:…")
	f.Int64Var(&o.fence, "fence", 0, "number of this attempt: never overwrite one with a larger number")
	f.BoolVar(&o.opaque, "opaque", false, "publish files as bytes, without looking into them")
	f.BoolVar(&o.allowSchema, "allow-schema-change", false, "publish tables that lack columns of those they replace, or have them in other types")
	f.BoolVar(&o.unordered, "unordered", false, "recognise Parquet tables by their rows in whatever order, for engines that shuffle; slower")
	f.BoolVar(&o.rehash, "rehash", false, "read files again that are as they were when they were last published from here")
	f.BoolVar(&o.reuseEqual, "reuse-equal", false, "publish nothing if only the encoding of the same data differs")
	f.StringArrayVar(&o.inputsFrom, "inputs-from", nil, "folder of a pull whose receipts say what it was made from (default the working directory); repeatable")
	o.gate.add(f)
	o.contract.add(f)
	a.lockFlag(cmd)
	a.outputsFlag(cmd)
	return cmd
}

type pushed struct {
	Pin      string `json:"pin"`
	Artifact string `json:"artifact"`
	Date     string `json:"date"`
	Version  string `json:"version"`
	Changed  bool   `json:"changed"`
	SameData bool   `json:"same_data"`
	Files    int    `json:"files"`
	Bytes    int64  `json:"bytes"`
	Sent     int64  `json:"sent"` // bytes of files, over the network
	counters
}

func (a *app) push(ctx context.Context, o *pushOptions, artifact string, paths []string) error {
	p, err := o.publication(artifact, paths)
	if err != nil {
		return err
	}
	var meter transfer.Meter
	ins := newInspector()
	ins.note, ins.unordered = a.note, o.unordered
	options := &cairn.Options{Meter: &meter, Rehash: o.rehash}
	if !o.opaque {
		options.Inspect = ins.inspect
	}
	r, err := a.openWith(ctx, options)
	if err != nil {
		return err
	}
	if err := a.gateInputs(ctx, r, o, p); err != nil {
		return err
	}
	if p.Inputs, err = a.lockRefs(ctx, r, p.Inputs); err != nil {
		return err
	}
	if o.contract.contract != "" {
		if _, err := r.Check(ctx, p.Inputs, p.Gate); err != nil {
			return err // as Publish would say, before any file is read
		}
		h, err := a.newHolder(&o.contract, ins)
		if err != nil {
			return err
		}
		defer h.close()
		if err := a.holdAll(ctx, r, h, p); err != nil {
			return err
		}
	}
	started := time.Now()
	stop := a.follow("push "+artifact, &meter)
	out, err := r.Publish(ctx, p)
	stop()
	if err != nil {
		return err
	}
	if err := a.writeOutput("", out.Version, out.Changed); err != nil {
		return err
	}
	m := out.Manifest
	switch took := time.Since(started).Round(time.Millisecond); {
	case out.Changed:
		a.note("published %s, %s (%s) in %s", plural(len(m.Files), "file"), size(m.Size()), sentText(&meter), took)
	case out.SameData:
		a.note("nothing to do: %s has the same data in other bytes, and keeps it", p.Date)
	default:
		a.note("nothing to do: %s has this version already", p.Date)
	}
	if out.Changed && out.SameData {
		a.note("same data, different bytes: the version before held the same; --reuse-equal would keep it")
	}
	return a.printPin(out.Pin, &pushed{
		Pin: out.Pin.String(), Artifact: string(m.Artifact), Date: string(m.Date), Version: out.Pin.Version.String(), Changed: out.Changed, SameData: out.SameData,
		Files: len(m.Files), Bytes: m.Size(), Sent: meter.Moved.Load(), counters: countersOf(&meter),
	})
}

// publication reads the arguments. What is wrong with their contents, rather
// than their form, is left to the SDK to say.
func (o *pushOptions) publication(artifact string, paths []string) (*cairn.Publication, error) {
	a, err := layout.ParseArtifact(artifact)
	if err != nil {
		return nil, err
	}
	if o.date == "" {
		return nil, &layout.Error{Thing: "push", Value: artifact, Reason: "needs --date YYYY-MM-DD, the execution date; it is never taken from a clock"}
	}
	date, err := layout.ParseDate(o.date)
	if err != nil {
		return nil, err
	}
	if err := o.contract.check(o.opaque); err != nil {
		return nil, err
	}
	p := &cairn.Publication{Artifact: a, Date: date, Fence: o.fence, ReuseEqual: o.reuseEqual, AllowSchemaChange: o.allowSchema}
	if o.git != "" || o.image != "" {
		p.Source = &layout.Source{Git: o.git, Image: o.image}
	}
	if p.Inputs, err = parseRefs(o.input); err != nil {
		return nil, err
	}
	if err := o.names(p); err != nil {
		return nil, err
	}
	if p.Params, err = pairs("param", o.param, parseParam); err != nil {
		return nil, err
	}
	if p.Metrics, err = pairs("metric", o.metric, parseNumber); err != nil {
		return nil, err
	}
	if p.Meta, err = pairs("meta", o.meta, parseText); err != nil {
		return nil, err
	}
	p.Files, err = cairn.Sources(paths...)
	return p, err
}

func (o *pushOptions) names(p *cairn.Publication) (err error) {
	if o.label != "" {
		if p.Label, err = layout.ParseName(o.label); err != nil {
			return err
		}
	}
	for _, text := range o.point {
		name, err := layout.ParseName(text)
		if err != nil {
			return err
		}
		p.Point = append(p.Point, name)
	}
	return nil
}
