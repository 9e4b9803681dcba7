package s3api_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/s3api"
)

func TestRange(t *testing.T) {
	for _, c := range []struct {
		off, n int64
		want   string
	}{
		{0, -1, ""},
		{0, 1, "bytes=0-0"},
		{5, 10, "bytes=5-14"},
		{5, -1, "bytes=5-"},
		{5, math.MaxInt64, "bytes=5-"},
		{0, math.MaxInt64, "bytes=0-9223372036854775806"},
	} {
		if got := s3api.Range(c.off, c.n); got != c.want {
			t.Errorf("Range(%d, %d) = %q, want %q", c.off, c.n, got, c.want)
		}
	}
}

func TestSize(t *testing.T) {
	if n, err := s3api.Size("", "", 7); n != 7 || err != nil {
		t.Errorf("all of it: %d, %v", n, err)
	}
	if n, err := s3api.Size("bytes=1-2", "bytes 1-2/99", 2); n != 99 || err != nil {
		t.Errorf("a range: %d, %v", n, err)
	}
	for _, contentRange := range []string{"", "bytes 1-2/*"} {
		if _, err := s3api.Size("bytes=1-2", contentRange, 2); err == nil {
			t.Errorf("Content-Range %q: no error", contentRange)
		}
	}
}

// The check value of CRC-64/NVME is 0xae8b14860a799888.
func TestCRC64(t *testing.T) {
	sum := store.ChecksumOf([]byte("123456789")).CRC64NVME
	if got := s3api.CRC64(sum); got != "rosUhgp5mIg=" {
		t.Errorf("got %s", got)
	}
}

func TestAnswerIsOneLine(t *testing.T) {
	for _, c := range []struct {
		answer s3api.Answer
		want   string
	}{
		{s3api.Answer{Status: 403, Code: "AccessDenied", Message: "Access\n Denied. "}, "AccessDenied: Access Denied."},
		{s3api.Answer{Status: 403, Code: "Forbidden", Message: "Forbidden"}, "Forbidden"},
		{s3api.Answer{Status: 502}, "502 Bad Gateway"},
		{s3api.Answer{Code: "A", Message: strings.Repeat("é", 1000)}, "A: " + strings.Repeat("é", 148) + "…"},
	} {
		if got := c.answer.Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestPage(t *testing.T) {
	got := s3api.Page([]store.Info{{Key: "a/", Size: 0}, {Key: "a0"}, {Key: "b"}, {Key: "a-/", IsPrefix: true}, {Key: "a/", IsPrefix: true}})
	want := []store.Info{{Key: "a-/", IsPrefix: true}, {Key: "a/", IsPrefix: true}, {Key: "a0"}, {Key: "b"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
