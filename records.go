package cairn

import (
	"context"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

// Records returns what was stated about v, oldest first: who published it, when
// and where.
func (v *Version) Records(ctx context.Context) ([]*layout.Record, error) {
	keys, err := v.repo.keys(ctx, layout.RecordPrefix(v.Pin))
	if err != nil {
		return nil, err
	}
	records := make([]*layout.Record, len(keys))
	return records, transfer.Each(ctx, files, indices(len(keys)), func(ctx context.Context, i int) error {
		b, _, err := v.repo.get(ctx, keys[i])
		if err != nil {
			return err
		}
		if records[i], err = layout.ParseRecord(b); err != nil {
			return transfer.Corrupt(keys[i].String(), "%w", err)
		}
		if records[i].Artifact != v.Pin.Artifact || records[i].Version != v.Pin.Version {
			return transfer.Corrupt(keys[i].String(), "it is about another version")
		}
		return nil
	})
}
