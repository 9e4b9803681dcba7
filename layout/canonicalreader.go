package layout

import (
	"bufio"
	"bytes"
	"encoding"
	"encoding/hex"
	"io"
	"reflect"
)

// A reader reads values in canonical form and accepts nothing else: what it has
// read would be written with the same bytes. So it refuses duplicate, unknown
// and misspelt members, nulls, other spacing or order, and texts and numbers in
// any other spelling. Of the input it holds one buffer, and one text.
//
// A method that reads nothing wrong returns nil. An *Error says what is wrong
// with the input; any other error, that it could not be read.
type reader struct {
	thing  string // what is read, for errors
	src    *bufio.Reader
	offset int64  // of the next byte
	size   int64  // about how many bytes there are
	depth  int    // objects and lists that are open
	token  []byte // the last text or number
}

func newReader(thing string, src io.Reader, size int64) *reader {
	const least, most = 256, 64 << 10
	return &reader{thing: thing, src: bufio.NewReaderSize(src, int(max(least, min(size, most)))), size: size}
}

// document reads v and the end of the input.
func (r *reader) document(v reflect.Value) error {
	if err := r.value(v); err != nil {
		return err
	}
	switch _, err := r.src.ReadByte(); err {
	case io.EOF:
		return nil
	case nil:
		return r.refuse("has more after its end, at byte %d", r.offset)
	default:
		return err
	}
}

// value reads into v, which is settable and zero.
func (r *reader) value(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Struct:
		return r.object(v)
	case reflect.Map:
		return r.mapping(v)
	case reflect.Slice:
		return r.list(v)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return r.value(v.Elem())
	case reflect.Interface:
		return r.scalar(v)
	case reflect.Bool:
		return r.boolean(v)
	case reflect.Int, reflect.Int32, reflect.Int64:
		return r.integerValue(v)
	case reflect.Float64:
		x, err := r.float()
		v.SetFloat(x)
		return err
	default:
		return r.textValue(v)
	}
}

// object reads members in lockstep with the fields that v has. What is missing
// is told last, since before comes the format number.
func (r *reader) object(v reflect.Value) error {
	fields, missing := fieldsOf(v.Type()), ""
	pass := func(f field) {
		if !f.omit && missing == "" {
			missing = f.name
		}
	}
	err := r.members(func(name []byte) error {
		for len(fields) > 0 && compareUTF16(fields[0].name, string(name)) < 0 {
			pass(fields[0])
			fields = fields[1:]
		}
		if len(fields) == 0 || fields[0].name != string(name) {
			return r.refuse("has a member %q before byte %d that is unknown, given twice or out of order", clip(string(name)), r.offset)
		}
		f := fields[0]
		fields = fields[1:]
		return r.member(v.FieldByIndex(f.index), f)
	})
	for _, f := range fields {
		pass(f)
	}
	if err == nil && missing != "" {
		return r.refuse("has an object before byte %d without the member %q", r.offset, missing)
	}
	return err
}

func (r *reader) member(v reflect.Value, f field) error {
	if err := r.value(v); err != nil {
		return err
	}
	if f.omit && isEmpty(v) {
		return r.refuse("has an empty member %q before byte %d, which has to be left out", f.name, r.offset)
	}
	return nil
}

func (r *reader) mapping(v reflect.Value) error {
	v.Set(reflect.MakeMap(v.Type()))
	var last string
	return r.members(func(name []byte) error {
		k := string(name)
		if v.Len() > 0 && compareUTF16(last, k) >= 0 {
			return r.refuse("has a member %q before byte %d that is given twice or out of order", clip(k), r.offset)
		}
		last = k
		member := reflect.New(v.Type().Elem()).Elem()
		if err := r.value(member); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(k), member)
		return nil
	})
}

// members reads an object, of which it leaves each value to read. The name is
// good until then.
func (r *reader) members(read func(name []byte) error) error {
	return r.sequence('{', '}', func() error {
		name, err := r.text()
		if err != nil {
			return err
		}
		if err := r.expect(':'); err != nil {
			return err
		}
		return read(name)
	})
}

