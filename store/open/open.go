// Package open turns a URL into a [store.Store]. It is the one list of drivers.
package open

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/file"
	"github.com/cairnstore/cairn/store/gcs"
	"github.com/cairnstore/cairn/store/minio"
	"github.com/cairnstore/cairn/store/s3"
)

// Forms are the URLs that [URL] takes, for people.
const Forms = `  file:///path, or a plain path         a folder
  s3://bucket/prefix                    Amazon S3; ?endpoint=URL and ?region=NAME for others
  minio://host:port/bucket/prefix       MinIO; ?tls=false for plain HTTP
  gs://bucket/prefix                    Google Cloud Storage`

// A URLError reports a URL that names no store.
type URLError struct {
	URL    string
	Reason string
}

func (e *URLError) Error() string { return fmt.Sprintf("store URL %q: %s", e.URL, e.Reason) }

// URL opens the store that rawURL names. It makes no request; a store that is
// not there shows when it is used. Credentials are those that the driver's own
// SDK finds. A malformed URL is a [*URLError].
func URL(ctx context.Context, rawURL string) (store.Store, error) {
	if !strings.Contains(rawURL, "://") {
		return openFile(rawURL, rawURL)
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, &URLError{rawURL, err.Error()}
	}
	if u.User != nil {
		return nil, &URLError{u.Redacted(), "credentials do not belong in a URL; give them in the environment"}
	}
	p := parsed{URL: u, raw: rawURL, query: u.Query()}
	switch u.Scheme {
	case "file":
		if u.Host != "" {
			return nil, p.bad("a file URL has three slashes, as in file:///data/store")
		}
		return openFile(rawURL, u.Path)
	case "s3":
		return p.openS3(ctx)
	case "minio":
		return p.openMinIO()
	case "gs":
		return p.openGCS(ctx)
	}
	return nil, p.bad("unknown scheme; a store is one of\n" + Forms)
}

func openFile(rawURL, path string) (store.Store, error) {
	if path == "" {
		return nil, &URLError{rawURL, "is empty"}
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, &URLError{rawURL, err.Error()}
	}
	return file.New(abs), nil
}

// parsed is a URL on its way to a driver.
type parsed struct {
	*url.URL
	raw   string
	query url.Values
}

func (p *parsed) openS3(ctx context.Context) (store.Store, error) {
	o := &s3.Options{Endpoint: p.take("endpoint"), Region: p.take("region")}
	prefix, err := p.prefix(p.Path, p.Host)
	if err != nil {
		return nil, err
	}
	s, err := s3.New(ctx, p.Host, o)
	if err != nil {
		return nil, err
	}
	return store.WithPrefix(s, prefix), nil
}

func (p *parsed) openMinIO() (store.Store, error) {
	tls := p.take("tls")
	if tls != "" && tls != "true" && tls != "false" {
		return nil, p.bad("tls is true or false")
	}
	bucket, path, _ := strings.Cut(strings.TrimPrefix(p.Path, "/"), "/")
	prefix, err := p.prefix(path, bucket)
	if err != nil {
		return nil, err
	}
	s, err := minio.New(p.Host, bucket, &minio.Options{Insecure: tls == "false"})
	if err != nil {
		return nil, err
	}
	return store.WithPrefix(s, prefix), nil
}

func (p *parsed) openGCS(ctx context.Context) (store.Store, error) {
	prefix, err := p.prefix(p.Path, p.Host)
	if err != nil {
		return nil, err
	}
	s, err := gcs.New(ctx, p.Host)
	if err != nil {
		return nil, err
	}
	return store.WithPrefix(s, prefix), nil
}

// prefix returns what the keys of the store start with, once all of the URL is
// known to have been understood.
func (p *parsed) prefix(path, bucket string) (string, error) {
	for option := range p.query {
		return "", p.bad("unknown option " + option)
	}
	path = strings.Trim(path, "/")
	switch {
	case bucket == "" || p.Host == "":
		return "", p.bad("names no bucket")
	case p.Fragment != "":
		return "", p.bad("has a fragment")
	case path == "":
		return "", nil
	case !store.ValidKey(path):
		return "", p.bad("the prefix may hold letters, digits and . _ = - in its segments")
	}
	return path + "/", nil
}

func (p *parsed) take(option string) string {
	value := p.query.Get(option)
	p.query.Del(option)
	return value
}

func (p *parsed) bad(reason string) error { return &URLError{p.raw, reason} }
