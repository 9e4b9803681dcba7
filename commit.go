package cairn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/cairnstore/cairn/layout"
)

// writeManifest stores what leads from the inputs to the version, and the
// manifest itself. It reports whether there was no such manifest before.
func (w *publishing) writeManifest(ctx context.Context, v *Version) (created bool, err error) {
	consumer := layout.Input{Artifact: w.Artifact, Date: w.Date, Version: v.Pin.Version}
	for _, in := range w.inputs {
		edge := &layout.Edge{Input: in, Consumer: consumer}
		body, err := edge.Encode()
		if err != nil {
			return false, err
		}
		if err := w.r.put(ctx, edge.Key(), body); err != nil {
			return false, err
		}
	}
	body, err := encodeManifest(v.Manifest)
	if err != nil {
		return false, err
	}
	defer body.Close()
	return w.r.putNamed(ctx, layout.ManifestKey(v.Pin), body.SectionReader)
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

// versions lists what a head has: its current version and the retained ones, newest
// first; none if it is absent.
func (s state) versions() []layout.Retained {
	if s.absent() {
		return nil
	}
	return append([]layout.Retained{{Version: s.Version, Session: s.Session}}, s.Retained...)
}

// retainedAfter lists what a head retains once v has become its current
// version: all that it had, but v.
func (s state) retainedAfter(v layout.Digest) []layout.Retained {
	var retained []layout.Retained
	for _, had := range s.versions() {
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
		if err := w.storeAgain(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("publishing %s: %w", pin, ErrMoved)
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
		if _, retained := w.head.sessionOf(w.base.blobs[d].version); !retained {
			return true
		}
	}
	for _, p := range w.packs {
		if p.session == w.session.ID {
			continue
		}
		if _, retained := w.head.sessionOf(p.version); !retained {
			return true
		}
	}
	return false
}

func (w *publishing) writeIndex(ctx context.Context, pin layout.Pin) error {
	x := &layout.Index{Artifact: w.Artifact, Date: w.Date, Version: pin.Version}
	for _, b := range w.blobs {
		x.Blobs = append(x.Blobs, b)
	}
	x.Packs = w.indexPacks()
	b, err := x.Encode()
	if err != nil {
		return err
	}
	return w.r.put(ctx, layout.IndexKey(w.Artifact, w.Date, w.session.ID), b)
}

func (w *publishing) epoch() int64 {
	if w.head.absent() {
		return 0
	}
	return w.head.Epoch
}

// checkLabel refuses a label that names another version already, before the
// version is committed.
func (w *publishing) checkLabel(ctx context.Context, pin layout.Pin) error {
	if w.Label == "" {
		return nil
	}
	now, err := w.r.readState(ctx, w.Artifact, w.Label)
	if err != nil {
		return err
	}
	return checkLabel(now, pin)
}

// afterCommit does what follows once the version is current. All of it is done
// again, without harm, when a publication is repeated. If its manifest was created by
// this one, nobody can have stated that it was published.
func (w *publishing) afterCommit(ctx context.Context, v *Version, created bool) error {
	if err := w.writeRecord(ctx, v.Pin, created); err != nil {
		return fmt.Errorf("%s is published, but its record is not written: %w", v.Pin, err)
	}
	if w.Label != "" {
		if err := w.r.label(ctx, v, w.Label); err != nil {
			return fmt.Errorf("%s is published, but not labelled %s: %w", v.Pin, w.Label, err)
		}
	}
	for _, name := range w.Point {
		if err := w.r.Point(ctx, v, name, &PointOptions{Fence: w.Fence}); err != nil {
			return fmt.Errorf("%s is published, but %s does not point at it: %w", v.Pin, name, err)
		}
	}
	return nil
}

// writeRecord states who published the version, when and where, unless that was
// stated already.
func (w *publishing) writeRecord(ctx context.Context, pin layout.Pin, first bool) error {
	if !first {
		if found, err := w.r.list(ctx, layout.RecordPrefix(pin), nil); err != nil || len(found) > 0 {
			return err
		}
	}
	record := &layout.Record{
		Kind: layout.RecordPush, Artifact: pin.Artifact, Version: pin.Version,
		By: w.r.options.By, At: timestamp(), Inputs: w.named, Facts: w.facts(),
	}
	b, err := record.Encode()
	if err != nil {
		return err
	}
	return w.r.put(ctx, layout.RecordKey(pin, newID()), b)
}

// facts are those of this attempt. The names of the environment variables are
// the ones that the Kubernetes documentation uses for the downward API.
func (w *publishing) facts() map[string]string {
	facts := map[string]string{
		"host":    hostname(),
		"tool":    w.r.options.Tool,
		"session": string(w.session.ID),
		"seconds": strconv.FormatFloat(time.Since(w.started).Seconds(), 'f', 3, 64),
	}
	for fact, variable := range map[string]string{"pod": "POD_NAME", "namespace": "POD_NAMESPACE", "node": "NODE_NAME"} {
		if value := os.Getenv(variable); value != "" {
			facts[fact] = value
		}
	}
	return facts
}
