package gcs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"

	"cloud.google.com/go/storage"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/group"
)

// Complete implements [store.Composition]. The server joins at most 32 objects at
// a time, so more are first joined to fewer.
func (c *composition) Complete(ctx context.Context, parts []store.Part, sum store.Checksum) error {
	return fail("create", c.key, c.complete(ctx, parts, sum))
}

func (c *composition) complete(ctx context.Context, parts []store.Part, sum store.Checksum) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	joined, err := joinedSum(parts)
	if err != nil {
		return err
	}
	if joined != sum {
		return store.ErrChecksum
	}
	sources, err := c.sources(parts)
	for stage := 1; err == nil && len(sources) > composed; stage++ {
		sources, err = c.joinGroups(ctx, sources, stage)
	}
	if err != nil {
		return err
	}
	if err := c.joinLast(ctx, sources, sum); err != nil {
		return err
	}
	c.Abort(ctx) // of the parts, which are in the object now
	return nil
}

// joinedSum is that of parts, which must follow one another.
func joinedSum(parts []store.Part) (store.Checksum, error) {
	var end int64
	sum := store.ChecksumOf(nil)
	for _, p := range parts {
		if p.Off != end {
			return sum, fmt.Errorf("%w: part %d begins at %d, not at %d", fs.ErrInvalid, p.Number, p.Off, end)
		}
		sum = store.NewJoiner(p.Size).Join(sum, p.Sum)
		end += p.Size
	}
	if end == 0 {
		return sum, fmt.Errorf("%w: there are no parts", fs.ErrInvalid)
	}
	return sum, nil
}

// sources are the very objects that were checked: whatever was stored under their
// names since has another generation.
func (c *composition) sources(parts []store.Part) ([]*storage.ObjectHandle, error) {
	sources := make([]*storage.ObjectHandle, len(parts))
	for i, p := range parts {
		generation, err := strconv.ParseInt(p.Tag, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: part %d is not stored", fs.ErrInvalid, p.Number)
		}
		sources[i] = c.s.bucket.Object(c.part(p.Off)).Generation(generation)
	}
	return sources, nil
}

func (c *composition) joinGroups(ctx context.Context, sources []*storage.ObjectHandle, stage int) ([]*storage.ObjectHandle, error) {
	groups := slices.Collect(slices.Chunk(sources, composed))
	made := make([]*storage.ObjectHandle, len(groups))
	g, ctx := group.WithContext(ctx)
	g.SetLimit(sideBySide)
	for i, sources := range groups {
		g.Go(func() error {
			object := c.s.bucket.Object(fmt.Sprintf("%sstage-%d-%d", c.name, stage, i))
			attrs, err := object.ComposerFrom(sources...).Run(ctx)
			if err != nil {
				return c.s.meaning(ctx, err)
			}
			made[i] = object.Generation(attrs.Generation)
			return nil
		})
	}
	return made, g.Wait()
}

// joinLast makes the object. A server that does not look at the checksum sent to
// it may make another than it should: that is deleted again.
func (c *composition) joinLast(ctx context.Context, sources []*storage.ObjectHandle, sum store.Checksum) error {
	object := c.s.bucket.Object(c.key)
	composer := object.If(storage.Conditions{DoesNotExist: true}).ComposerFrom(sources...)
	composer.ContentType = contentType
	composer.CRC32C, composer.SendCRC32C = sum.CRC32C, true
	attrs, err := composer.Run(ctx)
	if err != nil {
		err = c.s.meaning(ctx, err)
		if errors.Is(err, errCondition) {
			err = fs.ErrExist
		}
		return err
	}
	if attrs.CRC32C == sum.CRC32C {
		return nil
	}
	deleteErr := c.s.meaning(ctx, object.If(storage.Conditions{GenerationMatch: attrs.Generation}).Delete(ctx))
	if deleteErr != nil {
		return fmt.Errorf("%w, and they could not be deleted: %w", store.ErrChecksum, deleteErr)
	}
	return store.ErrChecksum
}
