package s3test

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"testing"

	"github.com/cairnstore/cairn/store"
)

const (
	partSize = 5 << 20
	large    = 2*partSize + 10 // three parts
)

// partsOf cuts b into parts of n bytes.
func partsOf(b []byte, n int) (parts []store.Part) {
	for off := 0; off < len(b); off += n {
		piece := b[off:min(off+n, len(b))]
		parts = append(parts, store.Part{Number: len(parts) + 1, Off: int64(off), Size: int64(len(piece)), Sum: store.ChecksumOf(piece)})
	}
	return parts
}

func compose(ctx context.Context, s store.Store, n int) error {
	b := make([]byte, n)
	c, err := s.(store.Composer).Compose(ctx, "key", int64(n), nil)
	if err != nil {
		return err
	}
	parts := partsOf(b, partSize)
	for i, p := range parts {
		if parts[i], err = c.Put(ctx, p, section(b[p.Off:p.Off+p.Size])); err != nil {
			return err
		}
	}
	return c.Complete(ctx, parts, store.ChecksumOf(b))
}

// copying copies a part of some bytes.
func copying(ctx context.Context, s store.Store) error {
	_, err := copyPart(ctx, s, make([]byte, 10))
	return err
}

func copyPart(ctx context.Context, s store.Store, b []byte) (store.Part, error) {
	c, err := s.(store.Composer).Compose(ctx, "key", int64(len(b)), &store.ComposeOptions{Copies: true})
	if err != nil {
		return store.Part{}, err
	}
	return c.Copy(ctx, store.Part{Number: 1, Size: int64(len(b))}, section(b), "from", 7)
}

func compositions(ctx context.Context, s store.Store) error {
	found, err := s.(store.Composer).Compositions(ctx, "key")
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%d compositions", len(found))
	}
	return err
}

// complete is about the one answer that begins with "200 OK" before the server
// knows.
func complete(t *testing.T, open Open) {
	for _, c := range []struct {
		name   string
		answer func(w http.ResponseWriter)
		want   error
	}{
		{"refused", func(w http.ResponseWriter) { refuse(w, 412, "PreconditionFailed") }, fs.ErrExist},
		{"mismatch", func(w http.ResponseWriter) { refuse(w, 400, "BadDigest") }, store.ErrChecksum},
		{"upload gone", func(w http.ResponseWriter) { refuse(w, 404, "NoSuchUpload") }, fs.ErrNotExist},
		{"200 and an error", func(w http.ResponseWriter) { refuse(w, 200, "InternalError") }, store.ErrTemporary},
		{"200 and throttled", func(w http.ResponseWriter) { refuse(w, 200, "SlowDown") }, store.ErrThrottled},
		{"200 and an unknown error", func(w http.ResponseWriter) { refuse(w, 200, "Whatever") }, store.ErrTemporary},
		{"200 and refused", func(w http.ResponseWriter) { refuse(w, 200, "PreconditionFailed") }, fs.ErrExist},
		{"200 and nothing", func(w http.ResponseWriter) { w.WriteHeader(200) }, store.ErrTemporary},
		{"200 and half", func(w http.ResponseWriter) {
			io.WriteString(w, "<CompleteMultipartUploadResult><Bucket>buc")
			w.(http.Flusher).Flush()
			cut(w)
		}, store.ErrTemporary},
		{"200 and garbage", func(w http.ResponseWriter) { io.WriteString(w, "<html><p>") }, store.ErrTemporary},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := start(t, func(w http.ResponseWriter, kind string, n int) {
				if kind == "complete" {
					c.answer(w)
					return
				}
				succeed(w, kind)
			})
			expect(t, "create", compose(t.Context(), open(t, f.Endpoint), large), c.want)
			if f.count("complete") != 1 {
				t.Errorf("%d requests", f.count("complete"))
			}
		})
	}
}

