package cairn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/layout/lineage"
	"github.com/cairnstore/cairn/store/transfer"
)

// A Gate says what must hold of versions, and of all they were made from, before
// they are used. Nil, like the zero Gate, stands for the two rules that hold
// always: no version is tainted, and no versions are mixed that do not go
// together, see [lineage.Graph.NoMixed].
type Gate struct {
	// Expect are the versions that must occur, and no others of their artifacts.
	// References to one artifact are expected together.
	Expect []layout.Ref

	// AllowMixed are artifacts of which versions may be mixed. A version that is
	// published under the Gate records them.
	AllowMixed []layout.Artifact

	// MaxAge is how many days before AsOf the data may be from, see
	// [lineage.Graph.MaxAge]. It holds where AsOf is given. No clock is asked.
	MaxAge int
	AsOf   layout.Date

	// MinRows is how many rows the tables of each version that is used directly
	// must have, see [lineage.Graph.MinRows]. Zero means that none are needed.
	MinRows int64

	// RequireDates are ranges all of whose partitions must be among the versions
	// that are used directly.
	RequireDates []layout.Ref
}

// Check resolves refs as [Repo.Resolve] does, and returns the versions if they
// may be used together under g. If not, the error is [ErrRefused] and a
// [*lineage.Violation], one sentence that names the first edge that is wrong.
//
// It reads metadata only, each manifest once, and waits for the store at most
// twice for each level of the lineage. A manifest that is missing is [ErrCorrupt], since
// manifests are never deleted.
func (r *Repo) Check(ctx context.Context, refs []layout.Ref, g *Gate) ([]*Version, error) {
	versions, err := r.each(ctx, refs, r.Resolve)
	if err != nil {
		return nil, err
	}
	return versions, r.CheckVersions(ctx, versions, g)
}

// CheckVersions is [Repo.Check] of versions that were resolved before.
func (r *Repo) CheckVersions(ctx context.Context, versions []*Version, g *Gate) error {
	return r.checkLineage(ctx, versions, nil, g)
}

// each resolves refs side by side and returns all they mean, in their order.
func (r *Repo) each(ctx context.Context, refs []layout.Ref, resolve func(context.Context, layout.Ref) ([]*Version, error)) ([]*Version, error) {
	found := make([][]*Version, len(refs))
	err := transfer.Each(ctx, atOnceMax, indices(len(refs)), func(ctx context.Context, i int) (err error) {
		found[i], err = resolve(ctx, refs[i])
		return err
	})
	return slices.Concat(found...), err
}

// checkLineage applies the rules to roots, and to the version that is to be made
// from them if consumer is not nil.
func (r *Repo) checkLineage(ctx context.Context, roots []*Version, consumer *layout.Manifest, g *Gate) error {
	if g == nil {
		g = new(Gate)
	}
	if err := g.check(); err != nil {
		return err
	}
	expected, err := r.each(ctx, g.Expect, r.lookUp)
	if err != nil {
		return fmt.Errorf("expected %w", err)
	}
	tainted := taints{reasons: make(map[layout.Pin]string)}
	graph, err := r.closure(ctx, roots, func(ctx context.Context, pins []layout.Pin) error {
		return r.readTaints(ctx, pins, &tainted)
	})
	if err != nil {
		return err
	}
	graph.Consumer, graph.Name = consumer, r.labels(ctx)
	for _, v := range append(g.violations(graph, vertices(expected)), graph.Tainted(tainted.reasons)) {
		if v != nil {
			return &refusal{v}
		}
	}
	return nil
}

// check refuses a Gate that would let through what its author did not mean.
func (g *Gate) check() error {
	if g.MaxAge < 0 || g.MaxAge > 0 && g.AsOf == "" {
		return fmt.Errorf("%w: a largest age is a number of days before a date, and that date must be given", ErrRefused)
	}
	for _, ref := range g.RequireDates {
		if !ref.IsRange() {
			return fmt.Errorf("%w: dates are required as a range, and %s is none", ErrRefused, ref)
		}
	}
	return nil
}

