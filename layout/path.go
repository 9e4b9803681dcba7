package layout

import (
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

// checkPaths checks a sorted list of paths: each by itself, no two the same, and
// none a folder of another.
func checkPaths(paths []string) error {
	seen := make(map[string]bool, len(paths))
	for i, p := range paths {
		if err := CheckPath(p); err != nil {
			return err
		}
		if i > 0 && paths[i-1] >= p {
			return invalid("path", p, "is out of order or given twice")
		}
		seen[p] = true
	}
	for _, p := range paths {
		for i := range len(p) {
			if p[i] == '/' && seen[p[:i]] {
				return invalid("path", p, "needs a folder where the file %q stands", clip(p[:i]))
			}
		}
	}
	return nil
}
