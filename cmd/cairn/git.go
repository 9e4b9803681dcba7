package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

// A checkout is what git says of the working directory. It is zero where there
// is no repository, or no git.
type checkout struct {
	commit string
	dirty  []string // changed and untracked files, relative to the repository
}

// readCheckout asks git. Files at or below the paths of except, which cairn or
// the program writes, say nothing of the code.
func readCheckout(ctx context.Context, except []string) checkout {
	top, err := git(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return checkout{}
	}
	commit, err := git(ctx, "rev-parse", "--verify", "HEAD")
	if err != nil {
		return checkout{}
	}
	root := strings.TrimSuffix(string(top), "\n")
	status, err := git(ctx, "-C", root, "--no-optional-locks", "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
	if err != nil {
		return checkout{}
	}
	c := checkout{commit: strings.TrimSpace(string(commit))}
	for entry := range bytes.SplitSeq(status, []byte{0}) {
		if len(entry) > 3 && !below(filepath.Join(root, string(entry[3:])), except) { // "XY PATH"
			c.dirty = append(c.dirty, string(entry[3:]))
		}
	}
	return c
}

func git(ctx context.Context, args ...string) ([]byte, error) {
	return exec.CommandContext(ctx, "git", args...).Output()
}

// below reports whether file is one of paths, or in one.
func below(file string, paths []string) bool {
	for _, p := range paths {
		if rel, err := filepath.Rel(realPath(p), file); err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return false
}

// realPath is p, absolute and without links as far as it exists.
func realPath(p string) string {
	abs, err := filepath.Abs(p)
	if err != nil {
		return p
	}
	if found, err := filepath.EvalSymlinks(abs); err == nil {
		return found
	}
	if dir := filepath.Dir(abs); dir != abs {
		return filepath.Join(realPath(dir), filepath.Base(abs))
	}
	return abs
}

// describe says what a manifest may claim of the code: a commit only if it is
// all of the code. A commit with changes on top is no more than a hint.
func (c checkout) describe(source *layout.Source) (meta map[string]string) {
	switch {
	case source.Git != "" || c.commit == "":
		return nil
	case len(c.dirty) > 0:
		return map[string]string{"git_dirty": c.commit}
	}
	source.Git = c.commit
	return nil
}

// requireClean refuses code that no commit names.
func (c checkout) requireClean() error {
	switch {
	case c.commit == "":
		return fmt.Errorf("%w: --require-clean, and there is no git checkout here; run in one, or say --git COMMIT", cairn.ErrRefused)
	case len(c.dirty) > 0:
		return fmt.Errorf("%w: --require-clean, and the checkout differs from commit %.12s in %s, such as %s; commit or remove them", cairn.ErrRefused, c.commit, plural(len(c.dirty), "file"), c.dirty[0])
	}
	return nil
}
