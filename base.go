package cairn

import (
	"context"
	"slices"
	"sync"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

// A base is what the versions of a head have stored, and a version that is about
// to replace the current one may reuse.
type base struct {
	blobs  map[layout.Digest]baseBlob
	packs  []basePack
	packed []basePacked // sorted by digest
}

// A baseBlob is a blob of a version that the head has.
type baseBlob struct {
	layout.Blob
	version layout.Digest
}

// A basePack is a pack of the head's current version.
type basePack struct {
	digest  layout.Digest
	session layout.ID
	version layout.Digest
}

// A basePacked is a file in a basePack.
type basePacked struct {
	digest layout.Digest
	place  layout.Packed
}

// baseVersions bounds how many of a head's versions are looked at for bytes to
// reuse: the current one and the youngest of the retained.
const baseVersions = 16

// readBase reads the head and where the bytes of its versions lie. Packs are looked
// at in the current version alone, since only its manifest says which files are in
// them; it is returned if it was read.
func (w *publishing) readBase(ctx context.Context) (current *Version, err error) {
	w.base = &base{}
	if w.head, err = w.r.readState(ctx, w.Artifact, layout.HeadName(w.Date)); err != nil || w.head.absent() {
		return nil, err
	}
	has := w.head.versions()
	has = has[:min(len(has), baseVersions)]
	w.base.blobs = make(map[layout.Digest]baseBlob)
	var newest *layout.Index
	var mu sync.Mutex
	err = transfer.Each(ctx, baseVersions, has, func(ctx context.Context, had layout.Retained) error {
		x, err := w.r.readIndex(ctx, layout.Pin{Artifact: w.Artifact, Version: had.Version}, w.Date, had.Session)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if had.Version == w.head.Version {
			newest = x
		}
		for _, b := range x.Blobs {
			w.base.blobs[b.Digest] = baseBlob{b, had.Version}
		}
		return nil
	})
	if err != nil || len(newest.Packs) == 0 && w.r.options.Inspect == nil {
		return nil, err
	}
	current, err = w.r.version(ctx, w.head.Pin(), w.head.Session)
	if err == nil {
		w.base.addPacks(newest, current.Manifest.Files)
	}
	return current, err
}

func (b *base) addPacks(x *layout.Index, files []layout.File) {
	for _, p := range x.Packs {
		b.packs = append(b.packs, basePack{p.Digest, p.Session, x.Version})
	}
	n := 0
	for _, p := range x.Packs {
		n += len(p.Files)
	}
	b.packed = make([]basePacked, 0, n)
	for i, place := range x.Packed(len(files)) {
		if place != layout.Unpacked {
			b.packed = append(b.packed, basePacked{files[i].Digest, place})
		}
	}
	slices.SortFunc(b.packed, func(a, b basePacked) int { return slices.Compare(a.digest[:], b.digest[:]) })
}

// findPacked returns where the base has the bytes with digest d in a pack.
func (b *base) findPacked(d layout.Digest) (basePack, int32, bool) {
	i, ok := slices.BinarySearchFunc(b.packed, d, func(p basePacked, d layout.Digest) int { return slices.Compare(p.digest[:], d[:]) })
	if !ok {
		return basePack{}, 0, false
	}
	place := b.packed[i].place
	return b.packs[place.Pack], place.Block, true
}
