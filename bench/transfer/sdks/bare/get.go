package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

type object struct {
	Key  string
	Size int64
}

// list returns the object at key, or those below it.
func (b *bucket) list(ctx context.Context, key string) ([]object, error) {
	var all []object
	for token := ""; ; {
		query := url.Values{"list-type": {"2"}, "prefix": {key}}
		if token != "" {
			query.Set("continuation-token", token)
		}
		var page struct {
			Contents              []object
			NextContinuationToken string
		}
		if err := b.ask(ctx, http.MethodGet, "", query, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Contents...)
		if token = page.NextContinuationToken; token == "" {
			return all, nil
		}
	}
}

func (b *bucket) getFile(ctx context.Context, o object, name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parts)
	for off := int64(0); off < o.Size; off += partBytes {
		group.Go(func() error { return b.getRange(ctx, o.Key, f, off, min(partBytes, o.Size-off)) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return f.Close()
}

func (b *bucket) getRange(ctx context.Context, key string, f *os.File, off, n int64) error {
	header := http.Header{"Range": {fmt.Sprintf("bytes=%d-%d", off, off+n-1)}}
	resp, err := b.send(ctx, http.MethodGet, key, nil, header, nil, 0)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	buffer := make([]byte, min(bufferBytes, n))
	for end := off + n; off < end; {
		read, err := io.ReadFull(resp.Body, buffer[:min(int64(len(buffer)), end-off)])
		if err != nil {
			return fmt.Errorf("reading %s: %w", key, err)
		}
		if _, err := f.WriteAt(buffer[:read], off); err != nil {
			return err
		}
		off += int64(read)
	}
	return nil
}
