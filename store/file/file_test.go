package file_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/file"
	"github.com/cairnstore/cairn/store/storetest"
)

func TestConformance(t *testing.T) { storetest.Run(t, file.New(t.TempDir()), nil) }

func TestConformanceUnderPrefix(t *testing.T) {
	storetest.Run(t, store.WithPrefix(file.New(t.TempDir()), "some/prefix/"), nil)
}

func TestConformanceInFolderToBeMade(t *testing.T) {
	storetest.Run(t, file.New(t.TempDir()+"/a/b"), nil)
}

// What a writer that died has left is removed, what one that lives is writing is
// not, and neither is ever listed.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	tmp := filepath.Join(dir, ".tmp")
	if err := os.Mkdir(tmp, 0o777); err != nil {
		t.Fatal(err)
	}
	dead, alive := filepath.Join(tmp, "dead"), filepath.Join(tmp, "alive")
	for _, name := range []string{dead, alive} {
		if err := os.WriteFile(name, []byte("half"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(alive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	s := file.New(dir)
	if _, err := os.Stat(dead); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the leftover is still there: %v", err)
	}
	if _, err := os.Stat(alive); err != nil {
		t.Errorf("a file in use was removed: %v", err)
	}
	for info, err := range s.List(t.Context(), "", nil) {
		t.Errorf("listed %q, %v", info.Key, err)
	}
}

// Objects cannot be changed by accident.
func TestObjectsAreReadOnly(t *testing.T) {
	dir := t.TempDir()
	s := file.New(dir)
	body := []byte("x")
	if err := s.Create(t.Context(), "a/b", storetest.Body(body), store.ChecksumOf(body)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Swap(t.Context(), "a/c", store.NoToken, body); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a/b", "a/c"} {
		st, err := os.Stat(filepath.Join(dir, key))
		if err != nil || st.Mode().Perm() != 0o444 {
			t.Errorf("%s: %v, %v", key, st.Mode(), err)
		}
	}
}
