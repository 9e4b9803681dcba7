package model

import (
	"path"
	"strings"
)

// inspectZip tells apart the formats that are zips: one of PyTorch has the
// pickle data.pkl, one of NumPy arrays only.
func inspectZip(f *file) (*Model, error) {
	format := f.hint
	if format != Npz && format != PyTorch {
		format = "zip"
	}
	entries, err := f.zip(format)
	if err != nil {
		return nil, err
	}
	arrays := f.hint == Npz
	for _, e := range entries {
		base := strings.ToLower(path.Base(e.name))
		if base == "data.pkl" {
			return f.torch(entries)
		}
		arrays = arrays || strings.HasSuffix(base, ".npy")
	}
	switch {
	case arrays:
		return f.npz(entries)
	case f.hint == PyTorch:
		return nil, broken(format, 0, "", "there is no data.pkl in it")
	}
	return nil, ErrUnknown
}

// torch reads the pickles. PyTorch finds them by name, whatever the case.
func (f *file) torch(entries []zipEntry) (*Model, error) {
	p := &pickles{}
	m := &Model{Format: PyTorch}
	for _, e := range entries {
		switch base := strings.ToLower(path.Base(e.name)); {
		case strings.HasSuffix(base, ".pkl"):
			c := e.open(f, PyTorch)
			if p.walk(c); c.err != nil {
				return nil, inEntry(c.err, e.name)
			}
		case base == "version":
			c := e.open(f, PyTorch)
			m.Version = strings.TrimSpace(c.text(e.size, maxKey))
			if c.err != nil {
				return nil, inEntry(c.err, e.name)
			}
		}
	}
	m.take(p)
	return m, nil
}

// npz reads the arrays.
func (f *file) npz(entries []zipEntry) (*Model, error) {
	m, p := &Model{Format: Npz}, &pickles{}
	for _, e := range entries {
		c := e.open(f, Npz)
		t := c.npy(c.npyVersion(), strings.TrimSuffix(e.name, ".npy"), p)
		if c.err != nil {
			return nil, inEntry(c.err, e.name)
		}
		m.Tensors = append(m.Tensors, t)
	}
	m.take(p)
	return m, nil
}
