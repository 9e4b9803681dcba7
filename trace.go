package cairn

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/layout/lineage"
	"github.com/cairnstore/cairn/store/transfer"
)

// A Trace is what some versions were made from, up to the sources, or what was
// made from them.
type Trace struct {
	Roots    []*Traced
	Versions []*Traced // all of them, breadth first from the roots
}

// A Traced is one version of a Trace.
type Traced struct {
	*Version
	Next    []*Traced        // what it was made from, or what was made from it; by artifact, date and version
	Names   []layout.Name    // labels and pointers that mean it, labels first
	Records []*layout.Record // oldest first
	Taints  []*layout.Record // those among them that stand
	Bytes   Presence
}

// A Presence says whether the bytes of a version are there.
type Presence string

// What may have become of bytes.
const (
	Present Presence = "present" // every file, with its size
	Missing Presence = "missing" // a head or pointer has the version, and some of its bytes are not there
	Gone    Presence = "gone"    // nothing has the version any more; what it was is still known
)

// Trace returns what refs were made from: which data a model was trained on. It
// reads no data, only metadata and listings. A version that is given by its id
// can be traced also when its bytes are gone.
func (r *Repo) Trace(ctx context.Context, refs ...layout.Ref) (*Trace, error) {
	roots, err := r.each(ctx, refs, r.lookUp)
	if err != nil {
		return nil, err
	}
	g, err := r.closure(ctx, roots, func(context.Context, []layout.Pin) error { return nil })
	if err != nil {
		return nil, err
	}
	t, found := new(Trace), make(map[*lineage.Version]*Traced)
	for _, v := range g.Versions {
		found[v] = &Traced{Version: &Version{Pin: v.Pin, Manifest: v.Manifest, repo: r}}
		t.Versions = append(t.Versions, found[v])
	}
	for _, v := range g.Roots {
		t.Roots = append(t.Roots, found[v])
	}
	for v, traced := range found {
		for _, in := range g.Inputs(v) {
			traced.Next = append(traced.Next, found[in])
		}
	}
	return t, r.describeTrace(ctx, t)
}

// TraceDown returns what was made from refs, directly or not: what is affected
// if they turn out to be wrong.
func (r *Repo) TraceDown(ctx context.Context, refs ...layout.Ref) (*Trace, error) {
	roots, err := r.each(ctx, refs, r.lookUp)
	if err != nil {
		return nil, err
	}
	t, found := new(Trace), make(map[layout.Pin]*Traced)
	for _, v := range roots {
		if found[v.Pin] == nil {
			found[v.Pin] = &Traced{Version: v}
			t.Roots = append(t.Roots, found[v.Pin])
		}
	}
	for level := t.Roots; len(level) > 0; {
		t.Versions = append(t.Versions, level...)
		if level, err = r.traceConsumers(ctx, level, found); err != nil {
			return nil, err
		}
	}
	return t, r.describeTrace(ctx, t)
}

// traceConsumers fills in what was made from the versions of a level, and returns
// those that were not found before.
func (r *Repo) traceConsumers(ctx context.Context, level []*Traced, found map[layout.Pin]*Traced) ([]*Traced, error) {
	consumers := make([][]*Version, len(level))
	err := transfer.Each(ctx, metadata, indices(len(level)), func(ctx context.Context, i int) (err error) {
		consumers[i], err = r.consumers(ctx, level[i].Pin)
		return err
	})
	if err != nil {
		return nil, err
	}
	var next []*Traced
	for i, t := range level {
		for _, v := range consumers[i] {
			if found[v.Pin] == nil {
				found[v.Pin] = &Traced{Version: v}
				next = append(next, found[v.Pin])
			}
			t.Next = append(t.Next, found[v.Pin])
		}
		slices.SortFunc(t.Next, CompareTraced)
	}
	slices.SortFunc(next, CompareTraced)
	return next, nil
}

// CompareTraced orders versions by artifact, date and id.
func CompareTraced(a, b *Traced) int {
	return cmp.Or(cmp.Compare(a.Pin.Artifact, b.Pin.Artifact), cmp.Compare(a.Manifest.Date, b.Manifest.Date),
		slices.Compare(a.Pin.Version[:], b.Pin.Version[:]))
}

// consumers returns the versions that were made from pin directly.
func (r *Repo) consumers(ctx context.Context, pin layout.Pin) ([]*Version, error) {
	keys, err := r.keys(ctx, path.Dir(layout.EdgeKey(pin.Version, pin.Version).String())+"/")
	if err != nil {
		return nil, err
	}
	found := make([]*Version, len(keys))
	err = transfer.Each(ctx, atOnceMax, indices(len(keys)), func(ctx context.Context, i int) (err error) {
		found[i], err = r.consumer(ctx, keys[i])
		return err
	})
	return slices.DeleteFunc(found, func(v *Version) bool { return v == nil }), err
}

