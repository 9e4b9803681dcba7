package cairn

import (
	"context"
	"fmt"
	"slices"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

// Resolve returns what ref means now: one version, or for a range one for each
// partition that has any, in the order of their dates. It is an error, wrapping
// [fs.ErrNotExist], if there is none.
func (r *Repo) Resolve(ctx context.Context, ref layout.Ref) ([]*Version, error) {
	versions, err := r.resolve(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ref, err)
	}
	return versions, nil
}

func (r *Repo) resolve(ctx context.Context, ref layout.Ref) ([]*Version, error) {
	if ref.IsRange() {
		return r.resolveRange(ctx, ref)
	}
	var v *Version
	var err error
	if ref.Version != "" {
		v, err = r.resolveVersion(ctx, ref)
	} else {
		name := ref.Name
		if name == "" {
			name = layout.HeadName(ref.From)
		}
		v, err = r.resolveName(ctx, ref.Artifact, name)
	}
	if err != nil {
		return nil, err
	}
	return []*Version{v}, nil
}

func (r *Repo) resolveName(ctx context.Context, a layout.Artifact, name layout.Name) (*Version, error) {
	now, err := r.readState(ctx, a, name)
	if err != nil {
		return nil, err
	}
	if now.absent() {
		return nil, r.explainAbsence(ctx, a, name)
	}
	v, err := r.version(ctx, now.Pin(), now.Session)
	if err == nil && v.Manifest.Date != now.Date {
		err = transfer.Corrupt(layout.PointerKey(a, name).String(), "it says that %s is of %s", v.Pin, now.Date)
	}
	return v, err
}

// explainAbsence says how much of a reference exists. A head or pointer that has
// a history and is not there has been lost.
func (r *Repo) explainAbsence(ctx context.Context, a layout.Artifact, name layout.Name) error {
	history, err := r.list(ctx, layout.HistoryPrefix(a, name), nil)
	if err != nil {
		return err
	}
	if len(history) > 0 {
		return errLost(a, name)
	}
	heads, err := r.list(ctx, layout.HeadPrefix(a), nil)
	if err != nil {
		return err
	}
	if len(heads) == 0 {
		return errNoArtifact(a)
	}
	if date, ok := name.Partition(); ok {
		return notFoundf("nothing was published for %s", date)
	}
	return notFoundf("there is no pointer or label %s", name)
}

func errNoArtifact(a layout.Artifact) error { return notFoundf("the store has no artifact %s", a) }

func errLost(a layout.Artifact, name layout.Name) error {
	return transfer.Corrupt(layout.PointerKey(a, name).String(), "it is missing, and its history is there")
}

func (r *Repo) resolveRange(ctx context.Context, ref layout.Ref) ([]*Version, error) {
	keys, err := r.keys(ctx, layout.HeadPrefix(ref.Artifact))
	if err != nil {
		return nil, err
	}
	within := func(name layout.Name) bool {
		d, _ := name.Partition()
		return d >= ref.From && d <= ref.To
	}
	var names []layout.Name
	for _, key := range keys {
		if within(key.Name) {
			names = append(names, key.Name)
		}
	}
	heads, _ := layout.HistoryLines(ref.Artifact)
	err = r.checkHistories(ctx, ref.Artifact, heads, func(name layout.Name) bool {
		return !within(name) || slices.Contains(names, name)
	})
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, notFoundf("nothing was published between these dates")
	}
	versions := make([]*Version, len(names))
	return versions, transfer.Each(ctx, atOnceMax, indices(len(names)), func(ctx context.Context, i int) (err error) {
		versions[i], err = r.resolveName(ctx, ref.Artifact, names[i])
		return err
	})
}

// keys lists the keys under a prefix that are cairn's.
func (r *Repo) keys(ctx context.Context, prefix string) ([]layout.Key, error) {
	infos, err := r.list(ctx, prefix, nil)
	if err != nil {
		return nil, err
	}
	var keys []layout.Key
	for _, info := range infos {
		if key, err := layout.ParseKey(info.Key); err == nil {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func (r *Repo) resolveVersion(ctx context.Context, ref layout.Ref) (*Version, error) {
	id, err := r.completeID(ctx, ref.Artifact, ref.Version)
	if err != nil {
		return nil, err
	}
	v, err := r.version(ctx, layout.Pin{Artifact: ref.Artifact, Version: id}, "")
	if err != nil {
		return nil, err
	}
	v.session, err = r.findSession(ctx, v)
	return v, err
}

// completeID returns the one version of a whose id starts with digits.
func (r *Repo) completeID(ctx context.Context, a layout.Artifact, digits string) (layout.Digest, error) {
	if len(digits) == 2*layout.DigestSize {
		return layout.ParseDigest("b3:" + digits)
	}
	found, err := r.keys(ctx, layout.ManifestPrefix(a, digits))
	if err != nil {
		return layout.Digest{}, err
	}
	switch len(found) {
	case 0:
		return layout.Digest{}, notFoundf("there is no such version")
	case 1:
		return found[0].Version, nil
	}
	return layout.Digest{}, fmt.Errorf("%w: %d versions start with these digits; give more of them", ErrRefused, len(found))
}

// findSession finds the session whose index says where the bytes of v lie: the
// head of its partition knows, or else a pointer or label that names it.
func (r *Repo) findSession(ctx context.Context, v *Version) (layout.ID, error) {
	head, err := r.readState(ctx, v.Pin.Artifact, layout.HeadName(v.Manifest.Date))
	if err != nil {
		return "", err
	}
	if session, ok := head.sessionOf(v.Pin.Version); ok {
		return session, nil
	}
	pointers, err := r.pointers(ctx, v.Pin.Artifact)
	if err != nil {
		return "", err
	}
	for _, p := range pointers {
		if session, ok := p.SessionOf(v.Pin.Version); ok {
			return session, nil
		}
	}
	return "", notFoundf("its manifest is there and no head or pointer has it, as after a push that was cut off")
}

// pointers reads all named pointers and labels of a, in the order of their
// names.
func (r *Repo) pointers(ctx context.Context, a layout.Artifact) ([]*layout.Pointer, error) {
	return r.readAll(ctx, a, layout.PointerPrefix(a))
}

// heads reads the heads of all partitions of a, in the order of their dates.
func (r *Repo) heads(ctx context.Context, a layout.Artifact) ([]*layout.Pointer, error) {
	return r.readAll(ctx, a, layout.HeadPrefix(a))
}

func (r *Repo) readAll(ctx context.Context, a layout.Artifact, prefix string) ([]*layout.Pointer, error) {
	keys, err := r.keys(ctx, prefix)
	if err != nil {
		return nil, err
	}
	all := make([]*layout.Pointer, len(keys))
	return all, transfer.Each(ctx, atOnceMax, indices(len(keys)), func(ctx context.Context, i int) error {
		now, err := r.readState(ctx, a, keys[i].Name)
		if err == nil && now.absent() {
			err = transfer.Corrupt(keys[i].String(), "it was listed and is gone")
		}
		all[i] = now.Pointer
		return err
	})
}
