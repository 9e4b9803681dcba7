package cairn

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

// Taint states that the versions that ref means are not to be used, nor anything
// that was or will be made from them: every [Gate] refuses them from now on. A
// version that is tainted for that reason already is left as it is. Versions are
// returned in any case.
func (r *Repo) Taint(ctx context.Context, ref layout.Ref, reason string) ([]*Version, error) {
	return r.declare(ctx, ref, reason, func(standing []statement) *layout.Record {
		if slices.ContainsFunc(standing, func(s statement) bool { return s.Reason == reason }) {
			return nil
		}
		return &layout.Record{Kind: layout.RecordTaint}
	})
}

// Untaint lifts every taint that the versions have at this moment. One that is
// stated at the same time by someone else stands, since it is lifted by its id
// and not by the order of clocks. A version that has none is left as it is.
func (r *Repo) Untaint(ctx context.Context, ref layout.Ref, reason string) ([]*Version, error) {
	return r.declare(ctx, ref, reason, func(standing []statement) *layout.Record {
		if len(standing) == 0 {
			return nil
		}
		record := &layout.Record{Kind: layout.RecordUntaint}
		for _, s := range standing {
			record.Lifts = append(record.Lifts, s.id)
		}
		return record
	})
}

// declare writes the record that say returns for each version of ref, given the
// taints that it has, or none where that is nil.
func (r *Repo) declare(ctx context.Context, ref layout.Ref, reason string, say func(standing []statement) *layout.Record) ([]*Version, error) {
	if strings.TrimSpace(reason) == "" {
		return nil, fmt.Errorf("%w: say why, for whoever is stopped by it", ErrRefused)
	}
	versions, err := r.lookUp(ctx, ref)
	if err != nil {
		return nil, err
	}
	if err := r.makeWritable(ctx); err != nil {
		return nil, err
	}
	return versions, transfer.Each(ctx, atOnceMax, versions, func(ctx context.Context, v *Version) error {
		statements, err := r.statements(ctx, v.Pin)
		if err != nil {
			return err
		}
		record := say(standing(statements))
		if record == nil {
			return nil
		}
		record.Artifact, record.Version, record.Reason = v.Pin.Artifact, v.Pin.Version, reason
		record.By, record.At = r.options.By, timestamp()
		b, err := record.Encode()
		if err != nil {
			return err
		}
		return r.put(ctx, layout.RecordKey(v.Pin, newID()), b)
	})
}

// standing returns the taints that nothing has lifted.
func standing(statements []statement) []statement {
	lifted := make(map[layout.ID]bool)
	for _, s := range statements {
		for _, id := range s.Lifts {
			lifted[id] = true
		}
	}
	var taints []statement
	for _, s := range statements {
		if s.Kind == layout.RecordTaint && !lifted[s.id] {
			taints = append(taints, s)
		}
	}
	return taints
}

// taints say why versions are tainted, for those that are.
type taints struct {
	mu      sync.Mutex
	reasons map[layout.Pin]string
}

func (r *Repo) readTaints(ctx context.Context, pins []layout.Pin, t *taints) error {
	return transfer.Each(ctx, metadata, pins, func(ctx context.Context, pin layout.Pin) error {
		statements, err := r.statements(ctx, pin)
		if err != nil {
			return err
		}
		if found := standing(statements); len(found) > 0 {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.reasons[pin] = found[0].Reason
		}
		return nil
	})
}
