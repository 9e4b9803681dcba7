package gcs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"

	"cloud.google.com/go/storage"

	"github.com/cairnstore/cairn/store"
)

// Create implements [store.Store]. The body goes up in one request, and the
// CRC-32C with it: the server refuses a body that does not match, so neither a
// truncated nor a damaged one ever becomes an object.
func (s *Store) Create(ctx context.Context, key string, body *io.SectionReader, sum store.Checksum) error {
	if err := usable(ctx, key); err != nil {
		return fail("create", key, err)
	}
	_, err := s.put(ctx, s.bucket.Object(key).If(storage.Conditions{DoesNotExist: true}), body, sum)
	if errors.Is(err, errCondition) {
		err = fs.ErrExist
	}
	return fail("create", key, err)
}

// Swap implements [store.Store].
func (s *Store) Swap(ctx context.Context, key string, old store.Token, body []byte) (store.Token, error) {
	if err := usable(ctx, key); err != nil {
		return "", fail("swap", key, err)
	}
	if len(body) > store.MaxSwap {
		return "", fail("swap", key, fmt.Errorf("%w: %d bytes are more than %d", fs.ErrInvalid, len(body), store.MaxSwap))
	}
	conditions, err := condition(old)
	if err == nil {
		var generation int64
		r := io.NewSectionReader(bytes.NewReader(body), 0, int64(len(body)))
		if generation, err = s.put(ctx, s.bucket.Object(key).If(conditions), r, store.ChecksumOf(body)); err == nil {
			return token(generation), nil
		}
	}
	if errors.Is(err, errCondition) {
		err = s.conflict(ctx, key, old)
	}
	return "", fail("swap", key, err)
}

// condition is what the server must check for old. That there is no object is
// never a generation of 0: the library takes that for no condition at all.
func condition(old store.Token) (storage.Conditions, error) {
	if old == store.NoToken {
		return storage.Conditions{DoesNotExist: true}, nil
	}
	generation, err := strconv.ParseInt(string(old), 10, 64)
	if err != nil || generation <= 0 {
		return storage.Conditions{}, errCondition // no state has such a token
	}
	return storage.Conditions{GenerationMatch: generation}, nil
}

// conflict says why a condition was not met. The server answers alike for
// another generation and for no object.
func (s *Store) conflict(ctx context.Context, key string, old store.Token) error {
	if old != store.NoToken {
		if _, err := s.stat(ctx, key); errors.Is(err, fs.ErrNotExist) {
			return fs.ErrNotExist
		}
	}
	return store.ErrConflict
}

const contentType = "application/octet-stream"

// put uploads body in a single request that is never repeated, and returns the
// generation that it made.
func (s *Store) put(ctx context.Context, object *storage.ObjectHandle, body *io.SectionReader, sum store.Checksum) (int64, error) {
	upload, cancel := context.WithCancel(ctx)
	defer cancel()
	w := object.NewWriter(upload)
	w.ChunkSize = 0 // one request, without a buffer to repeat it from
	w.ContentType = contentType
	w.CRC32C, w.SendCRC32C = sum.CRC32C, true
	src := &source{r: io.NewSectionReader(body, 0, body.Size())}
	if _, err := io.Copy(w, src); err != nil {
		// The writer is left unclosed: Close would end the request as if the body
		// were whole. Cancelling breaks it off.
		cancel()
		if src.err != nil {
			return 0, src.err
		}
		return 0, s.writeMeaning(ctx, err)
	}
	if err := w.Close(); err != nil {
		return 0, s.writeMeaning(ctx, err)
	}
	return w.Attrs().Generation, nil
}

// writeMeaning is meaning for an upload, which finds nothing missing but the
// bucket.
func (s *Store) writeMeaning(ctx context.Context, err error) error {
	err = s.meaning(ctx, err)
	if errors.Is(err, fs.ErrNotExist) {
		return s.noBucket()
	}
	return err
}

// A source keeps the error of reading a body apart from those of sending it.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
