package model

import (
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"testing"
)

// checkModel holds a Model to what its documentation says of any.
func checkModel(t *testing.T, m *Model, b []byte) {
	t.Helper()
	whole := len(m.Tensors) > 0
	for _, tensor := range m.Tensors {
		if tensor.Size < 0 || tensor.Offset < 0 || tensor.Shape == nil || tensor.DType == "" {
			t.Fatalf("tensor %+v", tensor)
		}
		if (tensor.Offset > 0) != (tensor.Digest != "") {
			t.Fatalf("tensor %+v has only one of place and digest", tensor)
		}
		if tensor.Offset > 0 && tensor.Size > int64(len(b))-tensor.Offset {
			t.Fatalf("tensor %+v goes beyond %d bytes", tensor, len(b))
		}
		whole = whole && tensor.Digest != ""
	}
	if whole != (m.Weights != "") {
		t.Fatalf("weights are %q", m.Weights)
	}
	if (len(m.Globals) > 0 || isPickle(m.Format)) && !m.ExecutesCode {
		t.Fatalf("%+v runs no code", m)
	}
	if !slices.IsSorted(m.Globals) || len(m.Metadata) > maxMetadata || len(m.Warnings) > maxWarnings {
		t.Fatalf("%+v is not in order", m)
	}
	if _, err := json.Marshal(m); err != nil {
		t.Fatal(err)
	}
}

// checkAny inspects bytes of any kind: there is an answer, it is as promised,
// and it does not cost more memory than the file is worth.
func checkAny(t *testing.T, b []byte, name string) {
	t.Helper()
	const base, perByte = 8 << 20, 1 << 10
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := inspect(b, name)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > base+perByte*uint64(len(b)) {
		t.Fatalf("%d bytes made it allocate %d", len(b), n)
	}
	if err == nil {
		checkModel(t, m, b)
		return
	}
	bad, ok := errors.AsType[*Error](err)
	switch {
	case m != nil:
		t.Fatalf("both %+v and %v", m, err)
	case ok && (bad.Reason == "" || bad.Offset < 0 || len(bad.Error()) > 1000):
		t.Fatalf("%+v", bad)
	case !ok && !errors.Is(err, ErrUnknown):
		t.Fatal(err)
	}
}
