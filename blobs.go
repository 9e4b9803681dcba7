package cairn

import (
	"context"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

// blobKey returns where the bytes of a file of v lie, by its index.
func (v *Version) blobKey(x *layout.Index, f layout.File) (string, error) {
	b, ok := x.Find(f.Digest)
	if !ok {
		return "", transfer.Corrupt(layout.IndexKey(x.Artifact, x.Date, v.session).String(), "it does not say where %s lies", f.Path)
	}
	return x.Key(b).String(), nil
}

// held returns the sizes of those blobs of an index that are there, by listing the
// sessions that stored them.
func (r *Repo) held(ctx context.Context, x *layout.Index) (map[layout.Digest]int64, error) {
	sizes := make(map[string]int64)
	listed := make(map[layout.ID]bool)
	held := make(map[layout.Digest]int64, len(x.Blobs))
	for _, b := range x.Blobs {
		if !listed[b.Session] {
			listed[b.Session] = true
			infos, err := r.list(ctx, layout.SessionPrefix(x.Artifact, x.Date, b.Session), nil)
			if err != nil {
				return nil, err
			}
			for _, info := range infos {
				sizes[info.Key] = info.Size
			}
		}
		if size, ok := sizes[x.Key(b).String()]; ok {
			held[b.Digest] = size
		}
	}
	return held, nil
}
