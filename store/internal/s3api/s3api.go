package s3api

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/cairnstore/cairn/store"
)

// Fail returns the [*store.Error] of an operation, or nil if err is.
func Fail(op, key string, err error) error {
	if err == nil {
		return nil
	}
	return &store.Error{Op: op, Key: key, Err: err}
}

// Usable reports why an operation on key need not be tried.
func Usable(ctx context.Context, key string) error {
	if !store.ValidKey(key) {
		return fs.ErrInvalid
	}
	return ctx.Err()
}

// Swappable is Usable for [store.Store.Swap].
func Swappable(ctx context.Context, key string, body []byte) error {
	if len(body) > store.MaxSwap {
		return fmt.Errorf("%w: %d bytes are more than %d", fs.ErrInvalid, len(body), store.MaxSwap)
	}
	return Usable(ctx, key)
}

// Range returns the Range header for n bytes from off, n not 0, or "" if that
// is all of the object.
func Range(off, n int64) string {
	switch {
	case n > 0 && n <= math.MaxInt64-off:
		return fmt.Sprintf("bytes=%d-%d", off, off+n-1)
	case off > 0:
		return fmt.Sprintf("bytes=%d-", off)
	}
	return ""
}

// Size returns the size of an object, of which a request with the Range header
// asked was answered with length bytes and the given Content-Range header.
func Size(asked, contentRange string, length int64) (int64, error) {
	if asked == "" {
		return length, nil
	}
	_, total, _ := strings.Cut(contentRange, "/")
	size, err := strconv.ParseInt(total, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the server answered a request for a range without one (Content-Range: %q)", contentRange)
	}
	return size, nil
}

// CRC64 returns sum as the x-amz-checksum-crc64nvme header has it.
func CRC64(sum uint64) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, sum))
}

// CRC32C returns sum as the x-amz-checksum-crc32c header has it.
func CRC32C(sum uint32) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum))
}

// CheckSum compares a checksum with what a server says that it has stored, if it
// says so.
func CheckSum(want, answered string) error {
	if answered != "" && answered != want {
		return fmt.Errorf("%w: the server has checksum %s, not %s", store.ErrChecksum, answered, want)
	}
	return nil
}

// ETag returns an ETag as a server writes it without its quotes.
func ETag(quoted string) string { return strings.Trim(quoted, `"`) }

// Page puts one page of a listing, the objects and the prefixes, in the order
// of the keys' bytes. It drops the empty objects with a "/" at the end that
// consoles make as folders: no key of ours ends so.
func Page(infos []store.Info) []store.Info {
	infos = slices.DeleteFunc(infos, func(i store.Info) bool { return !i.IsPrefix && strings.HasSuffix(i.Key, "/") })
	slices.SortFunc(infos, func(a, b store.Info) int { return strings.Compare(a.Key, b.Key) })
	return infos
}

// A Body is the body of an object being read. Its errors are [*store.Error].
type Body struct {
	Ctx  context.Context // of the request
	Key  string
	Body io.ReadCloser
}

// Read implements io.Reader.
func (b *Body) Read(p []byte) (int, error) {
	n, err := b.Body.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	if cause := ended(b.Ctx); cause != nil {
		return n, Fail("open", b.Key, cause)
	}
	return n, Fail("open", b.Key, temporary(err))
}

// Close implements io.Closer.
func (b *Body) Close() error { return b.Body.Close() }
