package layout

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckPath reports whether p may be the path of a file in a version: relative,
// slash-separated, of plain segments. Nothing that passes can lead outside the
// folder it is written into.
func CheckPath(p string) error {
	switch {
	case p == "":
		return invalid("path", p, "is empty")
	case len(p) > 4096:
		return invalid("path", p, "is longer than 4096 bytes")
	case !utf8.ValidString(p):
		return invalid("path", p, "is not UTF-8")
	case p[0] == '/':
		return invalid("path", p, "is absolute")
	case strings.ContainsRune(p, '\\'):
		return invalid("path", p, "holds a backslash, which separates folders on some systems")
	case strings.ContainsFunc(p, unicode.IsControl):
		return invalid("path", p, "holds a control character")
	}
	for segment := range strings.SplitSeq(p, "/") {
		switch {
		case segment == "" || segment == ".":
			return invalid("path", p, "has an empty or %q segment", ".")
		case segment == "..":
			return invalid("path", p, "has a %q segment, which leads outside", "..")
		case len(segment) > 255:
			return invalid("path", p, "has a segment longer than 255 bytes")
		}
	}
	return nil
}

// checkPaths checks the paths of sorted files: each by itself, no two the same,
// and none a folder of another.
func checkPaths(files []File) error {
	last := ""
	for i, f := range files {
		p := f.Path
		if err := CheckPath(p); err != nil {
			return err
		}
		if i > 0 && last >= p {
			return invalid("path", p, "is out of order or given twice")
		}
		if folder, ok := fileAbove(files[:i], p, last); ok {
			return invalid("path", p, "needs a folder where the file %q stands", clip(folder))
		}
		last = p
	}
	return nil
}

// fileAbove returns the folder of p that is among the paths before it. The
// folders that it shares with the last of these were looked for already.
func fileAbove(before []File, p, last string) (string, bool) {
	shared := 0
	for shared < min(len(p), len(last)) && p[shared] == last[shared] {
		shared++
	}
	for i := shared; i < len(p); i++ {
		if p[i] != '/' {
			continue
		}
		if _, ok := slices.BinarySearchFunc(before, p[:i], comparePath); ok {
			return p[:i], true
		}
	}
	return "", false
}

func comparePath(f File, path string) int { return strings.Compare(f.Path, path) }
