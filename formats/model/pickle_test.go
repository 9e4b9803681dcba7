package model

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The table of opcodes says what Python's own says.
func TestOpcodes(t *testing.T) {
	var want map[string]struct {
		Code, Argument, Growth int
		Marked                 bool
	}
	if err := json.Unmarshal(readFile(t, "testdata/opcodes.json"), &want); err != nil {
		t.Fatal(err)
	}
	for code, op := range opcodes {
		w, ok := want[op.name]
		if op.name == "" {
			continue
		}
		delete(want, op.name)
		growth := -op.takes
		if op.push {
			growth++
		}
		switch {
		case !ok || w.Code != code || argumentSize(op.arg) != w.Argument:
			t.Errorf("%#02x is %+v, not %+v", code, op, w)
		case code == opMark || code == opPop:
		case code == opDup:
			if w.Growth != 1 || !op.push {
				t.Errorf("%#02x is %+v, not %+v", code, op, w)
			}
		case w.Marked != (op.takes == marked) || !w.Marked && growth != w.Growth:
			t.Errorf("%#02x is %+v, not %+v", code, op, w)
		}
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

// argumentSize tells lengths as Python's pickletools does.
func argumentSize(a argument) int {
	switch a {
	case bytes1, uint1:
		return 1
	case bytes2, uint2:
		return 2
	case bytes4, uint4, int4:
		return 4
	case bytes8:
		return 8
	case decimal, float, line, quoted, escaped, importLines:
		return -1
	case counted1, long1, text1, ascii1:
		return -2
	case signed4, ascii4:
		return -3
	case counted4, text4:
		return -4
	case counted8, text8:
		return -5
	}
	return 0
}

func short(s string) string { return "\x8c" + string(rune(len(s))) + s }

func TestGlobals(t *testing.T) {
	const head = "\x80\x04"
	system := short("os") + short("system")
	long := strings.Repeat("m", maxString+1)
	for _, c := range []struct{ name, pickle, want string }{
		{"GLOBAL", "cos\nsystem\n(S'id'\ntR.", "os.system"},
		{"INST", "(S'id'\nios\nsystem\n.", "os.system"},
		{"OBJ", "(cos\nsystem\nS'id'\no.", "os.system"},
		{"STACK_GLOBAL", head + system + "\x93.", "os.system"},
		{"dotted", head + short("os") + short("path.join") + "\x93.", "os.path.join"},
		{"BINUNICODE", head + "X\x02\x00\x00\x00os" + "X\x06\x00\x00\x00system\x93.", "os.system"},
		{"BINUNICODE8", head + "\x8d\x02\x00\x00\x00\x00\x00\x00\x00os" + short("system") + "\x93.", "os.system"},
		{"UNICODE", head + "Vos\nVsystem\n\x93.", "os.system"},
		{"UNICODE with an escape", head + "V\\u006fs\nVsystem\n\x93.", "?"},
		{"STRING", head + "S'os'\nS\"system\"\n\x93.", "os.system"},
		{"STRING with an escape", head + "S'\\x6fs'\nS'system'\n\x93.", "?"},
		{"SHORT_BINSTRING", head + "U\x02osU\x06system\x93.", "os.system"},
		{"BINSTRING", head + "T\x02\x00\x00\x00osU\x06system\x93.", "os.system"},
		{"by MEMOIZE", head + short("os") + "\x94" + short("system") + "\x9400h\x00h\x01\x93.", "os.system"},
		{"by PUT and GET", head + short("system") + "p7\n0" + short("os") + "g7\n\x93.", "os.system"},
		{"by BINPUT", head + short("system") + "q\xff0" + short("os") + "h\xff\x93.", "os.system"},
		{"by LONG_BINPUT", head + short("system") + "r\xff\xff\xff\xff0" + short("os") + "j\xff\xff\xff\xff\x93.", "os.system"},
		{"MEMOIZE after PUT", head + short("x") + "q\x050" + short("os") + "\x94" + short("system") + "\x9400h\x01h\x02\x93.", "os.system"},
		{"overwritten memo", head + short("os") + "q\x000" + short("posix") + "q\x000h\x00" + short("system") + "\x93.", "posix.system"},
		{"by DUP", head + short("a") + "2\x93.", "a.a"},
		{"by POP", head + short("os") + short("no") + "0" + short("system") + "\x93.", "os.system"},
		{"by POP of a mark", head + short("os") + "(0" + short("system") + "\x93.", "os.system"},
		{"by POP_MARK", head + short("os") + "(NN1" + short("system") + "\x93.", "os.system"},
		{"computed", head + "cstr\njoin\n)R" + short("system") + "\x93.", "? str.join"},
		{"from a tuple", head + "K\x01" + short("system") + "\x93.", "?"},
		{"long name", head + "X\x01\x01\x00\x00" + long + short("x") + "\x93.", "?"},
		{"long number", head + "I" + strings.Repeat("0", maxString) + "1\n" + system + "\x93.", "os.system"},
		{"long line", "c" + long + "\nx\n.", "?"},
		{"not UTF-8", "c\xff\nx\n.", "?"},
		{"extension", "\x80\x02\x82\x01.", "?"},
		{"after STOP", head + "N.cos\nsystem\n.", "os.system"},
		{"after STOP, broken", head + "N.cos\nsystem\n)R", "os.system"},
		{"several", "cb\nb\n0ca\na\n0cb\nb\n.", "a.a b.b"},
	} {
		m, err := inspect([]byte(c.pickle), "x.pkl")
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := strings.Join(m.Globals, " "); got != c.want || !m.ExecutesCode {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
		if after := strings.Contains(c.name, "STOP"); after != (len(m.Warnings) > 0) {
			t.Errorf("%s: %q", c.name, m.Warnings)
		}
	}
}

// A pickle can hold more than is kept. Names are unknown from then on, never
// wrong.
func TestForgetfulMachine(t *testing.T) {
	var b strings.Builder
	b.WriteString("\x80\x04" + short("os") + "\x940" + short("system") + "\x940")
	for range maxKept / 48 {
		b.WriteString(")\x940")
	}
	b.WriteString("h\x00h\x01\x93.")
	m, err := inspect([]byte(b.String()), "x.pkl")
	if err != nil || !slices.Equal(m.Globals, []string{"?"}) {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestPickleLimits(t *testing.T) {
	var names strings.Builder
	for i := range maxGlobals + 1 {
		fmt.Fprintf(&names, "cm\n%d\n0", i)
	}
	for _, c := range []struct{ pickle, reason string }{
		{strings.Repeat("N", maxStack+1), "values on the stack"},
		{strings.Repeat("(", maxStack+1), "marks on the stack"},
		{names.String(), "names are imported"},
	} {
		if m, err := inspect([]byte(c.pickle), "x.pkl"); !isBroken(err) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%+v, %v: does not say %q", m, err, c.reason)
		}
	}
}

// An array of joblib of which the size is not known ends what can be read.
func TestUnknownArray(t *testing.T) {
	b := "\x80\x04cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}b\x00\x01\x02"
	m, err := inspect([]byte(b), "x.pkl")
	want := []string{"?", "joblib.numpy_pickle.NumpyArrayWrapper"}
	if err != nil || m.Format != Joblib || !slices.Equal(m.Globals, want) || len(m.Warnings) != 1 {
		t.Errorf("%+v, %v", m, err)
	}
}

// Only joblib passes over the bytes of arrays. Where it is not what loads the
// file, they are opcodes.
func TestArrayOutsideJoblib(t *testing.T) {
	b := npy("'|O'", "(1,)", "cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}bcos\nsystem\n.")
	m, err := inspect(b, "x.npy")
	if want := []string{"joblib.numpy_pickle.NumpyArrayWrapper", "os.system"}; err != nil || !slices.Equal(m.Globals, want) {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestLong(t *testing.T) {
	for _, want := range []int64{0, 1, -1, 127, -128, 1 << 40, -1 << 63} {
		b := binary.LittleEndian.AppendUint64([]byte{8}, uint64(want))
		f := &file{ctx: t.Context(), r: strings.NewReader(string(b)), size: 9}
		m := newMachine(f.cursor(Pickle, 0, 9), &pickles{})
		if got := m.argument(long1); got != want {
			t.Errorf("%d, not %d", got, want)
		}
	}
}
