package main

import (
	"strings"
	"unicode"
)

// printable returns a text that somebody else chose, without what would move the
// cursor of a terminal or forge another line.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
