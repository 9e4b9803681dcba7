package cairn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
	"github.com/cairnstore/cairn/store/transfer/pack"
)

// VerifyTrace reads every byte of every version of t and compares it with what its
// manifest says. The first that is missing or wrong is [ErrCorrupt]. Versions
// whose bytes are gone are passed over.
func (r *Repo) VerifyTrace(ctx context.Context, t *Trace) error {
	c := &verification{r: r, seen: make(map[string]bool)}
	for _, v := range t.Versions {
		if v.session == "" {
			continue
		}
		if err := c.add(ctx, v.Version); err != nil {
			return err
		}
	}
	const atOnce = 8
	return transfer.Each(ctx, atOnce, c.reads, func(ctx context.Context, read func(context.Context) error) error { return read(ctx) })
}

// A verification is the list of what is to be read, each content once.
type verification struct {
	r     *Repo
	seen  map[string]bool // by key and block
	reads []func(context.Context) error
}

func (c *verification) add(ctx context.Context, v *Version) error {
	p, err := v.places(ctx)
	if err != nil {
		return err
	}
	all := make([]int, len(v.Manifest.Files))
	for i := range all {
		all[i] = i
	}
	blobs, packs := p.split(all)
	for _, i := range blobs {
		if f, key := &v.Manifest.Files[i], p.blobKey(i); c.claim(key, 0, f.Size) {
			c.reads = append(c.reads, func(ctx context.Context) error { return c.blob(ctx, v, f, key) })
		}
	}
	for number, members := range packs {
		key := p.packKey(number)
		var unseen []pack.Member
		for _, m := range members {
			if c.claim(key, m.Block, m.Size) {
				unseen = append(unseen, m)
			}
		}
		for _, run := range pack.Runs(unseen) {
			c.reads = append(c.reads, func(ctx context.Context) error { return v.readPacked(ctx, run, key, c.verified) })
		}
	}
	return nil
}

// claim reports whether a content is met for the first time.
func (c *verification) claim(key string, block int32, size int64) bool {
	place := fmt.Sprint(key, " ", block)
	if c.seen[place] {
		return false
	}
	c.seen[place] = true
	c.r.options.Meter.Expect(size)
	return true
}

func (c *verification) verified(f *layout.File, _ []byte) error {
	c.r.options.Meter.Named(f.Size)
	c.r.options.Meter.Done()
	return nil
}

func (c *verification) blob(ctx context.Context, v *Version, f *layout.File, key string) error {
	err := c.r.engine.Retry(ctx, func() error { return c.r.verifyBlob(ctx, key, f) })
	if errors.Is(err, fs.ErrNotExist) {
		err = transfer.Corrupt(key, "it is missing")
	}
	if err != nil {
		return fmt.Errorf("%s of %s: %w", f.Path, v.Pin, err)
	}
	c.r.options.Meter.Done()
	return nil
}

func (r *Repo) verifyBlob(ctx context.Context, key string, f *layout.File) error {
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
