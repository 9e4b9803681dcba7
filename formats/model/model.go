// Package model says what can be learned from a model file without trusting
// it: its format, its tensors and a digest of each, what it claims about
// itself, and whether loading it can run code. It never loads a model.
//
// [Inspect] knows safetensors, ONNX, GGUF, NumPy's .npy and .npz, and what
// Python's pickle writes: plain, by joblib, and by PyTorch.
//
// # What is promised
//
// Whatever the bytes, Inspect ends with a Model or an error. It reads each byte
// of a file a bounded number of times, keeps neither tensors nor pickled
// objects in memory, and runs nothing. It is strict: what two readers of a
// format could understand differently is an error, such as a key that stands
// twice or bytes that belong to nothing.
//
// # What is not
//
// A pickle is a program. What it imports shows what it is about, but no list of
// imports tells a harmless program from a harmful one, so there is no verdict
// beyond [Model.ExecutesCode]. Nor is [ErrUnknown] a verdict: some program may
// load what this package does not know.
package model

import (
	"context"
	"fmt"
	"io"
)

// Formats, as they stand in [Model.Format].
const (
	Safetensors = "safetensors"
	ONNX        = "onnx"
	GGUF        = "gguf"
	Npy         = "npy"
	Npz         = "npz"
	Pickle      = "pickle"
	Joblib      = "joblib"
	PyTorch     = "pytorch"
)

// A Model is what a file says of itself. All but the digests is the claim of
// whoever wrote the file, and text in it may hold any character.
type Model struct {
	Format  string `json:"format"`
	Version string `json:"version,omitempty"` // of the format

	// ExecutesCode reports whether loading the file, as its format or as its
	// name suggests, can run code that the file chooses.
	ExecutesCode bool `json:"executes_code"`

	// Weights is a digest of the tensors alone. Two files of one format have the
	// same if their tensors have the same names, types, shapes and bytes, in
	// whatever order they stand and whatever else the files hold. It is empty if
	// there are no tensors or one has no Digest.
	Weights string `json:"weights,omitempty"`

	// Tensors are the named arrays, in the order of the file.
	Tensors []Tensor `json:"tensors,omitempty"`

	// Metadata is what else the file says of itself. Long values are cut, which
	// shows as a final "…", and there are at most 256.
	Metadata map[string]string `json:"metadata,omitempty"`

	// Globals are the Python objects that a pickle imports, as "module.name",
	// sorted. "?" stands for those whose name only running it would tell. A file
	// of joblib is read as joblib does, which passes over the bytes of arrays;
	// pickle itself would run them.
	Globals []string `json:"globals,omitempty"`

	// Warnings are sentences about what a careful reader should know, 100 at most.
	Warnings []string `json:"warnings,omitempty"`
}

// A Tensor is one array of a model.
type Tensor struct {
	Name  string  `json:"name"`
	DType string  `json:"dtype"` // by its name in the format
	Shape []int64 `json:"shape"` // as the format orders it

	// Fortran reports that the first index varies fastest, where the format
	// leaves the choice.
	Fortran bool `json:"fortran,omitempty"`

	// Size is the length of its bytes, 0 if the file does not tell. They begin at
	// Offset, or do not lie in the file in one piece if that is 0.
	Size   int64 `json:"size"`
	Offset int64 `json:"offset,omitempty"`

	// Digest is the BLAKE3-256 of the bytes at Offset, as "b3:" and 64 digits.
	Digest string `json:"digest,omitempty"`

	// External is the file that ONNX keeps the bytes in, as it names it.
	External string `json:"external,omitempty"`
}

// Limits of what is kept of a file. Files beyond them are refused.
const (
	maxHeader  = 32 << 20 // bytes of JSON, or of the directory of a zip
	maxTensors = 1 << 17
	maxRank    = 64
	maxName    = 1024 // bytes
	maxGlobals = 4096
)

// Limits of what a Model passes on.
const (
	maxMetadata = 256
	maxKey      = 256  // bytes
	maxValue    = 1024 // bytes
	maxWarnings = 100
)

// Inspect describes the model file of the given size that r reads. It goes by
// the content; the name, with or without a path, decides only between formats
// that the content does not tell apart.
//
// The error is [ErrUnknown] if it is not a file that this package knows, an
// [*Error] if it is one but broken or hostile, and else that of r or ctx.
func Inspect(ctx context.Context, r io.ReaderAt, size int64, name string) (*Model, error) {
	f := &file{ctx: ctx, r: complete{r, size}, size: size, hint: hint(name)}
	inspect, err := f.recognise()
	if err != nil {
		return nil, err
	}
	m, err := inspect(f)
	if err != nil {
		return nil, err
	}
	m.distrust(f.hint)
	if err := m.digest(f); err != nil {
		return nil, err
	}
	return m, nil
}

// distrust compares the format with the one that the name suggests: a program
// that goes by the name would load the file as that.
func (m *Model) distrust(hint string) {
	if hint == "" || hint == m.Format || isPickle(hint) && isPickle(m.Format) {
		return
	}
	m.warn("the name suggests %s, the content is %s", hint, m.Format)
	m.ExecutesCode = m.ExecutesCode || isPickle(hint)
}

func isPickle(format string) bool {
	return format == Pickle || format == Joblib || format == PyTorch
}

// note adds to the metadata, as far as the limits allow.
func (m *Model) note(key, value string) {
	if m.Metadata == nil {
		m.Metadata = make(map[string]string)
	}
	if _, ok := m.Metadata[key]; ok || len(key) > maxKey || len(m.Metadata) == maxMetadata {
		return
	}
	m.Metadata[key] = clip(value, maxValue)
}

func (m *Model) warn(format string, args ...any) {
	if len(m.Warnings) < maxWarnings {
		m.Warnings = append(m.Warnings, fmt.Sprintf(format, args...))
	}
}
