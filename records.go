package cairn

import (
	"context"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

// Records returns what was stated about v, oldest first: who published it, when
// and where; that it is tainted, or is no longer.
func (v *Version) Records(ctx context.Context) ([]*layout.Record, error) {
	statements, err := v.repo.statements(ctx, v.Pin)
	if err != nil {
		return nil, err
	}
	records := make([]*layout.Record, len(statements))
	for i, s := range statements {
		records[i] = s.Record
	}
	return records, nil
}

// A statement is a record and the id that is its own.
type statement struct {
	*layout.Record
	id layout.ID
}

// statements reads the records about a version, oldest first.
func (r *Repo) statements(ctx context.Context, pin layout.Pin) ([]statement, error) {
	keys, err := r.keys(ctx, layout.RecordPrefix(pin))
	if err != nil {
		return nil, err
	}
	found := make([]statement, len(keys))
	return found, transfer.Each(ctx, atOnceMax, indices(len(keys)), func(ctx context.Context, i int) error {
		b, _, err := r.get(ctx, keys[i])
		if err != nil {
			return err
		}
		record, err := layout.ParseRecord(b)
		if err != nil {
			return transfer.Corrupt(keys[i].String(), "%w", err)
		}
		if record.Artifact != pin.Artifact || record.Version != pin.Version {
			return transfer.Corrupt(keys[i].String(), "it is about another version")
		}
		found[i] = statement{record, keys[i].ID}
		return nil
	})
}
