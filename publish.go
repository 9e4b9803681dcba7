package cairn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/transfer"
)

// A Publication is what is to be published as one version.
type Publication struct {
	Artifact layout.Artifact // required
	Date     layout.Date     // required: the execution date, the version's partition
	Files    []Source        // required; see [Sources]

	Inputs  []layout.Ref // what it was made from; each is pinned when publishing begins
	Source  *layout.Source
	Params  map[string]any // string, float64 or bool
	Metrics map[string]float64
	Meta    map[string]string

	Label layout.Name   // created for the version, if not empty
	Point []layout.Name // moved to the version

	// Fence numbers an orchestrator's attempts: heads and pointers that were moved
	// under a larger number are not moved. Zero means none.
	Fence int64
}

// An Outcome is the version that a publication led to.
type Outcome struct {
	*Version
	Changed bool // false if the partition had this version already
}

const files = 32 // in work at once

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
	version, changed, err := w.publish(ctx)
	w.session.close(err == nil)
	if err != nil {
		return nil, err
	}
	return &Outcome{version, changed}, nil
}

// A publishing is a Publication on its way into the store.
type publishing struct {
	*Publication
	r       *Repo
	started time.Time
	named   []layout.NamedInput
	inputs  []layout.Input
	head    state // of the partition, as last read
	base    map[layout.Digest]baseBlob
	session *session

	mu    sync.Mutex
	files []layout.File
	sums  map[layout.Digest]transfer.Sum
	from  map[layout.Digest]Source      // one source for each digest
	blobs map[layout.Digest]layout.Blob // where each digest lies
}

// A baseBlob is a blob of a version that the head has, and so may be reused.
type baseBlob struct {
	layout.Blob
	version layout.Digest
}

// begin checks p and reads what its publication starts from. It writes nothing
// but the marker of a store that has none.
func (r *Repo) begin(ctx context.Context, p *Publication) (*publishing, error) {
	w := &publishing{Publication: p, r: r, started: time.Now(),
		sums: map[layout.Digest]transfer.Sum{}, from: map[layout.Digest]Source{}, blobs: map[layout.Digest]layout.Blob{}}
	if err := p.check(); err != nil {
		return nil, err
	}
	if err := w.pinInputs(ctx); err != nil {
		return nil, err
	}
	if err := r.makeWritable(ctx); err != nil {
		return nil, err
	}
	if err := w.checkNames(ctx); err != nil {
		return nil, err
	}
	if err := w.readBase(ctx); err != nil {
		return nil, err
	}
	var err error
	w.session, err = r.openSession(ctx, p.Artifact, p.Date, w.epoch())
	return w, err
}

