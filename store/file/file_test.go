package file_test

import (
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