// copies is about how a server answers that cannot copy, or says that it has.
func copies(t *testing.T, open Open) {
	body := []byte("bytes of the source")
	answer := func(etag string) func(w http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			fmt.Fprintf(w, "<CopyPartResult><ETag>&quot;%s&quot;</ETag></CopyPartResult>", etag)
		}
	}
	for _, c := range []struct {
		name   string
		answer func(w http.ResponseWriter)
		want   error
	}{
		{"copied", answer(fmt.Sprintf("%x", md5.Sum(body))), nil},
		{"other bytes", answer(fmt.Sprintf("%x", md5.Sum(nil))), store.ErrChecksum},
		{"no MD5", answer("a0b1-1"), errors.ErrUnsupported},
		{"200 and an error", func(w http.ResponseWriter) { refuse(w, 200, "InternalError") }, store.ErrTemporary},
		{"200 and nothing", func(w http.ResponseWriter) { w.WriteHeader(200) }, store.ErrTemporary},
		{"source gone", func(w http.ResponseWriter) { refuse(w, 404, "NoSuchKey") }, fs.ErrNotExist},
		{"not implemented", func(w http.ResponseWriter) { refuse(w, 501, "NotImplemented") }, errors.ErrUnsupported},
		{"not these sizes", func(w http.ResponseWriter) { refuse(w, 400, "InvalidRequest") }, errors.ErrUnsupported},
		{"throttled", func(w http.ResponseWriter) { refuse(w, 503, "SlowDown") }, store.ErrThrottled},
		{"forbidden", func(w http.ResponseWriter) { refuse(w, 403, "AccessDenied") }, fs.ErrPermission},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := start(t, func(w http.ResponseWriter, kind string, n int) {
				if kind == "copy" {
					c.answer(w)
					return
				}
				succeed(w, kind)
			})
			p, err := copyPart(t.Context(), open(t, f.Endpoint), body)
			if c.want != nil {
				expect(t, "create", err, c.want)
			} else if err != nil || p.Sum != store.ChecksumOf(body) {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
}

// requestsOfCopies checks that every byte of an object with copies is checked,
// though the server is asked for no checksums of its own.
func requestsOfCopies(t *testing.T, open Open) {
	b := make([]byte, 2*partSize)
	b[partSize] = 1
	copied, sent := b[:partSize], b[partSize:]
	first, second := md5.Sum(copied), md5.Sum(sent)
	whole := md5.Sum(append(first[:], second[:]...))
	etag := fmt.Sprintf("%x-2", whole)
	f := start(t, func(w http.ResponseWriter, kind string, n int) {
		switch kind {
		case "copy":
			fmt.Fprintf(w, "<CopyPartResult><ETag>%x</ETag></CopyPartResult>", first)
		case "part":
			w.Header().Set("ETag", fmt.Sprintf(`"%x"`, second))
		case "complete":
			fmt.Fprintf(w, "<CompleteMultipartUploadResult><Bucket>bucket</Bucket><Key>key</Key><ETag>%s</ETag></CompleteMultipartUploadResult>", etag)
		default:
			succeed(w, kind)
		}
	})
	ctx, s := t.Context(), open(t, f.Endpoint).(store.Composer)
	c, err := s.Compose(ctx, "key", int64(len(b)), &store.ComposeOptions{Copies: true})
	if err != nil {
		t.Fatal(err)
	}
	parts := partsOf(b, partSize)
	other := parts[0]
	other.Sum = parts[1].Sum
	_, err = c.Copy(ctx, other, section(copied), "from/an=object", 1001)
	expect(t, "create", err, store.ErrChecksum)
	if parts[0], err = c.Copy(ctx, parts[0], section(copied), "from/an=object", 1001); err != nil {
		t.Fatal(err)
	}
	if _, err = c.Put(ctx, parts[1], section(copied)); !errors.Is(err, store.ErrChecksum) || f.count("part") != 0 {
		t.Errorf("a part of other bytes: %v, %d requests", err, f.count("part"))
	}
	if parts[1], err = c.Put(ctx, parts[1], section(sent)); err != nil {
		t.Fatal(err)
	}
	expect(t, "create", c.Complete(ctx, parts, store.ChecksumOf(nil)), store.ErrChecksum)
	if n := f.count("complete"); n != 0 {
		t.Errorf("%d requests for an object of other parts", n)
	}
	if err := c.Complete(ctx, parts, store.ChecksumOf(b)); err != nil {
		t.Error(err)
	}
	etag = fmt.Sprintf("%x-2", second)
	expect(t, "create", c.Complete(ctx, parts, store.ChecksumOf(b)), store.ErrChecksum)
	for kind, want := range map[string]map[string]string{
		"begin":    {"X-Amz-Checksum-Algorithm": "", "X-Amz-Checksum-Type": ""},
		"copy":     {"X-Amz-Copy-Source": "bucket/from/an=object", "X-Amz-Copy-Source-Range": fmt.Sprintf("bytes=1001-%d", 1000+partSize)},
		"part":     {"Content-Md5": base64.StdEncoding.EncodeToString(second[:]), "X-Amz-Checksum-Crc64nvme": "", "X-Amz-Checksum-Crc32c": ""},
		"complete": {"If-None-Match": "*", "X-Amz-Checksum-Crc64nvme": "", "X-Amz-Checksum-Crc32c": "", "X-Amz-Checksum-Type": ""},
	} {
		for name, value := range want {
			if got, err := url.PathUnescape(f.headers[kind].Get(name)); got != value || err != nil {
				t.Errorf("%s: %s: got %q, want %q", kind, name, got, value)
			}
		}
	}
}
