// Command bare moves bytes to and from S3 with nothing but net/http: no hash, no
// retry, nothing verified. It is the floor that every tool stands on.
//
//	bare up|down LOCAL BUCKET KEY
//
// LOCAL is a file, or a folder that is stored below KEY.
package main

import (
	"context"
	"io/fs"
	"log"
	"os"
	"path"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

const (
	partBytes   = 16 << 20
	parts       = 8  // of one file, at a time
	files       = 32 // small ones, at a time
	bufferBytes = 256 << 10
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 5 {
		log.Fatal("usage: bare up|down LOCAL BUCKET KEY")
	}
	verb, local, key := os.Args[1], os.Args[2], os.Args[4]
	b := newBucket(os.Args[3])
	run := b.up
	if verb == "down" {
		run = b.down
	}
	if err := run(context.Background(), local, key); err != nil {
		log.Fatal(err)
	}
}

func (b *bucket) up(ctx context.Context, local, key string) error {
	info, err := os.Stat(local)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return b.putFile(ctx, local, key)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(files)
	err = filepath.WalkDir(local, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(local, name)
		if err != nil {
			return err
		}
		group.Go(func() error { return b.putFile(ctx, name, path.Join(key, filepath.ToSlash(rel))) })
		return ctx.Err()
	})
	if failed := group.Wait(); failed != nil {
		return failed
	}
	return err
}

func (b *bucket) down(ctx context.Context, local, key string) error {
	objects, err := b.list(ctx, key)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(files)
	for _, o := range objects {
		to := local
		if o.Key != key {
			rel := o.Key[len(key)+1:]
			if !filepath.IsLocal(rel) {
				return &fs.PathError{Op: "get", Path: o.Key, Err: fs.ErrInvalid}
			}
			to = filepath.Join(local, rel)
		}
		group.Go(func() error { return b.getFile(ctx, o, to) })
	}
	return group.Wait()
}
