package group_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/cairnstore/cairn/store/internal/group"
)

func TestFirstErrorEndsTheOthers(t *testing.T) {
	g, ctx := group.WithContext(t.Context())
	want := errors.New("first")
	g.Go(func() error { <-ctx.Done(); return ctx.Err() })
	g.Go(func() error { return want })
	if err := g.Wait(); err != want {
		t.Fatalf("got %v, want %v", err, want)
	}
}

func TestPanicReachesTheWaiter(t *testing.T) {
	g, ctx := group.WithContext(context.Background())
	g.Go(func() error { <-ctx.Done(); return ctx.Err() })
	g.Go(func() error { panic("out of luck") })
	defer func() {
		p, ok := recover().(*group.Panic)
		if !ok || p.Value != "out of luck" || !strings.Contains(p.Error(), "group_test.go") {
			t.Fatalf("recovered %v", p)
		}
	}()
	t.Fatalf("Wait returned %v", g.Wait())
}
