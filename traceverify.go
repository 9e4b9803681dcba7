package cairn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

// VerifyTrace reads every byte of every version of t and compares it with what its
// manifest says. The first that is missing or wrong is [ErrCorrupt]. Versions
// whose bytes are gone are passed over.
func (r *Repo) VerifyTrace(ctx context.Context, t *Trace) error {
	type blob struct {
		layout.File
		key string
		pin layout.Pin
	}
	var blobs []blob
	seen := make(map[string]bool)
	for _, v := range t.Versions {
		if v.session == "" {
			continue
		}
		x, err := r.readIndex(ctx, v.Pin, v.Manifest.Date, v.session)
		if err != nil {
			return err
		}
		for _, f := range v.Manifest.Files {
			key, err := v.blobKey(x, f)
			if err != nil {
				return err
			}
			if !seen[key] {
				seen[key] = true
				blobs = append(blobs, blob{f, key, v.Pin})
				r.options.Meter.Expect(f.Size)
			}
		}
	}
	const atOnce = 8
	return transfer.Each(ctx, atOnce, blobs, func(ctx context.Context, b blob) error {
		err := transfer.Retry(ctx, func() error { return r.verifyBlob(ctx, b.key, b.File) })
		if errors.Is(err, fs.ErrNotExist) {
			err = transfer.Corrupt(b.key, "it is missing")
		}
		if err != nil {
			return fmt.Errorf("%s of %s: %w", b.Path, b.pin, err)
		}
		r.options.Meter.Done()
		return nil
	})
}

func (r *Repo) verifyBlob(ctx context.Context, key string, f layout.File) error {
	body, info, err := transfer.Open(ctx, r.store, key, 0, -1)
	if err != nil {
		return err
	}
	defer body.Close()
	if info.Size != f.Size {
		return transfer.Corrupt(key, "it has %d bytes, and should have %d", info.Size, f.Size)
	}
	sum, err := transfer.SumOf(ctx, r.options.Meter.Hashing(body))
	if err != nil {
		return err
	}
	if sum.Digest != f.Digest {
		return transfer.Corrupt(key, "its bytes hash to %s, and should to %s", sum.Digest, f.Digest)
	}
	return nil
}
