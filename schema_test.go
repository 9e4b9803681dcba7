package cairn_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/mem"
)

// columnsAre takes each line of a file for a column: its name and its type.
func columnsAre(_ context.Context, file string) (*cairn.Inspected, error) {
	b, err := os.ReadFile(file)
	var columns []string
	for line := range strings.Lines(string(b)) {
		name, typ, _ := strings.Cut(strings.TrimSpace(line), " ")
		columns = append(columns, name, typ, "")
	}
	return &cairn.Inspected{Table: table("", "", columns...).Table}, err
}

// A version that lacks a column of the one it replaces, or has it with another
// type, is published only if that is allowed.
func TestSchemaChange(t *testing.T) {
	for _, c := range []struct {
		name, before, after, want string
	}{
		{"a column more", "a int64", "a int64\nb string", ""},
		{"another order", "a int64\nb string", "b string\na int64", ""},
		{"a column less", "a int64\nb string", "a int64", `column "b"`},
		{"another type", "a int64\nb string", "a int64\nb binary", `column "b" is string in`},
		{"another name", "a int64", "c int64", `column "a"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := openRepo(t, mem.New(), &cairn.Options{Inspect: columnsAre})
			first := publish(t, r, publication(t, tree(t, "a", c.before)))
			p := publication(t, tree(t, "a", c.after))
			_, err := r.Publish(t.Context(), p)
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, cairn.ErrRefused) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, and it should be about %s", err, c.want)
			}
			if now := mustResolve(t, r, string(flights)+"@2026-06-17"); now.Pin != first.Pin {
				t.Errorf("the partition has %s", now.Pin)
			}
			p.AllowSchemaChange = true
			publish(t, r, p)
		})
	}
}

// The types of a CSV file are guesses, which new data may change.
func TestSchemaOfText(t *testing.T) {
	r := openRepo(t, mem.New(), &cairn.Options{Inspect: columnsAre})
	publish(t, r, publication(t, tree(t, "a.csv", "a int64")))
	publish(t, r, publication(t, tree(t, "a.csv", "a float64")))
}

// What a pointer means is replaced too, from whatever partition it is.
func TestSchemaChangeUnderPointer(t *testing.T) {
	r := openRepo(t, mem.New(), &cairn.Options{Inspect: columnsAre})
	first := publication(t, tree(t, "a", "a int64\nb string"))
	first.Point = []layout.Name{"prod"}
	publish(t, r, first)
	next := publication(t, tree(t, "a", "a int64"))
	next.Date = "2026-06-18"
	publish(t, r, next)
	next.Point = []layout.Name{"prod"}
	if _, err := r.Publish(t.Context(), next); !errors.Is(err, cairn.ErrRefused) {
		t.Errorf("prod loses a column: %v", err)
	}
}
