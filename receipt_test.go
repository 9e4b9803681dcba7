package cairn_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/mem"
)

func TestReceipts(t *testing.T) {
	r := openRepo(t, mem.New(), nil)
	first := made(t, r, "datasets/a", "2026-06-01", "v1", "one", "")
	second := made(t, r, "datasets/a", "2026-06-02", "v2", "two", "")
	other := made(t, r, "features/b", "2026-06-02", "v1", "three", "")
	dir := t.TempDir()
	if got, err := cairn.ReadReceipts(dir); err != nil || got != nil {
		t.Errorf("of nothing: %v, %v", got, err)
	}
	if err := cairn.RemoveReceipt(dir, "datasets/a"); err != nil {
		t.Error(err)
	}
	write := func(ref string, versions ...*cairn.Outcome) *cairn.Receipt {
		t.Helper()
		var vs []*cairn.Version
		for _, v := range versions {
			vs = append(vs, v.Version)
		}
		rc := cairn.NewReceipt("here", parseRef(t, ref), vs)
		if err := rc.Write(dir); err != nil {
			t.Fatal(err)
		}
		return rc
	}
	write("datasets/a@v1", first)
	b := write("features/b@v1", other)
	both := write("datasets/a@2026-06-01..2026-06-02", first, second)
	if both.Versions[1] != (layout.Input{Artifact: "datasets/a", Date: "2026-06-02", Version: second.Pin.Version}) {
		t.Errorf("got %+v", both)
	}
	got, err := cairn.ReadReceipts(dir)
	if err != nil || !reflect.DeepEqual(got, []*cairn.Receipt{both, b}) {
		t.Errorf("got %+v, %v", got, err)
	}
	// A pull into the folder leaves them, and nobody publishes them.
	if err := first.Pull(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := cairn.ReadReceipts(dir); err != nil || len(got) != 2 {
		t.Errorf("after a pull: %+v, %v", got, err)
	}
	if got := readTree(t, dir); len(got) != 1 {
		t.Errorf("would publish %q", got)
	}
	if err := cairn.RemoveReceipt(dir, "datasets/a"); err != nil {
		t.Error(err)
	}
	if got, err := cairn.ReadReceipts(dir); err != nil || len(got) != 1 {
		t.Errorf("after one was removed: %+v, %v", got, err)
	}
}

func TestReceiptsThatAreNone(t *testing.T) {
	const version = `{"artifact":"a/b","date":"2026-06-01","version":"b3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"}`
	for _, text := range []string{"", "{}", `{"cairn":1}`, `{"cairn":2,"ref":"a/b@v1","store":"","versions":[` + version + `]}`,
		`{"cairn":1,"ref":"a/b@v1","store":"","versions":[]}`, `{"cairn":1,"ref":"a/b@latest","store":"","versions":[` + version + `]}`,
		`{"cairn":1,"ref":"a/c@v1","store":"","versions":[` + version + `]}`, `{"cairn":1,"ref":"a/b@v1","store":"","versions":[{"artifact":"a/b"}]}`,
		`{"cairn":1,"ref":"a/b@v1","stores":"","versions":[` + version + `]}`} {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, ".cairn", "receipts"), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, ".cairn", "receipts", "a=b.json"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if got, err := cairn.ReadReceipts(dir); !errors.Is(err, cairn.ErrRefused) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}
