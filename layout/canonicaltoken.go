package layout

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

func (r *reader) literal() (bool, error) {
	c, err := r.peek()
	if err != nil {
		return false, err
	}
	word := strconv.FormatBool(c == 't')
	for i := range len(word) {
		if err := r.expect(word[i]); err != nil {
			return false, err
		}
	}
	return c == 't', nil
}

func (r *reader) integer() (int64, error) {
	at := r.offset
	if err := r.number(); err != nil {
		return 0, err
	}
	var again [longestNumber]byte
	n, err := strconv.ParseInt(string(r.token), 10, 64)
	if err != nil || n < -maxInteger || n > maxInteger || !bytes.Equal(strconv.AppendInt(again[:0], n, 10), r.token) {
		return 0, r.refuse("has no integer in canonical form at byte %d", at)
	}
	return n, nil
}

func (r *reader) float() (float64, error) {
	at := r.offset
	if err := r.number(); err != nil {
		return 0, err
	}
	x, err := strconv.ParseFloat(string(r.token), 64)
	if err != nil || !bytes.Equal(appendFloat(nil, x), r.token) {
		return 0, r.refuse("has no number in canonical form at byte %d", at)
	}
	return x, nil
}

// longestNumber is more than the length of any number in canonical form.
const longestNumber = 32

// number reads the characters of a number into r.token.
func (r *reader) number() error {
	r.token = r.token[:0]
	for len(r.token) < longestNumber {
		c, err := r.peek()
		if err != nil {
			return err
		}
		if strings.IndexByte("0123456789+-.e", c) < 0 {
			break
		}
		r.token = append(r.token, c)
		r.skip(1)
	}
	return nil
}

// text reads a string and returns what it says, which is good until the next
// text or number. If it is wrong, it is read to its end all the same.
func (r *reader) text() ([]byte, error) {
	if err := r.expect('"'); err != nil {
		return nil, err
	}
	start, wrong := r.offset, false
	r.token = r.token[:0]
	for {
		c, err := r.peek()
		if err != nil {
			return nil, err
		}
		ahead, _ := r.src.Peek(r.src.Buffered())
		n := plainPrefix(ahead)
		r.token = append(r.token, ahead[:n]...)
		r.skip(n)
		switch {
		case n > 0:
			continue
		case c == '\\':
			ok, err := r.escape()
			if err != nil {
				return nil, err
			}
			wrong = wrong || !ok
			continue
		case c != '"':
			wrong = true // a control character
			r.skip(1)
			continue
		}
		r.skip(1)
		if wrong || !utf8.Valid(r.token) {
			return nil, r.refuse("has a text at byte %d that is not in canonical form, or not UTF-8", start)
		}
		return r.token, nil
	}
}

// escape reads one escape and reports whether it is the one that is needed.
func (r *reader) escape() (bool, error) {
	r.skip(1)
	c, err := r.peek()
	if err != nil {
		return false, err
	}
	r.skip(1)
	if i := strings.IndexByte(escapes, c); i >= 0 {
		r.token = append(r.token, escaped[i])
		return true, nil
	}
	digits, err := r.src.Peek(len("0000"))
	if err != nil {
		return false, r.readError(err)
	}
	n, err := strconv.ParseUint(string(digits), 16, 16)
	if err != nil || c != 'u' || n >= ' ' || string(appendEscape(nil, byte(n))) != `\u`+string(digits) {
		return false, nil
	}
	r.token = append(r.token, byte(n))
	r.skip(len(digits))
	return true, nil
}

func (r *reader) expect(c byte) error {
	got, err := r.peek()
	if err != nil {
		return err
	}
	if got != c {
		return r.refuse("is not JSON in canonical form: at byte %d stands %q and not %q", r.offset, got, c)
	}
	r.skip(1)
	return nil
}

func (r *reader) peek() (byte, error) {
	b, err := r.src.Peek(1)
	if err != nil {
		return 0, r.readError(err)
	}
	return b[0], nil
}

// skip passes over n bytes that were looked at.
func (r *reader) skip(n int) {
	r.src.Discard(n)
	r.offset += int64(n)
}

func (r *reader) readError(err error) error {
	if err == io.EOF {
		return r.refuse("ends too early, after byte %d", r.offset)
	}
	return err
}

func (r *reader) refuse(format string, args ...any) error {
	return invalid(r.thing, "", format, args...)
}
