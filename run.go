package cairn

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/cairnstore/cairn/layout"
)

// A Run is one run of a job. It remembers which versions the job used, and
// stamps them as inputs on what the job publishes, so that lineage needs no
// discipline. A reference means the same from the beginning of a Run to its
// end, whatever moves meanwhile. It is safe for concurrent use.
type Run struct {
	repo    *Repo
	options RunOptions

	mu   sync.Mutex
	refs []layout.Ref // in the order in which they were first asked for
	used map[layout.Ref][]*Version
}

// RunOptions say what is known of a run before it does anything.
type RunOptions struct {
	Date   layout.Date    // required: the execution date, the partition of what is published
	Source *layout.Source // the code that runs; nil where nothing is known
	Params map[string]any // string, float64 or bool

	// Inputs are resolved when the run begins, and checked together. What is not
	// among them and pulled later becomes an input then.
	Inputs []layout.Ref

	// Gate is what must hold of all inputs together, before anything is downloaded,
	// and again when something is published. What it expects is resolved when the
	// run begins.
	Gate *Gate

	// Resolve says what a reference means. Default: [Repo.Resolve].
	Resolve func(context.Context, layout.Ref) ([]*Version, error)
}

// Begin begins a run: it resolves its inputs, each once, and checks them. It
// fails as [Repo.Check] does, and for options that could not be published. Nothing is downloaded or written.
func (r *Repo) Begin(ctx context.Context, o *RunOptions) (*Run, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	run := &Run{repo: r, options: *o, used: make(map[layout.Ref][]*Version)}
	if run.options.Resolve == nil {
		run.options.Resolve = r.Resolve
	}
	if err := run.pinGate(ctx); err != nil {
		return nil, err
	}
	return run, run.use(ctx, o.Inputs)
}

// check refuses what could not be published once the work is done.
func (o *RunOptions) check() error {
	draft := &layout.Manifest{Artifact: "any/output", Date: o.Date, Source: o.Source, Params: o.Params,
		Files: []layout.File{{Path: "file", Digest: layout.Digest{1}}}}
	_, _, err := draft.Encode()
	return err
}

// pinGate makes the gate expect what its references mean now: a pointer that
// moves while the job works must not fail it in the end.
func (run *Run) pinGate(ctx context.Context) error {
	if run.options.Gate == nil {
		return nil
	}
	gate := *run.options.Gate
	gate.Expect = nil
	for _, ref := range run.options.Gate.Expect {
		if ref.Version != "" {
			gate.Expect = append(gate.Expect, ref)
			continue
		}
		versions, err := run.options.Resolve(ctx, ref)
		if err != nil {
			return fmt.Errorf("expected %w", err)
		}
		for _, v := range versions {
			gate.Expect = append(gate.Expect, v.Pin.Ref())
		}
	}
	run.options.Gate = &gate
	return nil
}

// Resolve returns what ref means in this run, and makes it an input. It fails as
// [Repo.Check] does, of all inputs together.
func (run *Run) Resolve(ctx context.Context, ref layout.Ref) ([]*Version, error) {
	if err := run.use(ctx, []layout.Ref{ref}); err != nil {
		return nil, err
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	return run.used[ref], nil
}

// use makes refs inputs, as far as they are not, if all inputs then hold what
// the gate demands.
func (run *Run) use(ctx context.Context, refs []layout.Ref) error {
	run.mu.Lock()
	defer run.mu.Unlock()
	used, order := maps.Clone(run.used), slices.Clone(run.refs)
	for _, ref := range refs {
		if _, known := used[ref]; known {
			continue
		}
		versions, err := run.options.Resolve(ctx, ref)
		if err != nil {
			return fmt.Errorf("input %w", err)
		}
		used[ref], order = versions, append(order, ref)
	}
	if len(order) == len(run.refs) {
		return nil
	}
	var all []*Version
	for _, ref := range order {
		all = append(all, used[ref]...)
	}
	if err := run.repo.CheckVersions(ctx, all, run.options.Gate); err != nil {
		return err
	}
	run.used, run.refs = used, order
	return nil
}

// Pull makes ref an input, unless the gate refuses it, and writes its files into
// the folder dir, as [Version.Pull] does, or those of a range of dates as [PullAll] does. It
// returns the versions whose files they are.
func (run *Run) Pull(ctx context.Context, ref layout.Ref, dir string) ([]*Version, error) {
	versions, err := run.Resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	if ref.IsRange() {
		return versions, PullAll(ctx, versions, dir, nil)
	}
	return versions, versions[0].Pull(ctx, dir, nil)
}

// Publish publishes what the run made, in the given order, and stamps it with
// the date, the source, the parameters and the gate of the run, as far as a
// publication does not say otherwise, and with every input of the run. The bytes
// of all publications are stored and checked before the first gets a name. After
// an error, the outcomes are those of the publications before the one that failed.
func (run *Run) Publish(ctx context.Context, publications ...*Publication) ([]*Outcome, error) {
	begun := make([]*publishing, 0, len(publications))
	defer func() {
		for _, w := range begun {
			w.session.close(false)
		}
	}()
	for _, p := range publications {
		w, err := run.begin(ctx, p)
		if err != nil {
			return nil, err
		}
		begun = append(begun, w)
	}
	for _, w := range begun {
		if err := w.prepare(ctx); err != nil {
			return nil, fmt.Errorf("publishing %s: %w", w.Artifact, err)
		}
	}
	var outcomes []*Outcome
	for len(begun) > 0 {
		w := begun[0]
		out, err := w.conclude(ctx)
		if err != nil {
			return outcomes, fmt.Errorf("publishing %s: %w", w.Artifact, err)
		}
		w.session.close(true)
		begun, outcomes = begun[1:], append(outcomes, out)
	}
	return outcomes, nil
}

// begin begins a publication under its pins, and notes how they were asked for.
func (run *Run) begin(ctx context.Context, p *Publication) (*publishing, error) {
	stamped, asked := run.stamp(p)
	w, err := run.repo.begin(ctx, stamped)
	if err != nil {
		return nil, err
	}
	for i, in := range w.named {
		if ref, ok := asked[in.Version]; ok {
			w.named[i].Ref = ref.String()
		}
	}
	return w, nil
}

// stamp returns p with what the run knows, and by which reference each version
// was asked for.
func (run *Run) stamp(p *Publication) (*Publication, map[layout.Digest]layout.Ref) {
	run.mu.Lock()
	defer run.mu.Unlock()
	stamped := *p
	stamped.Inputs = slices.Clone(p.Inputs)
	asked := make(map[layout.Digest]layout.Ref)
	for _, ref := range run.refs {
		for _, v := range run.used[ref] {
			if _, twice := asked[v.Pin.Version]; !twice {
				asked[v.Pin.Version] = ref
				stamped.Inputs = append(stamped.Inputs, v.Pin.Ref())
			}
		}
	}
	if stamped.Date == "" {
		stamped.Date = run.options.Date
	}
	if stamped.Source == nil {
		stamped.Source = run.options.Source
	}
	if stamped.Gate == nil {
		stamped.Gate = run.options.Gate
	}
	stamped.Params = make(map[string]any)
	maps.Copy(stamped.Params, run.options.Params)
	maps.Copy(stamped.Params, p.Params)
	return &stamped, asked
}
