package cairn

import (
	"context"
	"errors"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

// worthCopying is the size of the smallest file of which parts are noted, so that
// the version after it can have them copied: two requests are no gain below it.
const worthCopying = 16 << 20

// writeRanges notes the parts of a blob.
func (w *publishing) writeRanges(ctx context.Context, blob layout.Key, c *content) error {
	if len(c.ranges) == 0 || c.sum.Size < worthCopying {
		return nil
	}
	ranges := &layout.Ranges{Blob: c.sum.Digest, Size: c.sum.Size, Ranges: c.ranges}
	b, err := ranges.Encode()
	if err != nil {
		return err
	}
	return w.r.put(ctx, layout.RangesKey(blob), b)
}

// copies lists the parts of a file that the file under its path in the version
// before has too. It may list none: then all of the file is sent.
func (w *publishing) copies(ctx context.Context, c *content) []transfer.Copy {
	former := w.formerly(c.source.Path)
	if former == nil || len(c.ranges) == 0 || c.sum.Size < worthCopying {
		return nil
	}
	had, ok := w.base.blobs[former.Digest]
	if !ok {
		return nil
	}
	blob := layout.Key{Kind: layout.KindBlob, Artifact: w.Artifact, Date: w.Date, Session: had.Session, Digest: had.Digest, Ext: had.Ext}
	there, err := w.r.readRanges(ctx, blob)
	if err != nil {
		return nil
	}
	return commonParts(c.ranges, there.Ranges, blob.String())
}

func (r *Repo) readRanges(ctx context.Context, blob layout.Key) (*layout.Ranges, error) {
	key := layout.RangesKey(blob)
	b, _, err := r.get(ctx, key)
	if err != nil {
		return nil, err
	}
	ranges, err := layout.ParseRanges(b)
	if err == nil && ranges.Blob != blob.Digest {
		err = errors.New("they are of another blob")
	}
	if err != nil {
		return nil, transfer.Corrupt(key.String(), "%w", err)
	}
	return ranges, nil
}

// commonParts finds for parts of a file the equal ones in the object from.
func commonParts(parts, there []layout.Range, from string) (copies []transfer.Copy) {
	offsets := make(map[layout.Range][]int64, len(there)) // by size and digest
	for _, p := range there {
		same := layout.Range{Size: p.Size, Digest: p.Digest}
		offsets[same] = append(offsets[same], p.Offset)
	}
	var next int64 // in from, after the last copy
	for _, p := range parts {
		found := offsets[layout.Range{Size: p.Size, Digest: p.Digest}]
		if len(found) == 0 {
			continue
		}
		off := found[0]
		for _, o := range found {
			if o == next { // one copy does for both
				off = o
			}
		}
		copies = append(copies, transfer.Copy{Off: p.Offset, Size: p.Size, From: from, FromOff: off})
		next = off + p.Size
	}
	return copies
}
