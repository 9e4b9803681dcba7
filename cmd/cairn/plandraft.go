package main

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

// draftPlan returns a plan for files, for a person to fill in.
func draftPlan(files []*cairn.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s that the store does not have. Fill in every %q, delete the entries of what\n", plural(len(files), "file"), blank)
	b.WriteString("# nobody needs, and see with --dry-run what would be published.\n")
	if len(files) == 0 {
		b.WriteString("adopt: []\n")
		return b.String()
	}
	b.WriteString("adopt:\n")
	for _, f := range files {
		draftEntry(&b, f)
	}
	return b.String()
}

func draftEntry(b *strings.Builder, f *cairn.Finding) {
	remark := func(format string, args ...any) { fmt.Fprintf(b, "  # "+format+"\n", args...) }
	remark("%s, modified %s", size(f.Size), f.Modified.UTC().Format(time.DateOnly))
	if f.Twin != "" {
		remark("same bytes as %s; both can be versions of one artifact only", printable(f.Twin))
	}
	if f.Problem != "" {
		remark("%s", printable(problem(f)))
	}
	if !utf8.ValidString(f.Path) {
		remark("its name is not UTF-8, so that no plan can name it: %s", strconv.QuoteToASCII(f.Path))
		return
	}
	fmt.Fprintf(b, "  - path: %s\n", yamlText(f.Path))
	fmt.Fprintf(b, "    artifact: %q\n    date: %q\n", blank, blank)
	base := path.Base(f.Path)
	if layout.CheckPath(base) != nil {
		fmt.Fprintf(b, "    as: %q\n", blank)
	} else if better := withoutWords(base, f.Words); better != base {
		fmt.Fprintf(b, "    # as: %s\n", yamlText(better))
	}
}

var plainText = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/-]*$`)

// yamlText quotes a text where YAML might read something else in it. The escapes
// of Go are among those of YAML.
func yamlText(s string) string {
	if plainText.MatchString(s) {
		return s
	}
	return strconv.Quote(s)
}

// tokens are words, which begin anew at a capital, and what is between them.
var tokens = regexp.MustCompile(`\p{Lu}*[\p{Ll}\p{Lt}\p{Lm}\p{Lo}]+|\p{Lu}+|\P{L}+`)

// withoutWords takes words out of the name of a file, each with what joins it to
// the one before. It returns a blank if nothing but an extension is left.
func withoutWords(name string, words []string) string {
	const joints = "._- ()[]"
	kept, cut := "", false
	for _, token := range tokens.FindAllString(name, -1) {
		if slices.Contains(words, strings.ToLower(token)) {
			kept, cut = strings.TrimRight(kept, joints), true
			continue
		}
		if cut {
			token = strings.TrimLeft(token, ")]")
			if kept == "" {
				token = strings.TrimLeft(token, joints)
			}
		}
		kept += token
		cut = cut && token == ""
	}
	if kept == "" || "."+kept == path.Ext(name) {
		return blank
	}
	return kept
}