// check refuses what can be seen to be wrong before any file is read, by
// encoding the manifest as it will be but for sizes and digests.
func (p *Publication) check() error {
	draft := p.manifest(nil)
	for _, s := range p.Files {
		draft.Files = append(draft.Files, layout.File{Path: s.Path, Digest: layout.Digest{1}})
	}
	if _, _, err := draft.Encode(); err != nil {
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
		Source: p.Source, Params: p.Params, Metrics: p.Metrics, Meta: p.Meta}
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
				w.inputs = append(w.inputs, in)
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

// publish stores the files, and swaps the head until it is settled whose
// version is current.
func (w *publishing) publish(ctx context.Context) (*Version, bool, error) {
	if err := w.hashAndUpload(ctx); err != nil {
		return nil, false, err
	}
	m := w.manifest(w.inputs)
	m.Files = w.files
	b, id, err := m.Encode()
	if err != nil {
		return nil, false, err
	}
	version := &Version{Pin: layout.Pin{Artifact: w.Artifact, Version: id}, Manifest: m, repo: w.r}
	if err := w.checkLabel(ctx, version.Pin); err != nil {
		return nil, false, err
	}
	if _, known := w.head.sessionOf(id); !known {
		if err := w.writeManifest(ctx, version.Pin, b); err != nil {
			return nil, false, err
		}
	}
	head, changed, err := w.r.move(ctx, w.Artifact, layout.HeadName(w.Date), w.Fence, func(now state) (*layout.Pointer, error) {
		return w.nextHead(ctx, now, version.Pin)
	})
	if err != nil {
		return nil, false, err
	}
	version.session = head.Session
	return version, changed, w.afterCommit(ctx, version)
}

// writeManifest stores what leads from the inputs to the version, and the
// manifest itself.
func (w *publishing) writeManifest(ctx context.Context, pin layout.Pin, b []byte) error {
	consumer := layout.Input{Artifact: w.Artifact, Date: w.Date, Version: pin.Version}
	for _, in := range w.inputs {
		edge := &layout.Edge{Input: in, Consumer: consumer}
		body, err := edge.Encode()
		if err != nil {
			return err
		}
		if err := w.r.put(ctx, edge.Key(), body); err != nil {
			return err
		}
	}
	return w.r.put(ctx, layout.ManifestKey(pin), b)
}

// nextHead is the head that follows now: pin becomes current, and what was
// current is retained. All bytes of pin are in place when it returns.
func (w *publishing) nextHead(ctx context.Context, now state, pin layout.Pin) (*layout.Pointer, error) {
	next := &layout.Pointer{Artifact: w.Artifact, Name: layout.HeadName(w.Date), Version: pin.Version, Date: w.Date, Op: "publish"}
	if session, known := now.sessionOf(pin.Version); known {
		if now.Version == pin.Version {
			return nil, nil // a rerun
		}
		next.Session = session // published before, and current again
	} else {
		if err := w.secure(ctx, now, pin); err != nil {
			return nil, err
		}
		next.Session = w.session.ID
	}
	next.Retained = now.retainedAfter(pin.Version)
	return next, nil
}

// sessionOf is [layout.Pointer.SessionOf] for a head that may be absent.
func (s state) sessionOf(v layout.Digest) (layout.ID, bool) {
	if s.absent() {
		return "", false
	}
	return s.SessionOf(v)
}

// retainedAfter lists what a head retains once v has become its current
// version: all that it had, but v.
func (s state) retainedAfter(v layout.Digest) []layout.Retained {
	if s.absent() {
		return nil
	}
	var retained []layout.Retained
	for _, had := range append([]layout.Retained{{Version: s.Version, Session: s.Session}}, s.Retained...) {
		if had.Version != v {
			retained = append(retained, had)
		}
	}
	return retained
}

// secure makes sure, for a head that is about to replace now, that every blob
// lies where no collector takes it: uploaded by the session under the epoch of
// now, or part of a version that now has. What is no longer so is uploaded
// again under a new session.
func (w *publishing) secure(ctx context.Context, now state, pin layout.Pin) error {
	w.head = now
	for range maxMoves {
		if !w.isVoid() {
			err := w.writeIndex(ctx, pin)
			if !errors.Is(err, ErrCorrupt) {
				return err
			}
			// An index of another version: this session was cut off after writing
			// it, and the sources are others now.
		}
		if err := w.uploadAgain(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("publishing %s: %w", pin, ErrMoved)
}

func (w *publishing) epoch() int64 {
	if w.head.absent() {
		return 0
	}
	return w.head.Epoch
}

// isVoid reports whether blobs that the version counts on may be collected.
func (w *publishing) isVoid() bool {
	if w.session.Epoch != w.epoch() {
		return true
	}
	for d, b := range w.blobs {
		if b.Session == w.session.ID {
			continue
		}
		if _, retained := w.head.sessionOf(w.base[d].version); !retained {
			return true
		}
	}
	return false
}

func (w *publishing) uploadAgain(ctx context.Context) error {
	if err := w.readBase(ctx); err != nil {
		return err
	}
	if err := w.session.renew(w.epoch()); err != nil {
		return err
	}
	clear(w.blobs)
	var digests []layout.Digest
	for d := range w.sums {
		digests = append(digests, d)
	}
	return transfer.Each(ctx, files, digests, func(ctx context.Context, d layout.Digest) error {
		f, err := os.Open(w.from[d].File)
		if err != nil {
			return err
		}
		defer f.Close()
		return w.upload(ctx, w.from[d], f, w.sums[d])
	})
}

func (w *publishing) writeIndex(ctx context.Context, pin layout.Pin) error {
	x := &layout.Index{Artifact: w.Artifact, Date: w.Date, Version: pin.Version}
	for _, b := range w.blobs {
		x.Blobs = append(x.Blobs, b)
	}
	b, err := x.Encode()
	if err != nil {
		return err
	}
	return w.r.put(ctx, layout.IndexKey(w.Artifact, w.Date, w.session.ID), b)
}

// hashAndUpload names every file and stores those whose bytes the base does not
// have. Files are hashed in their order, on all cores; uploads of earlier ones
// go on meanwhile.
func (w *publishing) hashAndUpload(ctx context.Context) error {
	cores := make(chan struct{}, runtime.GOMAXPROCS(0))
	return transfer.Each(ctx, files, w.Files, func(ctx context.Context, s Source) error {
		f, err := os.Open(s.File)
		if err != nil {
			return err
		}
		defer f.Close()
		id, err := identify(f)
		if err != nil {
			return err
		}
		w.r.options.Meter.Expect(id.stat.Size())
		cores <- struct{}{}
		sum, err := transfer.SumOf(ctx, w.r.options.Meter.Hashing(f))
		<-cores
		if err != nil {
			return fmt.Errorf("reading %s: %w", s.File, err)
		}
		if err := id.unchanged(); err != nil {
			return err
		}
		if w.claim(s, sum) {
			err = w.upload(ctx, s, f, sum)
		} else {
			w.r.options.Meter.Reuse(sum.Size)
		}
		return errors.Join(err, id.unchanged())
	})
}

// claim notes a file, and reports whether it is the first with its bytes.
func (w *publishing) claim(s Source, sum transfer.Sum) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files = append(w.files, layout.File{Path: s.Path, Size: sum.Size, Digest: sum.Digest})
	if _, ok := w.sums[sum.Digest]; ok {
		return false
	}
	w.sums[sum.Digest], w.from[sum.Digest] = sum, s
	return true
}

// upload stores the bytes of one file, unless the base or the session has them.
func (w *publishing) upload(ctx context.Context, s Source, f *os.File, sum transfer.Sum) error {
	key := layout.BlobKey(w.Artifact, w.Date, w.session.ID, sum.Digest, s.Path)
	blob := layout.Blob{Digest: sum.Digest, Session: w.session.ID, Ext: key.Ext}
	if had, ok := w.base[sum.Digest]; ok {
		blob = had.Blob
		w.r.options.Meter.Reuse(sum.Size)
	} else if size, ok := w.session.Present[key.String()]; ok && size == sum.Size {
		w.r.options.Meter.Reuse(sum.Size)
	} else {
		err := w.r.engine.Put(ctx, key.String(), io.NewSectionReader(f, 0, sum.Size), sum)
		if errors.Is(err, store.ErrChecksum) {
			err = fmt.Errorf("%s %w: %w", s.File, ErrChanged, err)
		}
		if err != nil {
			return err
		}
		w.r.options.Meter.Done()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.blobs[sum.Digest] = blob
	return nil
}

// baseVersions bounds how many of a head's versions are looked at for bytes to
// reuse: the current one and the youngest of the retained.
const baseVersions = 16

// readBase reads the head, and where the bytes of its versions lie.
func (w *publishing) readBase(ctx context.Context) error {
	var err error
	if w.head, err = w.r.readState(ctx, w.Artifact, layout.HeadName(w.Date)); err != nil || w.head.absent() {
		return err
	}
	has := append([]layout.Retained{{Version: w.head.Version, Session: w.head.Session}}, w.head.Retained...)
	has = has[:min(len(has), baseVersions)]
	base := make(map[layout.Digest]baseBlob)
	var mu sync.Mutex
	err = transfer.Each(ctx, baseVersions, has, func(ctx context.Context, had layout.Retained) error {
		x, err := w.r.readIndex(ctx, layout.Pin{Artifact: w.Artifact, Version: had.Version}, w.Date, had.Session)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for _, b := range x.Blobs {
			base[b.Digest] = baseBlob{b, had.Version}
		}
		return nil
	})
	w.base = base
	return err
}
