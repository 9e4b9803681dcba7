package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

type runOptions struct {
	file, date, label, git, image, metricFile string
	in, out, param, point                     []string
	gate                                      gateFlags
	allowSchema, requireClean, dryRun, keep   bool
}

func (a *app) runCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run --date D [--in NAME=REF]... [--out ARTIFACT[=PATH]]... -- COMMAND ARG...",
		Short: "Run a program on versions, and publish what it makes with its lineage",
		Long: `Run an unchanged program on exactly the versions that references mean now, and
publish what it makes if it succeeds, with the inputs, the commit, the command,
the parameters and the metrics. Inputs that do not go together, are tainted, or are
not what --expect says stop it before anything is downloaded.

The program finds in its environment
  CAIRN_IN_<NAME>       folder with the files of an input; for a range of dates, of
                        folders such as date=2026-06-17
  CAIRN_PIN_<NAME>      the pin of that input, or pins, one a line
  CAIRN_OUT_<ARTIFACT>  where to write an output: PATH, or an empty folder; as in
                        CAIRN_OUT_MODELS_CHURN for models/churn
  CAIRN_METRICS         file for its metrics: a JSON object, or lines name=number
  CAIRN_DATE            the execution date

Its exit code is that of cairn, 128+N if signal N ended it; 126 and 127 as in a
shell if it cannot be started. Signals are passed on to it. Nothing is published
unless every output is there, is not empty, and was written by the program.

A job file says the same in YAML, by the names of the flags, and "command" as a
list. The command line and the environment go before it.`,
		Example: `  cairn run --date 2026-06-17 --in features=features/churn@candidate --out models/churn=model/ \
      --param lr=0.1 --point candidate -- python train.py
  cairn run -f train.yaml --date 2026-06-17 --expect datasets/customers=v2`,
		RunE: func(cmd *cobra.Command, args []string) error {
			command, err := o.command(cmd, args)
			if err != nil {
				return err
			}
			return a.run(cmd.Context(), &o, command)
		},
	}
	o.flags(cmd.Flags())
	a.lockFlag(cmd)
	a.outputsFlag(cmd)
	return cmd
}

func (o *runOptions) flags(f *pflag.FlagSet) {
	f.StringVarP(&o.file, "file", "f", "", "job file: YAML with these flags and the command")
	f.StringVar(&o.date, "date", "", "execution date, YYYY-MM-DD; required, and never taken from a clock")
	f.StringArrayVar(&o.in, "in", nil, "input, NAME=REF; repeatable")
	f.StringArrayVar(&o.out, "out", nil, "output, ARTIFACT or ARTIFACT=PATH; repeatable")
	o.gate.add(f)
	f.StringArrayVar(&o.param, "param", nil, "parameter, name=value; repeatable")
	f.StringVar(&o.metricFile, "metric-file", "", "where the program writes its metrics (default a file in the scratch folder)")
	f.StringVar(&o.label, "label", "", "name that will always mean the versions that are published")
	f.StringArrayVar(&o.point, "point", nil, "pointer to move to the versions that are published; repeatable")
	f.StringVar(&o.git, "git", "", "commit of the code (default what git says of the working directory)")
	f.StringVar(&o.image, "image", "", "digest of the container image, sha256:… or NAME@sha256:…")
	f.BoolVar(&o.allowSchema, "allow-schema-change", false, "publish tables that lack columns of those they replace, or have them in other types")
	f.BoolVar(&o.requireClean, "require-clean", false, "refuse to run code that no commit names")
	f.BoolVar(&o.dryRun, "dry-run", false, "check, print what would run, and stop there")
	f.BoolVar(&o.keep, "keep", false, "keep the scratch folder")
}

// command reads the job file, if there is one, and returns the command to run.
func (o *runOptions) command(cmd *cobra.Command, args []string) ([]string, error) {
	if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
		return nil, usagef("put -- before the command: cairn run … -- %s", args[max(0, cmd.ArgsLenAtDash()-1)])
	}
	if o.file != "" {
		named, err := readJobFile(o.file, cmd.LocalNonPersistentFlags())
		if err != nil {
			return nil, err
		}
		if len(named) > 0 && len(args) > 0 {
			return nil, usagef("%s names a command already, and another one stands after --", o.file)
		}
		args = append(named, args...)
	}
	if len(args) == 0 {
		return nil, usagef("say what to run: cairn run … -- COMMAND ARG...")
	}
	return args, nil
}

