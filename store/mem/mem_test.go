package mem_test

import (
	"testing"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/mem"
	"github.com/cairnstore/cairn/store/storetest"
)

func TestConformance(t *testing.T) { storetest.Run(t, mem.New(), nil) }

func TestConformanceUnderPrefix(t *testing.T) {
	storetest.Run(t, store.WithPrefix(mem.New(), "some/prefix/"), nil)
}