func (r *reader) list(v reflect.Value) error {
	start := r.offset
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	return r.sequence('[', ']', func() error {
		n := v.Len()
		if n == v.Cap() {
			v.Grow(r.room(n, start))
		}
		v.SetLen(n + 1)
		return r.value(v.Index(n))
	})
}

// room returns for how many more elements to make room in a list that began at
// start and has n so far. In a list of the whole object the length of some
// hundreds tells how many are to come. Their room is taken at once: doubling
// would take up to three times as much.
func (r *reader) room(n int, start int64) int {
	const some, depth = 256, 2
	if n < some || r.depth > depth {
		return max(n, 4)
	}
	rest := max(r.size-r.offset, 0) / ((r.offset - start) / int64(n))
	return max(n/4, int(rest+rest/16)+1)
}

// sequence reads an object or a list, of which it leaves each entry to read.
func (r *reader) sequence(opening, closing byte, read func() error) error {
	if err := r.expect(opening); err != nil {
		return err
	}
	r.depth++
	for first := true; ; first = false {
		c, err := r.peek()
		if err != nil {
			return err
		}
		if c == closing {
			r.depth--
			return r.expect(closing)
		}
		if !first {
			if err := r.expect(','); err != nil {
				return err
			}
		}
		if err := read(); err != nil {
			return err
		}
	}
}

// scalar reads what a parameter may be.
func (r *reader) scalar(v reflect.Value) error {
	c, err := r.peek()
	if err != nil {
		return err
	}
	var x any
	switch {
	case c == '"':
		var text []byte
		text, err = r.text()
		x = string(text)
	case c == 't' || c == 'f':
		x, err = r.literal()
	case c == '-' || c >= '0' && c <= '9':
		x, err = r.float()
	default:
		err = r.refuse("has a value at byte %d that is neither a string, a number nor a bool", r.offset)
	}
	if err == nil {
		v.Set(reflect.ValueOf(x))
	}
	return err
}

func (r *reader) boolean(v reflect.Value) error {
	b, err := r.literal()
	v.SetBool(b)
	return err
}

func (r *reader) integerValue(v reflect.Value) error {
	at := r.offset
	n, err := r.integer()
	if err == nil && v.OverflowInt(n) {
		err = r.refuse("has an integer out of range at byte %d", at)
	}
	v.SetInt(n)
	return err
}

func (r *reader) textValue(v reflect.Value) error {
	text, err := r.text()
	if err != nil {
		return err
	}
	switch p := v.Addr().Interface().(type) {
	case *Digest:
		err = readDigest(p, text)
	case encoding.TextUnmarshaler:
		err = p.UnmarshalText(text)
	default:
		v.SetString(string(text))
	}
	if err != nil {
		return r.refuse("%s", clip(err.Error()))
	}
	return nil
}

// readDigest is d.UnmarshalText without garbage, as every file and blob has one.
func readDigest(d *Digest, text []byte) error {
	if digits, ok := bytes.CutPrefix(text, []byte(digestPrefix)); ok && len(digits) == 2*DigestSize {
		var again [2 * DigestSize]byte
		_, err := hex.Decode(d[:], digits)
		hex.Encode(again[:], d[:])
		if err == nil && !d.IsZero() && bytes.Equal(again[:], digits) {
			return nil
		}
	}
	return d.UnmarshalText(text)
}

// findFormat looks for the format number in what is left to read after an
// error. It gets by with anything, since a newer cairn may write anything.
func (r *reader) findFormat() (int64, bool) {
	for {
		c, err := r.peek()
		if err != nil {
			return 0, false
		}
		switch c {
		case '"':
			if name, _ := r.text(); r.depth == 1 && string(name) == "cairn" && r.expect(':') == nil {
				n, err := r.integer()
				return n, err == nil
			}
			continue
		case '{', '[':
			r.depth++
		case '}', ']':
			r.depth--
		}
		r.skip(1)
	}
}
