package cairn

import (
	"context"
	"fmt"

	"github.com/cairnstore/cairn/layout"
)

// Rollback makes the head or pointer name of a mean a former version again: to,
// or if that is nil the one in force before the present. It is a new state like
// any other, so the history shows it and it can be rolled back in turn. A head
// goes back only to a version that it retains.
func (r *Repo) Rollback(ctx context.Context, a layout.Artifact, name layout.Name, to *Version, reason string) (*Version, error) {
	var target *Version
	_, _, err := r.move(ctx, a, name, 0, func(now state) (*layout.Pointer, error) {
		switch {
		case now.absent():
			return nil, r.explainAbsence(ctx, a, name)
		case now.Fixed:
			return nil, errLabelMoves(now.Pointer)
		}
		target = to
		if target == nil {
			var err error
			if target, err = r.before(ctx, now); err != nil {
				return nil, err
			}
		}
		if now.Version == target.Pin.Version {
			return nil, nil
		}
		return rolledBack(now, target, reason)
	})
	if err != nil {
		return nil, err
	}
	return target, nil
}

// rolledBack is the state that follows now when it goes back to v.
func rolledBack(now state, v *Version, reason string) (*layout.Pointer, error) {
	p := v.pointer(now.Name, "rollback")
	p.Reason = reason
	if _, head := now.Name.Partition(); head {
		session, ok := now.SessionOf(v.Pin.Version)
		if !ok {
			return nil, fmt.Errorf("%w: the partition %s does not retain %s", ErrRefused, now.Name.Selector(), v.Pin)
		}
		p.Session, p.Retained = session, now.retainedAfter(v.Pin.Version)
	}
	return p, nil
}

// before returns the version that was in force before the one that is now.
func (r *Repo) before(ctx context.Context, now state) (*Version, error) {
	for p, err := range r.chain(ctx, now.Pointer) {
		if err != nil {
			return nil, err
		}
		if p.Version != now.Version {
			return r.version(ctx, p.Pin(), p.Session)
		}
	}
	return nil, fmt.Errorf("%w: %s of %s has meant %s ever since it exists, so there is nothing to go back to", ErrRefused, now.Name, now.Artifact, now.Pin())
}
