package cairn

import (
	"slices"
	"strings"
	"unicode"
)

// newestWords claim that a file is the newest of its kind. One of them was true
// once; whether it still is, only the store knows.
var newestWords = []string{"latest", "newest", "current", "recent", "final"}

// vagueWords say of a file that there is another one, and not which.
var vagueWords = []string{"backup", "bak", "copy", "old", "orig", "original", "tmp", "temp", "fixed", "previous", "prev"}

// claims returns the words of a path that say which version a file is without
// saying which, each once, in their order.
func claims(path string) (found []string) {
	for _, word := range words(path) {
		if (claimsNewest(word) || slices.Contains(vagueWords, word)) && !slices.Contains(found, word) {
			found = append(found, word)
		}
	}
	return found
}

func claimsNewest(word string) bool { return slices.Contains(newestWords, word) }

// words takes a path apart where no letter is, and before a capital that follows
// a small letter, as in featuresFinal2.
func words(path string) (found []string) {
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			found = append(found, word.String())
			word.Reset()
		}
	}
	small := false
	for _, c := range path {
		if !unicode.IsLetter(c) || small && unicode.IsUpper(c) {
			end()
		}
		if unicode.IsLetter(c) {
			word.WriteRune(unicode.ToLower(c))
		}
		small = unicode.IsLower(c)
	}
	end()
	return found
}
