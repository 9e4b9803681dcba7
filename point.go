package cairn

import (
	"context"
	"fmt"

	"github.com/cairnstore/cairn/layout"
)

// PointOptions say under which conditions a pointer moves. Nil means always.
type PointOptions struct {
	// IfAt is the version that the pointer must mean now; IfAbsent, that there
	// must be no such pointer yet.
	IfAt     layout.Digest
	IfAbsent bool

	Reason string // kept in the history
	Fence  int64  // see [Publication]
}

// Point makes name mean v. A pointer that means v already is left as it is. A
// pointer that is not where o says, and a fence, are reported with both
// versions, as [ErrMoved] and [ErrRefused].
func (r *Repo) Point(ctx context.Context, v *Version, name layout.Name, o *PointOptions) error {
	if o == nil {
		o = new(PointOptions)
	}
	if err := checkNamed(name); err != nil {
		return err
	}
	_, _, err := r.move(ctx, v.Pin.Artifact, name, o.Fence, func(now state) (*layout.Pointer, error) {
		switch {
		case !now.absent() && now.Version == v.Pin.Version:
			return nil, nil
		case !now.absent() && now.Fixed:
			return nil, errLabelMoves(now.Pointer)
		}
		if err := o.expected(now, name); err != nil {
			return nil, err
		}
		p := v.pointer(name, "point")
		p.Reason = o.Reason
		return p, nil
	})
	return err
}

// expected returns an error if now is not the state that o expects.
func (o *PointOptions) expected(now state, name layout.Name) error {
	switch {
	case o.IfAbsent && !now.absent():
		return fmt.Errorf("%s should not exist yet, and is at %s: %w", name, now.Pin(), ErrMoved)
	case !o.IfAt.IsZero() && now.absent():
		return fmt.Errorf("%s should be at %s, and does not exist: %w", name, o.IfAt, ErrMoved)
	case !o.IfAt.IsZero() && now.Version != o.IfAt:
		return fmt.Errorf("%s should be at %s, and is at %s: %w", name, o.IfAt, now.Version, ErrMoved)
	}
	return nil
}

// Label creates the label name for v. A label never moves: one that names
// another version already is [ErrRefused].
func (r *Repo) Label(ctx context.Context, v *Version, name layout.Name) error {
	if err := checkNamed(name); err != nil {
		return err
	}
	return r.label(ctx, v, name)
}

func (r *Repo) label(ctx context.Context, v *Version, name layout.Name) error {
	_, _, err := r.move(ctx, v.Pin.Artifact, name, 0, func(now state) (*layout.Pointer, error) {
		if err := checkLabel(now, v.Pin); err != nil || !now.absent() {
			return nil, err
		}
		p := v.pointer(name, "label")
		p.Fixed = true
		return p, nil
	})
	return err
}

// checkLabel refuses to label pin where now is the state of that name.
func checkLabel(now state, pin layout.Pin) error {
	switch {
	case now.absent(), now.Fixed && now.Version == pin.Version:
		return nil
	case now.Fixed:
		return errLabelMoves(now.Pointer)
	}
	return fmt.Errorf("%w: %s is a pointer, not a label, and is at %s", ErrRefused, now.Name, now.Pin())
}

func errLabelMoves(p *layout.Pointer) error {
	return fmt.Errorf("%w: %s is a label, which never moves, and names %s", ErrRefused, p.Name, p.Pin())
}

// checkNamed refuses names that are none of a pointer or label.
func checkNamed(name layout.Name) error {
	if _, ok := name.Partition(); ok {
		return fmt.Errorf("%w: %s is a partition, whose head only publishing and rollback move", ErrRefused, name.Selector())
	}
	_, err := layout.ParseName(string(name))
	return err
}

func (v *Version) pointer(name layout.Name, op string) *layout.Pointer {
	return &layout.Pointer{Artifact: v.Pin.Artifact, Name: name, Version: v.Pin.Version,
		Date: v.Manifest.Date, Session: v.session, Op: op}
}
