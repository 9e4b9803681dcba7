package cairn

import (
	"context"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
	"github.com/cairnstore/cairn/store/transfer/pack"
)

// Places say where the bytes of a version's files lie: each in a blob of its own or
// in a pack.
type places struct {
	v      *Version
	index  *layout.Index
	packed []layout.Packed // for each file of the manifest
}

func (v *Version) places(ctx context.Context) (*places, error) {
	x, err := v.repo.readIndex(ctx, v.Pin, v.Manifest.Date, v.session)
	if err != nil {
		return nil, err
	}
	p := &places{v, x, x.Packed(len(v.Manifest.Files))}
	for i, f := range v.Manifest.Files {
		if _, ok := x.Find(f.Digest); !ok && p.packed[i] == layout.Unpacked {
			return nil, transfer.Corrupt(layout.IndexKey(x.Artifact, x.Date, v.session).String(), "it does not say where %s lies", f.Path)
		}
	}
	return p, nil
}

// split parts files of the manifest, by their positions, into those that are blobs
// and the members of each pack.
func (p *places) split(files []int) (blobs []int, packs map[int32][]pack.Member) {
	packs = make(map[int32][]pack.Member)
	for _, i := range files {
		if at := p.packed[i]; at != layout.Unpacked {
			packs[at.Pack] = append(packs[at.Pack], pack.Member{File: i, Block: at.Block, Size: p.v.Manifest.Files[i].Size})
		} else {
			blobs = append(blobs, i)
		}
	}
	return blobs, packs
}

// blobKey is that of a file which is a blob.
func (p *places) blobKey(i int) string {
	b, _ := p.index.Find(p.v.Manifest.Files[i].Digest)
	return p.index.Key(b).String()
}

func (p *places) packKey(number int32) string { return p.index.PackKey(p.index.Packs[number]).String() }

// held returns the sizes of those contents of a version that are there, by listing
// the sessions that stored them.
func (v *Version) held(ctx context.Context) (map[layout.Digest]int64, error) {
	p, err := v.places(ctx)
	if err != nil {
		return nil, err
	}
	stored, err := p.list(ctx)
	if err != nil {
		return nil, err
	}
	held := make(map[layout.Digest]int64, len(v.Manifest.Files))
	for i, f := range v.Manifest.Files {
		if at := p.packed[i]; at == layout.Unpacked {
			if size, ok := stored[p.blobKey(i)]; ok {
				held[f.Digest] = size
			}
		} else if stored[p.packKey(at.Pack)] >= int64(at.Block)*layout.TarBlock+f.Size {
			held[f.Digest] = f.Size
		}
	}
	return held, nil
}

// list returns the sizes of the objects of all sessions that stored something of
// the version.
func (p *places) list(ctx context.Context) (map[string]int64, error) {
	sessions := make(map[layout.ID]bool)
	for _, b := range p.index.Blobs {
		sessions[b.Session] = true
	}
	for _, b := range p.index.Packs {
		sessions[b.Session] = true
	}
	sizes := make(map[string]int64)
	for session := range sessions {
		infos, err := p.v.repo.list(ctx, layout.SessionPrefix(p.index.Artifact, p.index.Date, session), nil)
		if err != nil {
			return nil, err
		}
		for _, info := range infos {
			sizes[info.Key] = info.Size
		}
	}
	return sizes, nil
}
