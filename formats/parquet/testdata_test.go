package parquet

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cairnstore/cairn/formats"
)

// library returns the folder of parquet-go's own test data.
func library(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/parquet-go/parquet-go").Output()
	if err != nil {
		t.Skipf("go list: %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "testdata")
}

func inspectFile(t testing.TB, name string, o *Options) (*formats.Table, error) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return Inspect(t.Context(), f, info.Size(), o)
}

// Every file of the library's tests has a digest or a reason why not, and which
// of both does not depend on chance.
func TestLibraryFiles(t *testing.T) {
	err := filepath.WalkDir(library(t), func(name string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".parquet" {
			return err
		}
		table, err := inspectFile(t, name, nil)
		switch {
		case errors.Is(err, formats.ErrUnreadable):
			t.Logf("%-45s %v", filepath.Base(name), err)
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case table.Digest.IsZero() != (table.Reason != ""):
			t.Errorf("%s: digest %s and reason %q", name, table.Digest, table.Reason)
		case table.Reason != "":
			t.Logf("%-45s %s", filepath.Base(name), table.Reason)
		default:
			t.Logf("%-45s %.20s… %d rows, %d columns", filepath.Base(name), table.Digest, table.Rows, len(table.Columns))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
