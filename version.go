package cairn

import (
	"context"
	"errors"
	"io/fs"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

// A Version is one published, immutable state of an artifact.
type Version struct {
	Pin      layout.Pin
	Manifest *layout.Manifest // not to be changed

	repo    *Repo
	session layout.ID // whose index says where the bytes lie
}

// version reads the manifest of a version that something names, so it has to be
// there.
func (r *Repo) version(ctx context.Context, pin layout.Pin, session layout.ID) (*Version, error) {
	key := layout.ManifestKey(pin)
	b, _, err := r.get(ctx, key)
	if errors.Is(err, fs.ErrNotExist) && session != "" {
		return nil, transfer.Corrupt(key.String(), "it is missing, and a head or pointer names it")
	}
	if err != nil {
		return nil, err
	}
	if layout.Sum(b) != pin.Version {
		return nil, transfer.Corrupt(key.String(), "its bytes do not hash to its name")
	}
	m, err := layout.ParseManifest(b)
	if err != nil {
		return nil, transfer.Corrupt(key.String(), "%w", err)
	}
	if m.Artifact != pin.Artifact {
		return nil, transfer.Corrupt(key.String(), "it is a manifest of %s", m.Artifact)
	}
	return &Version{pin, m, r, session}, nil
}

// readIndex reads where the bytes of a version lie.
func (r *Repo) readIndex(ctx context.Context, pin layout.Pin, d layout.Date, session layout.ID) (*layout.Index, error) {
	key := layout.IndexKey(pin.Artifact, d, session)
	b, _, err := r.get(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, transfer.Corrupt(key.String(), "it is missing, and %s needs it", pin)
	}
	if err != nil {
		return nil, err
	}
	x, err := layout.ParseIndex(b)
	if err != nil {
		return nil, transfer.Corrupt(key.String(), "%w", err)
	}
	if x.Artifact != pin.Artifact || x.Date != d || x.Version != pin.Version {
		return nil, transfer.Corrupt(key.String(), "it is the index of another version, %s@%s", x.Artifact, x.Version)
	}
	return x, nil
}
