package cairn

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/cairnstore/cairn/layout"
)

// A Publication is what is to be published as one version.
type Publication struct {
	Artifact layout.Artifact // required
	Date     layout.Date     // required: the execution date, the version's partition
	Files    []Source        // required; see [Sources]; publishing puts them in the order of their paths

	Inputs  []layout.Ref // what it was made from; each is pinned when publishing begins
	Source  *layout.Source
	Params  map[string]any // string, float64 or bool
	Metrics map[string]float64
	Meta    map[string]string

	// Gate is what must hold of the inputs and all they were made from, see
	// [Repo.Check]. If it does not, nothing is written, and no file is read.
	Gate *Gate

	Label layout.Name   // created for the version, if not empty
	Point []layout.Name // moved to the version

	// Fence numbers an orchestrator's attempts: heads and pointers that were moved
	// under a larger number are not moved. Zero means none.
	Fence int64

	// ReuseEqual keeps the partition's version if this one would differ from it
	// only in how its tables are stored: another compression, another writer.
	// Nothing is uploaded before that is known.
	ReuseEqual bool

	// Contract is the digest of the contract that the caller has checked the tables
	// among the files against; zero if there is none.
	Contract layout.Digest

	// AllowSchemaChange lets the version lack columns of those that it replaces, or
	// have them with other types. Otherwise that is [ErrRefused].
	AllowSchemaChange bool
}

// An Outcome is the version that a publication led to.
type Outcome struct {
	*Version
	Changed  bool // false if the partition had this version already, or kept an equal one
	SameData bool // the files differ from those of the version before only in their bytes
}

// Publish stores the files of p as a version, makes it the current one of its
// partition, and gives it its label and pointers. Publishing again what the
// partition has already is no error and changes nothing.
//
// The order is bytes, manifest, head, pointers. A failure before the head moved
// leaves nothing that any name leads to, one after it is made good by publishing
// again. With [store.ErrTemporary] that is worth doing.
func (r *Repo) Publish(ctx context.Context, p *Publication) (*Outcome, error) {
	w, err := r.begin(ctx, p)
	if err != nil {
		return nil, err
	}
	out, err := w.publish(ctx)
	w.session.close(err == nil)
	return out, err
}

// A publishing is a Publication on its way into the store.
type publishing struct {
	*Publication
	r       *Repo
	started time.Time
	named   []layout.NamedInput
	inputs  []layout.Input
	roots   []*Version // the inputs, each once
	head    state      // of the partition, as last read
	base    *base
	before  *Version // what the head meant when publishing began, if it has tables; else nil
	session *session
	made    *Version // once it is prepared

	files []layout.File // of the manifest, one for each of Files
	small []int32       // positions of those that are packed

	mu     sync.Mutex
	large  map[layout.Digest]*content
	blobs  map[layout.Digest]layout.Blob // where the large ones lie
	packs  []basePack                    // where the small ones lie
	packed []packedFile

	packNumbers map[basePack]int32 // in packs
}

// begin checks p and reads what its publication starts from. It writes nothing
// but the marker of a store that has none.
func (r *Repo) begin(ctx context.Context, p *Publication) (*publishing, error) {
	w := &publishing{Publication: p, r: r, started: time.Now(), large: map[layout.Digest]*content{}, blobs: map[layout.Digest]layout.Blob{}}
	if err := p.check(); err != nil {
		return nil, err
	}
	if err := w.pinInputs(ctx); err != nil {
		return nil, err
	}
	if err := w.checkInputs(ctx); err != nil {
		return nil, err
	}
	if err := w.readStart(ctx); err != nil {
		return nil, err
	}
	var err error
	if w.session, err = r.openSession(ctx, p.Artifact, p.Date, w.epoch()); err != nil {
		w.session.close(false)
		return nil, err
	}
	return w, nil
}

// readStart reads where the names are and what the partition has, and makes sure
// meanwhile that the store may be written to.
func (w *publishing) readStart(ctx context.Context) error {
	read := func(ctx context.Context) error {
		if err := w.checkNames(ctx); err != nil {
			return err
		}
		current, err := w.readBase(ctx)
		if current != nil && current.Manifest.HasTables() {
			w.before = current
		}
		return err
	}
	if !w.r.absent.Load() {
		return sideBySide(ctx, w.r.makeWritable, read)
	}
	if err := w.r.makeWritable(ctx); err != nil {
		return err
	}
	return read(ctx)
}

