package model

import (
	"path/filepath"
	"slices"
	"testing"
)

func FuzzSafetensors(f *testing.F) { fuzz(f, ".safetensors") }
func FuzzONNX(f *testing.F)        { fuzz(f, ".onnx") }
func FuzzGGUF(f *testing.F)        { fuzz(f, ".gguf") }
func FuzzNpy(f *testing.F)         { fuzz(f, ".npy") }
func FuzzNpz(f *testing.F)         { fuzz(f, ".npz") }
func FuzzPickle(f *testing.F)      { fuzz(f, ".pkl") }
func FuzzJoblib(f *testing.F)      { fuzz(f, ".joblib") }
func FuzzPyTorch(f *testing.F)     { fuzz(f, ".pt") }

// FuzzAny goes without a name.
func FuzzAny(f *testing.F) { fuzz(f, ".npy", ".gguf", ".onnx", ".pkl", ".safetensors", ".pt") }

// fuzz begins with the files of a format, and gives their name if it is one.
func fuzz(f *testing.F, extensions ...string) {
	name := "model"
	if len(extensions) == 1 {
		name += extensions[0]
	}
	for file, b := range fixtures(f) {
		if slices.Contains(extensions, filepath.Ext(file)) {
			f.Add(b)
		}
	}
	for _, h := range hostile {
		if slices.Contains(extensions, filepath.Ext(h.file)) && len(h.bytes) < 1<<16 {
			f.Add(h.bytes)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) { checkAny(t, b, name) })
}

// Every beginning of a file, and every file with one byte changed.
func TestDamaged(t *testing.T) {
	for name, b := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			for n := range len(b) {
				checkAny(t, b[:n], name)
				checkAny(t, b[:n], "model")
			}
			if testing.Short() {
				return
			}
			for i := range b {
				for _, change := range []byte{0x01, 0x80, 0xff} {
					damaged := slices.Clone(b)
					damaged[i] ^= change
					checkAny(t, damaged, name)
				}
			}
		})
	}
}
