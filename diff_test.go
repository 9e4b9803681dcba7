package cairn_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/mem"
	"github.com/cairnstore/cairn/store/storetest"
)

func fakeDigest(s string) string {
	return "b3t:" + layout.Sum([]byte(s)).Hex()
}

// table is a file whose columns are given as name, type and content in turn.
func table(path, bytes string, columns ...string) layout.File {
	t := &layout.Table{Digest: fakeDigest(strings.Join(columns, "\x00")), Rows: 3}
	for i := 0; i < len(columns); i += 3 {
		t.Columns = append(t.Columns, layout.Column{Name: columns[i], Type: columns[i+1], Digest: fakeDigest(columns[i+1] + columns[i+2])})
	}
	return layout.File{Path: path, Size: int64(len(bytes)), Digest: layout.Sum([]byte(bytes)), Table: t}
}

func plain(path, bytes string) layout.File {
	return layout.File{Path: path, Size: int64(len(bytes)), Digest: layout.Sum([]byte(bytes))}
}

func TestDiff(t *testing.T) {
	before := []layout.File{
		plain("a", "a"), plain("b", "b"), plain("gone", "gone"), plain("moved", "moved"),
		table("t", "t1", "same", "int64", "1", "changed", "int64", "2", "dropped", "string", "3", "retyped", "int32", "4", "renamed", "string", "5"),
		table("u", "u1", "x", "int64", "1"),
	}
	after := []layout.File{
		plain("a", "a"), plain("b", "other"), plain("new", "new"), plain("place", "moved"),
		table("t", "t2", "same", "int64", "1", "changed", "int64", "9", "retyped", "int64", "4", "called", "string", "5", "added", "string", "6"),
		table("u", "u2", "x", "int64", "1"),
	}
	var got []string
	for _, f := range cairn.Diff(before, after) {
		got = append(got, strings.TrimSpace(f.Path+" "+string(f.Change)+" "+f.From))
		for _, c := range f.Columns {
			got = append(got, strings.TrimSpace(f.Path+"."+c.Name+" "+string(c.Change)+" "+c.From))
		}
	}
	want := []string{
		"b changed", "gone removed", "new added", "place renamed moved",
		"t changed", "t.changed changed", "t.retyped retyped", "t.called renamed renamed", "t.added added", "t.dropped removed",
		"u reencoded",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if d := cairn.Diff(before, before); len(d) != 0 {
		t.Errorf("a version differs from itself: %+v", d)
	}
}

// inspect takes the first line of a file for its table's content.
func inspect(_ context.Context, file string) (*cairn.Inspected, error) {
	b, err := os.ReadFile(file)
	content, _, _ := strings.Cut(string(b), "\n")
	return &cairn.Inspected{Table: table("", "", "x", "string", content).Table}, err
}

// A version that holds the same data in other bytes is recognised, and with
// ReuseEqual not published.
func TestSameDataOtherBytes(t *testing.T) {
	s := storetest.NewRecorder(mem.New())
	r := openRepo(t, s, &cairn.Options{Inspect: inspect})
	first := publish(t, r, publication(t, tree(t, "a", "data\nstored so")))
	if first.SameData || first.Manifest.Files[0].Table.Rows != 3 {
		b, _ := json.Marshal(first.Manifest)
		t.Errorf("the first: %s", b)
	}
	other := publication(t, tree(t, "a", "data\nstored otherwise"))
	other.ReuseEqual, other.Label = true, "v1"
	s.Take()
	kept := publish(t, r, other)
	if !kept.SameData || kept.Changed || kept.Pin != first.Pin || countBlobs(s.Take()) != 0 {
		t.Errorf("kept %+v", kept)
	}
	if mustResolve(t, r, string(flights)+"@v1").Pin != first.Pin {
		t.Error("the version that was kept was not labelled")
	}
	other.Params = map[string]any{"lr": 0.1}
	other.Label = ""
	if out := publish(t, r, other); !out.SameData || !out.Changed {
		t.Errorf("the same data made otherwise: %+v", out)
	}
	again := publication(t, tree(t, "a", "data\nstored in a third way"))
	if out := publish(t, r, again); !out.SameData || !out.Changed {
		t.Errorf("without ReuseEqual: %+v", out)
	}
	changed := publication(t, tree(t, "a", "other data\n"))
	changed.ReuseEqual = true
	out := publish(t, r, changed)
	if out.SameData || !out.Changed {
		t.Errorf("other data: %+v", out)
	}
	expectReadable(t, r, out.Pin, "other data", 0)
}