// run does all of a run in the order that lets each step fail before the next
// costs anything.
func (a *app) run(ctx context.Context, o *runOptions, command []string) (err error) {
	j, err := o.job(command)
	if err != nil {
		return err
	}
	program, err := wrap(command)
	if err != nil {
		return err
	}
	defer program.release()
	if err := a.findSource(ctx, o, j); err != nil {
		return err
	}
	var meter transfer.Meter
	ins := newInspector()
	ins.note = a.note
	r, err := a.openWith(ctx, &cairn.Options{Meter: &meter, Inspect: ins.inspect})
	if err != nil {
		return err
	}
	run, err := a.begin(ctx, r, j)
	if err != nil {
		return err
	}
	if o.dryRun {
		return a.printJob(j)
	}
	s, err := newScratch(a.cacheDir(), o.keep)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, s.remove())
		if o.keep {
			a.note("kept %s", s.dir)
		}
	}()
	if err := j.prepare(s); err != nil {
		return err
	}
	if err := a.pullInputs(ctx, run, j, &meter); err != nil {
		return err
	}
	if err := a.runProgram(ctx, program, j); err != nil {
		return err
	}
	program.release()
	publications, err := j.publications()
	if err != nil {
		return err
	}
	return a.publishAll(ctx, run, publications, &meter)
}

// findSource finds out what code runs.
func (a *app) findSource(ctx context.Context, o *runOptions, j *job) error {
	source := &layout.Source{Git: o.git, Image: o.image, Command: j.command}
	if i := strings.LastIndexByte(source.Image, '@'); i >= 0 {
		source.Image = source.Image[i+1:]
	}
	j.options.Source = source
	if o.git != "" {
		return nil
	}
	written := []string{a.cacheDir()}
	if url, err := a.storeURL(); err == nil {
		written = append(written, url)
	}
	for _, out := range j.outputs {
		written = append(written, out.path)
	}
	written = append(written, j.metrics.path, a.lock, a.outputs)
	code := readCheckout(ctx, withoutEmpty(written))
	if o.requireClean {
		if err := code.requireClean(); err != nil {
			return err
		}
	}
	j.meta = code.describe(source)
	if j.meta != nil {
		a.note("the checkout differs from commit %.12s in %s, such as %s; the commit is recorded as git_dirty", code.commit, plural(len(code.dirty), "file"), code.dirty[0])
	}
	return nil
}

func withoutEmpty(texts []string) (found []string) {
	for _, text := range texts {
		if text != "" {
			found = append(found, text)
		}
	}
	return found
}

// begin resolves and checks the inputs.
func (a *app) begin(ctx context.Context, r *cairn.Repo, j *job) (*cairn.Run, error) {
	j.options.Resolve = func(ctx context.Context, ref layout.Ref) ([]*cairn.Version, error) {
		return a.resolveRef(ctx, r, ref)
	}
	run, err := r.Begin(ctx, &j.options)
	if err != nil {
		return nil, err
	}
	if len(j.inputs) == 0 {
		if err := r.CheckVersions(ctx, nil, j.options.Gate); err != nil {
			return nil, err
		}
	}
	for i := range j.inputs {
		if j.inputs[i].versions, err = run.Resolve(ctx, j.inputs[i].ref); err != nil {
			return nil, err
		}
	}
	return run, nil
}

func (a *app) pullInputs(ctx context.Context, run *cairn.Run, j *job, meter *transfer.Meter) error {
	if len(j.inputs) == 0 {
		return nil
	}
	started := time.Now()
	stop := a.follow("pull", meter)
	defer stop()
	for _, in := range j.inputs {
		if _, err := run.Pull(ctx, in.ref, in.dir); err != nil {
			return fmt.Errorf("pulling %s: %w", in.ref, err)
		}
	}
	a.note("pulled %s (%s fetched) in %s", plural(len(j.inputs), "input"), size(meter.Moved.Load()), time.Since(started).Round(time.Millisecond))
	return nil
}

func (a *app) runProgram(ctx context.Context, program *wrapped, j *job) error {
	err := program.run(ctx, j.environment())
	if isA[*programError](err) && hasContent(a.terminationLog) {
		a.terminationLog = "" // the program has said itself why it failed
	}
	if err == nil {
		err = context.Cause(ctx) // told to stop, it ended well: who knows with how much
	}
	return err
}

func hasContent(file string) bool {
	st, err := os.Stat(file)
	return err == nil && st.Size() > 0
}

type published struct {
	resolved
	Changed  bool  `json:"changed"`
	SameData bool  `json:"same_data"`
	Files    int   `json:"files"`
	Bytes    int64 `json:"bytes"`
}

func (a *app) publishAll(ctx context.Context, run *cairn.Run, publications []*cairn.Publication, meter *transfer.Meter) error {
	if len(publications) == 0 {
		return nil
	}
	before := meter.Moved.Load()
	stop := a.follow("push", meter)
	outcomes, err := run.Publish(ctx, publications...)
	stop()
	for _, out := range outcomes {
		m := out.Manifest
		if err := a.printPin(out.Pin, &published{describe(out.Version), out.Changed, out.SameData, len(m.Files), m.Size()}); err != nil {
			return err
		}
		if err := a.writeOutput(outputFolder(m.Artifact), out.Version, out.Changed); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	changed := 0
	for _, out := range outcomes {
		if out.Changed {
			changed++
		}
	}
	a.note("published %s (%d new, %s sent)", plural(len(outcomes), "output"), changed, size(meter.Moved.Load()-before))
	return nil
}
