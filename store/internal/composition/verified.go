package composition

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/group"
)

var errNoCopies = fmt.Errorf("%w: the composition was begun for none but sent parts", errors.ErrUnsupported)

// A verified composition is one whose parts are compared with the body.
type verified struct {
	*composition
	opaque atomic.Bool // ETags are no MD5s
}

// Put implements [store.Composition]. The MD5 that the server is sent holds for
// the bytes that p.Sum was computed of: both come out of one pass.
func (c *verified) Put(ctx context.Context, p store.Part, body *io.SectionReader) (store.Part, error) {
	d, err := digestOf(ctx, body)
	if err == nil {
		err = d.check(p)
	}
	if err != nil {
		return store.Part{}, c.fail(err)
	}
	etag, err := c.client.PutPart(ctx, c.upload, p, d.md5, body)
	if err != nil {
		return store.Part{}, c.fail(err)
	}
	if etag != hex.EncodeToString(d.md5) {
		c.opaque.Store(true)
	}
	p.Tag = etag
	return p, nil
}

// Copy implements [store.Composition]. The body is read while the server copies.
// The Part has the checksum of the body, so that p need have none.
func (c *verified) Copy(ctx context.Context, p store.Part, body *io.SectionReader, from string, off int64) (store.Part, error) {
	var etag string
	var d digest
	g, groupCtx := group.WithContext(ctx)
	g.Go(func() (err error) {
		etag, err = c.client.CopyPart(groupCtx, c.upload, p, from, off)
		return err
	})
	g.Go(func() (err error) {
		d, err = digestOf(groupCtx, body)
		if err == nil && p.Sum != (store.Checksum{}) {
			err = d.check(p)
		}
		return err
	})
	if err := g.Wait(); err != nil {
		return store.Part{}, c.fail(err)
	}
	switch want := hex.EncodeToString(d.md5); {
	case etag == want:
		p.Tag, p.Sum = etag, d.sum
		return p, nil
	case len(etag) == len(want):
		err := fmt.Errorf("%w: a copy of %d bytes of %s has the MD5 %s, the body %s", store.ErrChecksum, p.Size, from, etag, want)
		return store.Part{}, c.fail(err)
	}
	return store.Part{}, c.fail(fmt.Errorf("%w: the ETag %q of a copy is no MD5, so it cannot be checked", errors.ErrUnsupported, etag))
}

// Find implements [store.Composition]. It finds nothing: no checksums are stored.
func (c *verified) Find(context.Context, []store.Part) ([]store.Part, error) { return nil, nil }

// Complete implements [store.Composition].
func (c *verified) Complete(ctx context.Context, parts []store.Part, sum store.Checksum) error {
	if join(parts) != sum {
		return c.fail(fmt.Errorf("%w: the parts do not make up the object", store.ErrChecksum))
	}
	object, err := c.client.Complete(ctx, c.upload, parts, sum)
	if err != nil {
		return c.fail(err)
	}
	want := tagOf(parts)
	if !c.opaque.Load() && len(object.ETag) == len(want) && object.ETag != want {
		return c.fail(fmt.Errorf("%w: the object has the ETag %s, its parts %s", store.ErrChecksum, object.ETag, want))
	}
	return nil
}

// join returns the checksum of parts, one after the other.
func join(parts []store.Part) (sum store.Checksum) {
	for _, p := range parts {
		sum = store.NewJoiner(p.Size).Join(sum, p.Sum)
	}
	return sum
}

// tagOf returns the ETag of an object of parts whose ETags are MD5s.
func tagOf(parts []store.Part) string {
	h := md5.New()
	for _, p := range parts {
		part, _ := hex.DecodeString(p.Tag) // of another kind, which then is no MD5 of MD5s
		h.Write(part)
	}
	return fmt.Sprintf("%x-%d", h.Sum(nil), len(parts))
}
