package cairn

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
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
	m, digest, err := r.readManifest(ctx, key)
	if errors.Is(err, fs.ErrNotExist) && session != "" {
		return nil, transfer.Corrupt(key.String(), "it is missing, and a head or pointer names it")
	}
	invalid := (*layout.Error)(nil)
	switch {
	case err != nil && !errors.As(err, &invalid):
		return nil, err
	case digest != pin.Version:
		return nil, transfer.Corrupt(key.String(), "its bytes do not hash to its name")
	case err != nil:
		return nil, transfer.Corrupt(key.String(), "%w", err)
	}
	if m.Artifact != pin.Artifact {
		return nil, transfer.Corrupt(key.String(), "it is a manifest of %s", m.Artifact)
	}
	return &Version{pin, m, r, session}, nil
}

// readManifest parses a manifest while it is read, since it may be large, and
// returns the digest of its bytes. An error of what it says is a [*layout.Error].
func (r *Repo) readManifest(ctx context.Context, key layout.Key) (m *layout.Manifest, digest layout.Digest, err error) {
	err = r.open(ctx, key, func(body io.Reader, info store.Info) (err error) {
		m, digest, err = layout.ParseManifestFrom(body, info.Size)
		return err
	})
	return m, digest, err
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