// violations are what graph breaks, for each rule that needs manifests only.
func (g *Gate) violations(graph *lineage.Graph, expected []*lineage.Version) []*lineage.Violation {
	found := []*lineage.Violation{graph.Expect(expected...), graph.NoMixed(g.AllowMixed...)}
	if g.AsOf != "" {
		found = append(found, graph.MaxAge(g.MaxAge, g.AsOf))
	}
	if g.MinRows > 0 {
		found = append(found, graph.MinRows(g.MinRows))
	}
	for _, ref := range g.RequireDates {
		found = append(found, graph.RequireDates(ref.From, ref.To, ref.Artifact))
	}
	return found
}

// A refusal is a Violation that is also ErrRefused, and says no more than it.
type refusal struct{ *lineage.Violation }

func (e *refusal) Unwrap() []error { return []error{ErrRefused, e.Violation} }

// metadata is how many small objects are read at once where many are needed
// before anything else can be done.
const metadata = 128

// closure loads what roots were made from. Beside the manifests of each level it
// lets also read what else is wanted of it.
func (r *Repo) closure(ctx context.Context, roots []*Version, also func(context.Context, []layout.Pin) error) (*lineage.Graph, error) {
	var pending []layout.Pin
	for _, v := range roots {
		pending = append(pending, v.Pin)
	}
	g, err := lineage.Load(ctx, vertices(roots), func(ctx context.Context, pins []layout.Pin) ([]*layout.Manifest, error) {
		found := make([]*layout.Manifest, len(pins))
		wanted := append(pending, pins...)
		pending = nil
		err := both(ctx,
			func(ctx context.Context) error { return r.manifests(ctx, pins, found) },
			func(ctx context.Context) error { return also(ctx, wanted) })
		return found, err
	})
	if err == nil {
		err = also(ctx, pending)
	}
	if invalid := (*layout.Error)(nil); errors.As(err, &invalid) && !errors.Is(err, ErrCorrupt) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return g, err
}

func both(ctx context.Context, one, two func(context.Context) error) error {
	return transfer.Each(ctx, 2, []func(context.Context) error{one, two}, func(ctx context.Context, f func(context.Context) error) error { return f(ctx) })
}

// manifests reads those of versions from which others were made, so they have to
// be there.
func (r *Repo) manifests(ctx context.Context, pins []layout.Pin, found []*layout.Manifest) error {
	return transfer.Each(ctx, metadata, indices(len(pins)), func(ctx context.Context, i int) error {
		v, err := r.version(ctx, pins[i], "")
		if errors.Is(err, fs.ErrNotExist) {
			err = transfer.Corrupt(layout.ManifestKey(pins[i]).String(), "it is missing, and a version was made from it")
		}
		if err == nil {
			found[i] = v.Manifest
		}
		return err
	})
}

func vertices(versions []*Version) []*lineage.Version {
	vs := make([]*lineage.Version, len(versions))
	for i, v := range versions {
		vs[i] = &lineage.Version{Pin: v.Pin, Manifest: v.Manifest}
	}
	return vs
}

// labels returns a function that finds the first label of a version, for a
// sentence: where none can be found, there is none.
func (r *Repo) labels(ctx context.Context) func(layout.Pin) string {
	known := make(map[layout.Artifact][]*layout.Pointer)
	return func(pin layout.Pin) string {
		pointers, ok := known[pin.Artifact]
		if !ok {
			pointers, _ = r.pointers(ctx, pin.Artifact)
			known[pin.Artifact] = pointers
		}
		for _, p := range pointers {
			if p != nil && p.Fixed && p.Version == pin.Version {
				return string(p.Name)
			}
		}
		return ""
	}
}

// lookUp is Resolve where the bytes do not matter: a version that is given by
// its id is found from its manifest alone, also when its bytes are gone.
func (r *Repo) lookUp(ctx context.Context, ref layout.Ref) ([]*Version, error) {
	if ref.Version == "" {
		return r.Resolve(ctx, ref)
	}
	id, err := r.completeID(ctx, ref.Artifact, ref.Version)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ref, err)
	}
	v, err := r.version(ctx, layout.Pin{Artifact: ref.Artifact, Version: id}, "")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ref, err)
	}
	return []*Version{v}, nil
}

// allowMixed are the artifacts as a manifest records them.
func (g *Gate) allowMixed() []layout.Artifact {
	if g == nil {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(g.AllowMixed)))
}

// checkInputs applies the Gate of a publication to what it is made from.
func (w *publishing) checkInputs(ctx context.Context) error {
	return w.r.checkLineage(ctx, w.roots, w.manifest(w.inputs), w.Gate)
}
