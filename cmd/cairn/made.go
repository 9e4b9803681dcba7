package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/cairnstore/cairn"
)

// publications checks everything that the program was to write, and returns
// what is to be published of it.
func (j *job) publications() ([]*cairn.Publication, error) {
	var publications []*cairn.Publication
	for _, out := range j.outputs {
		sources, err := out.sources()
		if err != nil {
			return nil, err
		}
		publications = append(publications, &cairn.Publication{
			Artifact: out.artifact, Files: sources, Meta: j.meta,
			Label: j.label, Point: j.point, AllowSchemaChange: j.allowSchemaChange,
		})
	}
	metrics, err := j.metrics.read()
	if err != nil {
		return nil, err
	}
	for _, p := range publications {
		p.Metrics = metrics
	}
	return publications, nil
}

// sources finds the files of an output, which must be the program's own.
func (out *jobOutput) sources() ([]cairn.Source, error) {
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("%w: output %s: %s, and nothing is published", cairn.ErrRefused, out.artifact, fmt.Sprintf(format, args...))
	}
	if st, err := os.Stat(out.path); errors.Is(err, fs.ErrNotExist) {
		return nil, refuse("the program did not write %s", out.path)
	} else if err == nil && st.IsDir() && len(filesBelow(out.path)) == 0 {
		return nil, refuse("the program left %s empty", out.path)
	}
	sources, err := cairn.Sources(out.path)
	if err != nil {
		return nil, fmt.Errorf("output %s: %w", out.artifact, err)
	}
	now := filesBelow(out.path)
	var total int64
	for path, st := range now {
		total += st.Size()
		if out.before.has(path, st) {
			return nil, refuse("%s was there before and the program did not write it; remove it, or have the program write to a folder of its own", path)
		}
	}
	if total == 0 {
		return nil, refuse("the program wrote no bytes to %s", out.path)
	}
	return sources, nil
}

// files are those at or below a path, by their names.
type files map[string]fs.FileInfo

// filesBelow finds the files at or below path that can be published.
func filesBelow(path string) files {
	found := make(files)
	sources, err := cairn.Sources(path)
	if err != nil {
		return found
	}
	for _, s := range sources {
		if st, err := os.Stat(s.File); err == nil {
			found[s.File] = st
		}
	}
	return found
}

// has reports whether the file was there as it is now.
func (f files) has(path string, now fs.FileInfo) bool {
	was, ok := f[path]
	return ok && os.SameFile(was, now) && was.Size() == now.Size() && was.ModTime().Equal(now.ModTime())
}

// read reads the metrics, which must be the program's own.
func (m *metricsFile) read() (map[string]float64, error) {
	found, err := readMetrics(m.path)
	if err != nil {
		return nil, err
	}
	if found == nil && m.due {
		return nil, fmt.Errorf("%w: the program wrote no metrics to %s, and nothing is published", cairn.ErrRefused, m.path)
	}
	for path, st := range filesBelow(m.path) {
		if m.before.has(path, st) {
			return nil, fmt.Errorf("%w: the metrics in %s were there before and the program did not write them, and nothing is published", cairn.ErrRefused, path)
		}
	}
	return found, nil
}
