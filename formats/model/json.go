package model

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A strictJSON reads JSON of which every reader makes the same: no key stands
// twice in an object, and no text holds what is not Unicode. Its errors go to
// the cursor that the text came from.
type strictJSON struct {
	cursor *cursor
	start  int64 // of the text in the file
	d      *json.Decoder
}

func newStrictJSON(c *cursor, text string) *strictJSON {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return &strictJSON{cursor: c, start: c.off - int64(len(text)), d: d}
}

func (j *strictJSON) broken(field, reason string, args ...any) {
	j.cursor.brokenAt(j.start+j.d.InputOffset(), field, reason, args...)
}

// token returns the next token, nil after an error.
func (j *strictJSON) token(field string) json.Token {
	if j.cursor.err != nil {
		return nil
	}
	t, err := j.d.Token()
	if err != nil {
		j.broken(field, "is not JSON: %s", clip(err.Error(), 100))
		return nil
	}
	return t
}

// object reads an object and calls member after each key, to read its value.
func (j *strictJSON) object(field string, member func(key string)) {
	if j.token(field) != json.Delim('{') {
		j.broken(field, "is not an object")
	}
	seen := make(names)
	for j.cursor.err == nil && j.d.More() {
		key := j.text(field)
		if !seen.add(key) {
			j.broken(field, "has the key %q twice", clip(key, 100))
		}
		if j.cursor.err == nil {
			member(key)
		}
	}
	j.token(field)
}

// text reads a string. The decoder puts U+FFFD in place of half a surrogate
// pair, which other readers refuse or keep, so that is refused wherever it is
// from.
func (j *strictJSON) text(field string) string {
	s, ok := j.token(field).(string)
	if !ok {
		j.broken(field, "has something else where a string belongs")
	}
	if strings.ContainsRune(s, utf8.RuneError) {
		j.broken(field, "has a character that is not Unicode")
	}
	return s
}

// integers reads an array of at most limit integers, none negative.
func (j *strictJSON) integers(field string, limit int) []int64 {
	if j.token(field) != json.Delim('[') {
		j.broken(field, "is not an array")
	}
	list := []int64{}
	for j.cursor.err == nil && j.d.More() {
		n, isNumber := j.token(field).(json.Number)
		i, ok := integer(n)
		switch {
		case !isNumber || !ok:
			j.broken(field, "has something else where a length belongs")
		case len(list) == limit:
			j.broken(field, "has more than %d entries", limit)
		}
		list = append(list, i)
	}
	j.token(field)
	return list
}

// integer reads a length as safetensors writes it: digits and nothing else.
func integer(n json.Number) (int64, bool) {
	i, err := strconv.ParseUint(n.String(), 10, 63)
	return int64(i), err == nil
}

// end refuses all but spaces after the value.
func (j *strictJSON) end(text string) {
	if rest := strings.TrimLeft(text[j.d.InputOffset():], " "); j.cursor.err == nil && rest != "" {
		j.broken("header", "has more than one value, or other space than spaces at its end")
	}
}
