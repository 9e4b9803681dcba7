package model

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"path"
	"strings"
)

// A file is what is being inspected.
type file struct {
	ctx  context.Context
	r    io.ReaderAt
	size int64
	hint string // the format that its name suggests, or ""
}

// complete makes it an error of the reader if that ends before the size given.
type complete struct {
	io.ReaderAt
	size int64
}

func (c complete) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	if err == io.EOF && off+int64(n) < c.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// An inspector reads a file of one format.
type inspector func(*file) (*Model, error)

// recognise returns the inspector for the content of f. Formats that begin with
// their name come first; what begins in any way at all is tried last.
func (f *file) recognise() (inspector, error) {
	head, err := f.head(32)
	if err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return inspectZip, nil
	case bytes.HasPrefix(head, []byte("GGUF")):
		return inspectGGUF, nil
	case bytes.HasPrefix(head, []byte(npyMagic)):
		return inspectNpy, nil
	case isSafetensors(head, f.size):
		return inspectSafetensors, nil
	case isPickleHead(head):
		return inspectPickle, nil
	case isCompressed(head):
		return inspectCompressed, nil
	}
	switch f.hint {
	case ONNX:
		return inspectONNX, nil
	case Pickle, Joblib, PyTorch:
		return inspectPickle, nil
	case "":
		return inspectUnmarked, nil
	}
	return nil, broken(f.hint, 0, "", "the file does not begin like one")
}

// head returns the first n bytes, or all if there are fewer.
func (f *file) head(n int64) ([]byte, error) {
	head := make([]byte, min(n, max(f.size, 0)))
	_, err := io.ReadFull(f.section(0, int64(len(head))), head)
	return head, err
}

// section reads the bytes from off to end.
func (f *file) section(off, end int64) *io.SectionReader {
	return io.NewSectionReader(f.r, off, end-off)
}

// isSafetensors goes by the length that comes first and the brace after it.
func isSafetensors(head []byte, size int64) bool {
	if len(head) < 9 || head[8] != '{' {
		return false
	}
	return binary.LittleEndian.Uint64(head) <= uint64(size-8)
}

// isPickleHead goes by the opcode that begins a pickle since protocol 2.
func isPickleHead(head []byte) bool {
	return len(head) >= 2 && head[0] == opProto && head[1] <= maxProtocol
}

// inspectUnmarked tries the formats that begin in any way at all.
func inspectUnmarked(f *file) (*Model, error) {
	for _, inspect := range []inspector{inspectONNX, inspectOldPickle} {
		m, err := inspect(f)
		if err == nil || !isBroken(err) && !errors.Is(err, ErrUnknown) {
			return m, err
		}
	}
	return nil, ErrUnknown
}

// hint returns the format that files of such a name usually have.
func hint(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".safetensors":
		return Safetensors
	case ".onnx":
		return ONNX
	case ".gguf":
		return GGUF
	case ".npy":
		return Npy
	case ".npz":
		return Npz
	case ".pkl", ".pickle":
		return Pickle
	case ".joblib":
		return Joblib
	case ".pt", ".pth", ".ckpt":
		return PyTorch
	}
	return ""
}
