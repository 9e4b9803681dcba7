package gcs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"

	"cloud.google.com/go/storage"

	"github.com/cairnstore/cairn/store"
)

// Open implements [store.Store]. A stream that breaks is resumed on the same
// generation of the object; what cannot be resumed ends with ErrTemporary.
func (s *Store) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, store.Info, error) {
	if err := usable(ctx, key); err != nil {
		return nil, store.Info{}, fail("open", key, err)
	}
	if n > 0 {
		n = min(n, math.MaxInt64-off) // the library adds them up
	}
	st := &stream{ctx: ctx, key: key}
	// The bytes are wanted as they are stored, which only the XML API gives.
	r, err := s.bucket.Object(key).ReadCompressed(true).NewRangeReader(st.context(), off, n)
	if err != nil {
		st.cancel(nil)
		return s.unread(ctx, key, off, err)
	}
	st.r = r
	st.requests.Store(0)
	return st, info(key, r.Attrs.Size, r.Attrs.Generation, r.Attrs.LastModified), nil
}

// unread settles an Open that the server did not answer with bytes. Its XML API
// does not say of what it did not find whether that was the object or the
// bucket, nor of an object that is too short for the range which one it was.
// The JSON API does.
func (s *Store) unread(ctx context.Context, key string, off int64, err error) (io.ReadCloser, store.Info, error) {
	absent := errors.Is(err, storage.ErrObjectNotExist)
	if !absent && statusOf(err) != http.StatusRequestedRangeNotSatisfiable {
		return nil, store.Info{}, fail("open", key, s.meaning(ctx, err))
	}
	info, err := s.stat(ctx, key)
	switch {
	case err != nil:
	case absent:
		err = fs.ErrNotExist // it was created since
	case info.Size > off:
		err = fmt.Errorf("%w: the object changed while it was opened", store.ErrTemporary)
	default:
		return io.NopCloser(strings.NewReader("")), info, nil
	}
	return nil, store.Info{}, fail("open", key, err)
}

// A stream reads the body of an object.
type stream struct {
	ctx      context.Context // of the caller
	cancel   context.CancelCauseFunc
	key      string
	r        *storage.Reader
	requests atomic.Int32 // since the last byte arrived
}

// context returns the context of the stream's requests. It ends after too many
// of them without a byte: the library resumes a stream as often as it breaks,
// without a pause, and would not return from such a server.
func (st *stream) context() context.Context {
	ctx, cancel := context.WithCancelCause(st.ctx)
	st.cancel = cancel
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: func(string) {
		if st.requests.Add(1) > resumptions {
			cancel(errBroken)
		}
	}})
}

// resumptions bounds the requests for one stream that bring no byte.
const resumptions = 16

var errBroken = errors.New("the stream breaks again and again")

func (st *stream) Read(p []byte) (int, error) {
	n, err := st.r.Read(p)
	if n > 0 {
		st.requests.Store(0)
	}
	if err != nil && err != io.EOF {
		err = fail("open", st.key, st.meaning(err))
	}
	return n, err
}

// meaning is always ErrTemporary while the caller waits: the object was there,
// and opening it again finds out what became of it.
func (st *stream) meaning(err error) error {
	switch {
	case st.ctx.Err() != nil:
		return st.ctx.Err()
	case st.requests.Load() > resumptions:
		err = errBroken
	}
	return temporary(err)
}

// Close has nothing to report: Read has said what is wrong with the bytes.
func (st *stream) Close() error {
	st.cancel(nil)
	st.r.Close()
	return nil
}
