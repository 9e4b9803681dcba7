package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/cairnstore/cairn/store"
	filestore "github.com/cairnstore/cairn/store/file"
	"github.com/cairnstore/cairn/store/minio"
	"github.com/cairnstore/cairn/store/storetest"
	"github.com/cairnstore/cairn/store/storetest/server"
	"github.com/cairnstore/cairn/store/transfer"
)

func open(t testing.TB, s *server.Server) *minio.Store {
	t.Setenv("AWS_ACCESS_KEY_ID", s.User)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.Password)
	st, err := minio.New(s.Endpoint, s.Bucket, &minio.Options{Insecure: true})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

type cutter struct {
	store.Composer
	n    int
	stop func()
}

func TestZZ(t *testing.T) {
	fs := filestore.New(t.TempDir())
	for name, s := range map[string]store.Store{"minio": open(t, server.MinIO(t)), "file": fs, "prefixed file": store.WithPrefix(fs, "a/")} {
		base := random(200 * mib)
		m := new(transfer.Meter)
		e := transfer.NewEngine(s, m)
		if err := e.Put(t.Context(), &transfer.Upload{Key: "base", Body: storetest.Body(base), Sum: sum(t, base)}); err != nil {
			t.Fatal(name, err)
		}
		b := append([]byte("new"), base...)
		copy(b[90*mib:], random(7*mib))
		u := upload(t, b)
		u.Copies = []transfer.Copy{{Off: 3, Size: 90*mib - 3, From: "base"}, {Off: 97 * mib, Size: int64(len(b)) - 97*mib, From: "base", FromOff: 97*mib - 3}}
		m = new(transfer.Meter)
		began := time.Now()
		if err := transfer.NewEngine(s, m).Put(t.Context(), u); err != nil {
			t.Fatal(name, err)
		}
		fmt.Printf("%s: copies %s moved %d copied %d requests %d retries %d\n", name, time.Since(began), m.Moved.Load(), m.Copied.Load(), m.Requests.Load(), m.Retries.Load())
		expect(t, s, b)
		u.Key = "parked"
		u.Copies = nil
		u.Park, u.Resume = true, true
		ctx, cancel := context.WithCancel(t.Context())
		m = new(transfer.Meter)
		u.Body = io.NewSectionReader(&cutBody{bytes.NewReader(b), cancel, 150 * mib}, 0, int64(len(b)))
		err := transfer.NewEngine(s, m).Put(ctx, u)
		fmt.Println(name, err, errors.Is(err, context.Canceled), m.Moved.Load())
		u.Body = storetest.Body(b)
		m = new(transfer.Meter)
		if err := transfer.NewEngine(s, m).Put(t.Context(), u); err != nil {
			t.Fatal(name, err)
		}
		fmt.Printf("%s: resumed %s moved %d reused %d requests %d retries %d\n", name, time.Since(began), m.Moved.Load(), m.Reused.Load(), m.Requests.Load(), m.Retries.Load())
		m = new(transfer.Meter)
		if err := transfer.NewEngine(s, m).Put(t.Context(), u); err != nil {
			t.Fatal(name, err)
		}
		if c, err := s.(store.Composer).Compositions(t.Context(), "parked"); len(c) > 0 || err != nil {
			t.Error(name, len(c), err)
		}
		bad := *u
		bad.Key = "bad"
		bad.Body = storetest.Body(append([]byte{1}, b[1:]...))
		fmt.Println(transfer.NewEngine(s, m).Put(t.Context(), &bad))
		if c, err := s.(store.Composer).Compositions(t.Context(), "bad"); len(c) > 0 || err != nil {
			t.Error(name, len(c), err)
		}
	}
}

type cutBody struct {
	io.ReaderAt
	cancel func()
	at     int64
}

func (c *cutBody) ReadAt(p []byte, off int64) (int, error) {
	if off > c.at {
		c.cancel()
	}
	return c.ReaderAt.ReadAt(p, off)
}