// consumer returns the version that an edge leads to, or nil if its publication
// broke off before there was one.
func (r *Repo) consumer(ctx context.Context, key layout.Key) (*Version, error) {
	b, _, err := r.get(ctx, key)
	if err != nil {
		return nil, err
	}
	e, err := layout.ParseEdge(b)
	if err != nil {
		return nil, transfer.Corrupt(key.String(), "%w", err)
	}
	v, err := r.version(ctx, e.Consumer.Pin(), "")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if e.Key() != key || !slices.Contains(v.Manifest.Inputs, e.Input) {
		return nil, transfer.Corrupt(key.String(), "%s does not say that it was made from that", e.Consumer.Pin())
	}
	return v, nil
}

// Sources returns the versions that nothing is known to come before, breadth
// first: the datasets.
func (t *Trace) Sources() []*Traced {
	var sources []*Traced
	for _, v := range t.Versions {
		if len(v.Manifest.Inputs) == 0 {
			sources = append(sources, v)
		}
	}
	return sources
}

// Pushed returns the record of who published the version, when and where, or nil
// if there is none.
func (t *Traced) Pushed() *layout.Record {
	for _, r := range t.Records {
		if r.Kind == layout.RecordPush {
			return r
		}
	}
	return nil
}

// describeTrace fills in all that manifests do not say.
func (r *Repo) describeTrace(ctx context.Context, t *Trace) error {
	return both(ctx,
		func(ctx context.Context) error { return r.readRecords(ctx, t) },
		func(ctx context.Context) error {
			if err := r.readNames(ctx, t); err != nil {
				return err
			}
			return transfer.Each(ctx, metadata, t.Versions, func(ctx context.Context, v *Traced) (err error) {
				v.Bytes, err = r.presence(ctx, v.Version)
				return err
			})
		})
}

func (r *Repo) readRecords(ctx context.Context, t *Trace) error {
	return transfer.Each(ctx, metadata, t.Versions, func(ctx context.Context, v *Traced) error {
		statements, err := r.statements(ctx, v.Pin)
		for _, s := range statements {
			v.Records = append(v.Records, s.Record)
		}
		for _, s := range standing(statements) {
			v.Taints = append(v.Taints, s.Record)
		}
		return err
	})
}

// readNames finds what means the versions, and the sessions that know where
// their bytes lie: from pointers, read once for each artifact, and from heads,
// once for each partition.
func (r *Repo) readNames(ctx context.Context, t *Trace) error {
	type partition struct {
		layout.Artifact
		layout.Date
	}
	byArtifact, byPartition := make(map[layout.Artifact][]*Traced), make(map[partition][]*Traced)
	for _, v := range t.Versions {
		p := partition{v.Pin.Artifact, v.Manifest.Date}
		byArtifact[p.Artifact] = append(byArtifact[p.Artifact], v)
		byPartition[p] = append(byPartition[p], v)
	}
	err := transfer.Each(ctx, metadata, slices.Collect(maps.Values(byArtifact)), func(ctx context.Context, versions []*Traced) error {
		pointers, err := r.pointers(ctx, versions[0].Pin.Artifact)
		if err != nil {
			return err
		}
		slices.SortStableFunc(pointers, func(a, b *layout.Pointer) int { return cmp.Compare(rank(a), rank(b)) })
		for _, v := range versions {
			for _, p := range pointers {
				if p.Version == v.Pin.Version {
					v.Names, v.session = append(v.Names, p.Name), p.Session
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return transfer.Each(ctx, metadata, slices.Collect(maps.Values(byPartition)), func(ctx context.Context, versions []*Traced) error {
		head, err := r.readState(ctx, versions[0].Pin.Artifact, layout.HeadName(versions[0].Manifest.Date))
		for _, v := range versions {
			if session, ok := head.sessionOf(v.Pin.Version); ok {
				v.session = session
			}
		}
		return err
	})
}

// rank puts labels first.
func rank(p *layout.Pointer) int {
	if p.Fixed {
		return 0
	}
	return 1
}

// presence finds out, by listings, whether the bytes of v are there.
func (r *Repo) presence(ctx context.Context, v *Version) (Presence, error) {
	if v.session == "" {
		return Gone, nil
	}
	held, err := v.held(ctx)
	if errors.Is(err, ErrCorrupt) {
		return Missing, nil
	}
	if err != nil {
		return "", err
	}
	for _, f := range v.Manifest.Files {
		if size, there := held[f.Digest]; !there || size != f.Size {
			return Missing, nil
		}
	}
	return Present, nil
}