// check refuses what can be seen to be wrong before any file is read, by
// encoding the manifest as it will be but for sizes and digests.
func (p *Publication) check() error {
	draft := p.manifest(nil)
	draft.Files = make([]layout.File, len(p.Files))
	for i, s := range p.Files {
		draft.Files[i] = layout.File{Path: s.Path, Digest: layout.Digest{1}}
	}
	if _, _, err := draft.EncodeTo(io.Discard); err != nil {
		return err
	}
	names := slices.Clone(p.Point)
	if p.Label != "" {
		names = append(names, p.Label)
	}
	for _, n := range names {
		if err := checkNamed(n); err != nil {
			return err
		}
	}
	if p.Label != "" && slices.Contains(p.Point, p.Label) {
		return fmt.Errorf("%w: %s cannot be a label, which never moves, and a pointer", ErrRefused, p.Label)
	}
	if p.Fence < 0 {
		return fmt.Errorf("%w: a fence is a positive number", ErrRefused)
	}
	return nil
}

func (p *Publication) manifest(inputs []layout.Input) *layout.Manifest {
	return &layout.Manifest{Artifact: p.Artifact, Date: p.Date, Inputs: inputs,
		Source: p.Source, Params: p.Params, Metrics: p.Metrics, Meta: p.Meta, Contract: p.Contract, AllowMixed: p.Gate.allowMixed()}
}

// pinInputs resolves the inputs once.
func (w *publishing) pinInputs(ctx context.Context) error {
	for _, ref := range w.Inputs {
		versions, err := w.r.Resolve(ctx, ref)
		if err != nil {
			return fmt.Errorf("input %w", err)
		}
		for _, v := range versions {
			w.named = append(w.named, layout.NamedInput{Ref: ref.String(), Version: v.Pin.Version})
			in := layout.Input{Artifact: v.Pin.Artifact, Date: v.Manifest.Date, Version: v.Pin.Version}
			if !slices.Contains(w.inputs, in) {
				w.inputs, w.roots = append(w.inputs, in), append(w.roots, v)
			}
		}
	}
	return nil
}

// checkNames refuses pointers that turn out to be labels before anything is
// uploaded for them.
func (w *publishing) checkNames(ctx context.Context) error {
	for _, name := range w.Point {
		now, err := w.r.readState(ctx, w.Artifact, name)
		if err != nil {
			return err
		}
		if !now.absent() && now.Fixed {
			return errLabelMoves(now.Pointer)
		}
	}
	return nil
}

// publish makes the files a version, and makes it current.
func (w *publishing) publish(ctx context.Context) (*Outcome, error) {
	if err := w.prepare(ctx); err != nil {
		return nil, err
	}
	return w.conclude(ctx)
}

// prepare stores the files, and finds out what the version is and whether it may
// take the place of others.
func (w *publishing) prepare(ctx context.Context) error {
	if err := w.read(ctx); err != nil {
		return err
	}
	m := w.manifest(w.inputs)
	m.Files = w.files
	id, _, err := m.EncodeTo(io.Discard)
	if err != nil {
		return err
	}
	w.made = &Version{Pin: layout.Pin{Artifact: w.Artifact, Version: id}, Manifest: m, repo: w.r}
	return w.checkSchema(ctx, m)
}

// conclude swaps the head until it is settled whose version is current.
func (w *publishing) conclude(ctx context.Context) (*Outcome, error) {
	out, m := &Outcome{Version: w.made}, w.made.Manifest
	out.SameData = w.before != nil && w.before.Pin != out.Pin && m.HasTables() && w.before.Manifest.SameData(m)
	if w.ReuseEqual && out.SameData && w.before.Manifest.EqualButFiles(m) {
		out.Version = w.before
		return out, w.afterCommit(ctx, out.Version, false)
	}
	if w.ReuseEqual {
		if err := w.store(ctx); err != nil {
			return nil, err
		}
	}
	return out, w.commit(ctx, out)
}

// commit makes the version of out current, whose bytes are stored.
func (w *publishing) commit(ctx context.Context, out *Outcome) error {
	if err := w.checkLabel(ctx, out.Pin); err != nil {
		return err
	}
	created := false
	if _, known := w.head.sessionOf(out.Pin.Version); !known {
		var err error
		if created, err = w.writeManifest(ctx, out.Version); err != nil {
			return err
		}
	}
	head, changed, err := w.r.moveFrom(ctx, w.head, w.Artifact, layout.HeadName(w.Date), w.Fence, func(now state) (*layout.Pointer, error) {
		return w.nextHead(ctx, now, out.Pin)
	})
	if err != nil {
		return err
	}
	out.session, out.Changed = head.Session, changed
	return w.afterCommit(ctx, out.Version, created)
}
