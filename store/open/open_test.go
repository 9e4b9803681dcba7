package open_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cairnstore/cairn/store/open"
)

func TestURL(t *testing.T) {
	t.Setenv("STORAGE_EMULATOR_HOST", "127.0.0.1:1") // so that GCS needs no credentials
	for _, url := range []string{
		"s3://bucket", "s3://bucket/", "s3://bucket/some/prefix/", "s3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=eu-west-1",
		"minio://127.0.0.1:9000/bucket", "minio://127.0.0.1:9000/bucket/some/prefix?tls=false",
		"gs://bucket/prefix", "file:///tmp/none", "none", "/tmp/none",
	} {
		if _, err := open.URL(t.Context(), url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	for url, why := range map[string]string{
		"":                               "is empty",
		"file://host/path":               "three slashes",
		"file://":                        "is empty",
		"ftp://host/bucket":              "unknown scheme",
		"s3://":                          "names no bucket",
		"s3:///prefix":                   "names no bucket",
		"s3://bucket?colour=blue":        "unknown option colour",
		"s3://bucket/pre fix":            "the prefix may hold",
		"s3://bucket/../other":           "the prefix may hold",
		"s3://bucket/prefix#part":        "fragment",
		"s3://key:secret@bucket":         "credentials do not belong",
		"minio://127.0.0.1:9000":         "names no bucket",
		"minio:///bucket":                "names no bucket",
		"minio://host/bucket?tls=maybe":  "true or false",
		"gs://bucket?endpoint=elsewhere": "unknown option",
		"s3://%zz":                       "invalid URL escape",
	} {
		_, err := open.URL(t.Context(), url)
		var bad *open.URLError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), why) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", url, err)
		}
	}
}
