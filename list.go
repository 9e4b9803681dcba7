package cairn

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
)

// Artifacts yields the artifacts of the store, in the order of their keys.
func (r *Repo) Artifacts(ctx context.Context) iter.Seq2[layout.Artifact, error] {
	return func(yield func(layout.Artifact, error) bool) { r.artifactsBelow(ctx, "", yield) }
}

// artifactsBelow yields the artifacts whose names start with prefix, and reports
// whether to go on. A folder is an artifact if it has heads.
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
		case prefix != "" && prefix+segment == layout.HeadPrefix(layout.Artifact(strings.TrimSuffix(prefix, "/"))):
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
// each partition, and those that a pointer or label means.
func (r *Repo) Entries(ctx context.Context, a layout.Artifact) ([]Entry, error) {
	heads, err := r.heads(ctx, a)
	if err != nil {
		return nil, err
	}
	pointers, err := r.pointers(ctx, a)
	if err != nil {
		return nil, err
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
