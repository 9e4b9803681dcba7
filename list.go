package cairn

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/transfer"
)

// Artifacts yields the artifacts of the store, in the order of their keys.
func (r *Repo) Artifacts(ctx context.Context) iter.Seq2[layout.Artifact, error] {
	return func(yield func(layout.Artifact, error) bool) { r.artifactsBelow(ctx, "", yield) }
}

// artifactsBelow yields the artifacts whose names start with prefix, and reports
// whether to go on. A folder is an artifact if it has heads or pointers.
func (r *Repo) artifactsBelow(ctx context.Context, prefix string, yield func(layout.Artifact, error) bool) bool {
	infos, err := r.list(ctx, prefix, &store.ListOptions{Shallow: true})
	if err != nil {
		yield("", err)
		return false
	}
	isArtifact := false
	var folders []string
	for _, info := range infos {
		segment := strings.TrimPrefix(info.Key, prefix)
		switch {
		case !info.IsPrefix:
		case segment == "_heads/" || segment == "_pointers/":
			isArtifact = true
		case !strings.HasPrefix(segment, "_") && !strings.Contains(segment, "="):
			folders = append(folders, info.Key)
		}
	}
	if a, err := layout.ParseArtifact(strings.TrimSuffix(prefix, "/")); isArtifact && err == nil && !yield(a, nil) {
		return false
	}
	for _, folder := range folders {
		if !r.artifactsBelow(ctx, folder, yield) {
			return false
		}
	}
	return true
}

// An Entry is a version that something names, and what names it.
type Entry struct {
	Pin   layout.Pin
	Date  layout.Date
	Names []layout.Name // pointers and labels that mean it, sorted
	By    string        // who last made it current, or pointed at it
	At    string        // when; RFC 3339
}

// Entries returns the versions of a that are in use, by date: the current one of
// each partition, and those that a pointer or label means. It is an error,
// wrapping [fs.ErrNotExist], if there are none.
func (r *Repo) Entries(ctx context.Context, a layout.Artifact) ([]Entry, error) {
	heads, err := r.heads(ctx, a)
	if err != nil {
		return nil, err
	}
	pointers, err := r.pointers(ctx, a)
	if err != nil {
		return nil, err
	}
	if err := r.checkNoneLost(ctx, a, slices.Concat(heads, pointers)); err != nil {
		return nil, err
	}
	if len(heads) == 0 {
		return nil, errNoArtifact(a)
	}
	found := make(map[layout.Digest]*Entry)
	for _, p := range slices.Concat(heads, pointers) {
		e := found[p.Version]
		if e == nil {
			e = &Entry{Pin: p.Pin(), Date: p.Date, By: p.By, At: p.At}
			found[p.Version] = e
		}
		if _, head := p.Name.Partition(); !head {
			e.Names = append(e.Names, p.Name)
		}
	}
	entries := make([]Entry, 0, len(found))
	for _, e := range found {
		slices.Sort(e.Names)
		entries = append(entries, *e)
	}
	slices.SortFunc(entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.At, b.At), slices.Compare(a.Pin.Version[:], b.Pin.Version[:]))
	})
	return entries, nil
}

// checkNoneLost returns [ErrCorrupt] if a head or pointer is missing that must
// have been there, because it has a history or because a pointer means a version
// of its partition. The loss of one that never moved leaves no trace.
func (r *Repo) checkNoneLost(ctx context.Context, a layout.Artifact, found []*layout.Pointer) error {
	present := make(map[layout.Name]bool)
	for _, p := range found {
		present[p.Name] = true
	}
	for _, p := range found {
		if !present[layout.HeadName(p.Date)] {
			return transfer.Corrupt(layout.PointerKey(a, layout.HeadName(p.Date)).String(), "it is missing, and %s means a version of it", p.Name)
		}
	}
	heads, pointers := layout.HistoryLines(a)
	for _, line := range []string{heads, pointers} {
		if err := r.checkHistories(ctx, a, line, func(name layout.Name) bool { return present[name] }); err != nil {
			return err
		}
	}
	return nil
}

// checkHistories returns [ErrCorrupt] for the first name that has a history under
// prefix and is not present.
func (r *Repo) checkHistories(ctx context.Context, a layout.Artifact, prefix string, present func(layout.Name) bool) error {
	folders, err := r.list(ctx, prefix, &store.ListOptions{Shallow: true})
	if err != nil {
		return err
	}
	for _, folder := range folders {
		name, err := layout.ParseName(strings.Trim(folder.Key[len(prefix):], "/"))
		if err == nil && !present(name) {
			return errLost(a, name)
		}
	}
	return nil
}
