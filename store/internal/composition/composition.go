// Package composition is how the drivers of the S3 API make an object of parts,
// whichever client they use: as a multipart upload.
//
// The server checks each part that it is sent against a checksum, and the object
// against that of all of it. An upload with copied parts is begun without
// that, because not every server can copy into one with checksums. There the
// ETags of all parts are compared with MD5s computed from the body, in the pass
// that also computes the parts' checksums anew, and these make up that of the
// object.
package composition

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/s3api"
)

// Limits are those of Amazon S3, and of what is made in its image.
var Limits = store.Limits{MinPart: 5 << 20, MaxPart: 5 << 30, MinCopy: 5 << 20, Parts: 10_000}

// A Client sends the requests of multipart uploads, each once. Its errors are
// those of a [store.Store] without the operation and the key; that of CopyPart is
// [errors.ErrUnsupported] also if the ETag cannot be an MD5.
type Client interface {
	Begin(ctx context.Context, key string, checksummed bool) (id string, err error)
	Uploads(ctx context.Context, key string) ([]Upload, error)
	Stored(ctx context.Context, u Upload) (Stored, error)
	Complete(ctx context.Context, u Upload, parts []store.Part, sum store.Checksum) (Object, error)
	Abort(ctx context.Context, u Upload)

	// Text is the checksum that the client has servers check, as headers have it.
	Text(sum store.Checksum) string

	// PutPart sends a part with its checksum, or else with an MD5.
	PutPart(ctx context.Context, u Upload, p store.Part, md5 []byte, body *io.SectionReader) (etag string, err error)
	CopyPart(ctx context.Context, u Upload, p store.Part, from string, off int64) (etag string, err error)
}

// An Upload is one that was begun, with or without checksums.
type Upload struct {
	Key, ID     string
	Checksummed bool
}

// Stored are the parts that a server has of an upload.
type Stored struct {
	Checksummed bool // the object too, with what [Client.Text] has
	Parts       map[int]StoredPart
}

// A StoredPart is what a server says of a part.
type StoredPart struct {
	Size int64
	Sum  string // as [Client.Text] has it
	ETag string
}

// An Object is what a server says of one that is completed. What it does not say
// is empty.
type Object struct{ ETag, Sum string }

// Compose begins an object, for [store.Composer].
func Compose(ctx context.Context, c Client, key string, o *store.ComposeOptions) (store.Composition, error) {
	if err := s3api.Usable(ctx, key); err != nil {
		return nil, s3api.Fail("create", key, err)
	}
	checksummed := o == nil || !o.Copies
	id, err := c.Begin(ctx, key, checksummed)
	if err != nil {
		return nil, s3api.Fail("create", key, err)
	}
	return of(c, Upload{key, id, checksummed}), nil
}

// Compositions returns those of key. Of one with copies no parts can be found.
func Compositions(ctx context.Context, c Client, key string) ([]store.Composition, error) {
	if err := s3api.Usable(ctx, key); err != nil {
		return nil, s3api.Fail("create", key, err)
	}
	uploads, err := c.Uploads(ctx, key)
	if err != nil {
		return nil, s3api.Fail("create", key, err)
	}
	var found []store.Composition
	for _, u := range uploads {
		stored, err := c.Stored(ctx, u)
		switch {
		case errors.Is(err, fs.ErrNotExist): // it has just ended
		case err != nil:
			return nil, s3api.Fail("create", key, err)
		default:
			u.Checksummed = stored.Checksummed
			found = append(found, of(c, u))
		}
	}
	return found, nil
}

func of(c Client, u Upload) store.Composition {
	one := &composition{c, u}
	if u.Checksummed {
		return one
	}
	return &verified{composition: one}
}

// A composition is one whose parts the server checks.
type composition struct {
	client Client
	upload Upload
}

func (c *composition) fail(err error) error { return s3api.Fail("create", c.upload.Key, err) }

// Put implements [store.Composition].
func (c *composition) Put(ctx context.Context, p store.Part, body *io.SectionReader) (store.Part, error) {
	etag, err := c.client.PutPart(ctx, c.upload, p, nil, body)
	if err != nil {
		return store.Part{}, c.fail(err)
	}
	p.Tag = etag
	return p, nil
}

// Copy implements [store.Composition].
func (c *composition) Copy(context.Context, store.Part, *io.SectionReader, string, int64) (store.Part, error) {
	return store.Part{}, c.fail(errNoCopies)
}

// Find implements [store.Composition].
func (c *composition) Find(ctx context.Context, parts []store.Part) ([]store.Part, error) {
	stored, err := c.client.Stored(ctx, c.upload)
	if err != nil {
		return nil, c.fail(err)
	}
	var found []store.Part
	for _, p := range parts {
		have, ok := stored.Parts[p.Number]
		if ok && have.Size == p.Size && have.Sum == c.client.Text(p.Sum) {
			p.Tag = have.ETag
			found = append(found, p)
		}
	}
	return found, nil
}

// Complete implements [store.Composition].
func (c *composition) Complete(ctx context.Context, parts []store.Part, sum store.Checksum) error {
	object, err := c.client.Complete(ctx, c.upload, parts, sum)
	if err != nil {
		return c.fail(err)
	}
	return c.fail(s3api.CheckSum(c.client.Text(sum), object.Sum))
}

// Abort implements [store.Composition].
func (c *composition) Abort(ctx context.Context) { c.client.Abort(ctx, c.upload) }
