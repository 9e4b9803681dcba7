package model

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func mustInspect(t *testing.T, b []byte, name string) *Model {
	t.Helper()
	m, err := inspect(b, name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	checkModel(t, m, b)
	return m
}

// Weights tell apart what the tensors are, and nothing else.
func TestWeights(t *testing.T) {
	const a, b = `{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`, `{"dtype":"F32","shape":[1],"data_offsets":[4,8]}`
	file := func(header, data string) []byte { return append(safetensors(header, 0), data...) }
	want := mustInspect(t, file(`{"a":`+a+`,"b":`+b+`}`, "aaaabbbb"), "").Weights
	for _, same := range [][]byte{
		file(`{"b":`+b+`, "a":`+a+`}   `, "aaaabbbb"),
		file(`{"\u0061":`+b+`,"b":`+a+`}`, "bbbbaaaa"),
		file(`{"__metadata__":{"k":"v"},"a":`+a+`,"b":{"data_offsets":[4,8],"shape":[1],"dtype":"F32"}}`, "aaaabbbb"),
	} {
		if got := mustInspect(t, same, "").Weights; got != want {
			t.Errorf("%q has %s, not %s", same, got, want)
		}
	}
	seen := map[string]string{want: "the first"}
	for _, other := range [][]byte{
		file(`{"a":`+a+`,"b":`+b+`}`, "aaaabbbc"),
		file(`{"a":`+b+`,"b":`+a+`}`, "aaaabbbb"),
		file(`{"a":`+a+`,"c":`+b+`}`, "aaaabbbb"),
		file(`{"a":`+a+`,"b":`+strings.Replace(b, "F32", "I32", 1)+`}`, "aaaabbbb"),
		file(`{"a":`+a+`,"b":`+strings.Replace(b, "[1]", "[1,1]", 1)+`}`, "aaaabbbb"),
		file(`{"a":`+a+`}`, "aaaa"),
		file(`{"a":`+a+`,"b":`+b+`,"n":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}`, "aaaabbbb"),
		npy("'<f4'", "(2, 3)", strings.Repeat("abcd", 6)),
		npy("'<f4'", "(3, 2)", strings.Repeat("abcd", 6)),
		npy("'>f4'", "(3, 2)", strings.Repeat("abcd", 6)),
		npyHeaderOf("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}", strings.Repeat("abcd", 6)),
	} {
		got := mustInspect(t, other, "").Weights
		if before, ok := seen[got]; ok {
			t.Errorf("%q has the weights of %q", other, before)
		}
		seen[got] = string(other)
	}
}

func TestSafetensorsTypes(t *testing.T) {
	for dtype, bits := range safetensorsBits {
		header := fmt.Sprintf(`{"a":{"dtype":%q,"shape":[2,4],"data_offsets":[0,%d]}}`, dtype, bits)
		mustInspect(t, safetensors(header, int(bits)), "")
	}
	mustInspect(t, safetensors(`{}`, 0), "")
	mustInspect(t, safetensors(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 0), "")
}

func TestMetadataIsBounded(t *testing.T) {
	var header strings.Builder
	header.WriteString(`{"__metadata__":{"long":"` + strings.Repeat("é", maxValue) + `","` + strings.Repeat("k", maxKey+1) + `":""`)
	for i := range 2 * maxMetadata {
		fmt.Fprintf(&header, `,"%d":""`, i)
	}
	header.WriteString("}}")
	m := mustInspect(t, safetensors(header.String(), 0), "")
	if long := m.Metadata["long"]; len(m.Metadata) != maxMetadata || len(long) > maxValue+len("…") || !strings.HasSuffix(long, "é…") {
		t.Errorf("%d entries, %q", len(m.Metadata), long)
	}
}

func TestNpyHeaders(t *testing.T) {
	for descr, want := range map[string]string{
		`"<f4"`:                                "<f4",
		`'|S4'`:                                "|S4",
		`'<U1'`:                                "<U1",
		`'|V4'`:                                "|V4",
		`[('a', '<i2'), ('b', '|u1', (2,))]`:   `[("a", "<i2"), ("b", "|u1", (2))]`,
		`[(('t\'\x41', 'a'), [('i','<i4'),])]`: `[(("t'A", "a"), [("i", "<i4")])]`,
	} {
		if m := mustInspect(t, npy(descr, "()", "1234"), "x.npy"); m.Tensors[0].DType != want {
			t.Errorf("%s is %s, not %s", descr, m.Tensors[0].DType, want)
		}
	}
	v3 := []byte("{'descr': [('é', '<f4')], 'fortran_order': False, 'shape': (), }\n")
	b := append(binary.LittleEndian.AppendUint32([]byte(npyMagic+"\x03\x00"), uint32(len(v3))), v3...)
	if m := mustInspect(t, append(b, "1234"...), ""); m.Version != "3.0" || !strings.Contains(m.Tensors[0].DType, "é") {
		t.Errorf("%+v", m)
	}
	object := mustInspect(t, npy("[('a', '|O')]", "(1,)", "cos\nsystem\n."), "")
	if !object.ExecutesCode || !reflect.DeepEqual(object.Globals, []string{"os.system"}) {
		t.Errorf("%+v", object)
	}
}

// PyTorch writes the records for large files in small ones too.
func TestZip64(t *testing.T) {
	b := zipOf("model/data.pkl", "\x80\x02cos\nsystem\n.", "model/version", "3\n")
	at := len(b) - zipEndSize
	end := b[at:]
	le := binary.LittleEndian
	large := le.AppendUint32(nil, zip64End)
	large = le.AppendUint64(large, zip64EndSize-12)
	large = append(large, make([]byte, 12)...)
	large = le.AppendUint64(large, 2)
	large = le.AppendUint64(large, uint64(le.Uint16(end[10:])))
	large = le.AppendUint64(large, uint64(le.Uint32(end[12:])))
	large = le.AppendUint64(large, uint64(le.Uint32(end[16:])))
	large = le.AppendUint32(large, zip64Locator)
	large = le.AppendUint32(large, 0)
	large = le.AppendUint64(large, uint64(at))
	large = le.AppendUint32(large, 1)
	for _, full := range []bool{false, true} {
		last := bytes.Clone(end)
		if full {
			copy(last[8:], bytes.Repeat([]byte{0xff}, 12))
		}
		m := mustInspect(t, bytes.Join([][]byte{b[:at], large, last}, nil), "model.bin")
		if m.Format != PyTorch || m.Version != "3" || !reflect.DeepEqual(m.Globals, []string{"os.system"}) {
			t.Errorf("%+v", m)
		}
	}
	copy(large[32:], "\x01")
	if _, err := inspect(bytes.Join([][]byte{b[:at], large, end}, nil), ""); !isBroken(err) {
		t.Errorf("two directories: %v", err)
	}
}

// Wherever a tensor stands in a model, its location is looked at.
func TestONNXExternal(t *testing.T) {
	tensor := func(location string) string {
		return message(2, 1, 8, "w", 14, 1, 13, message(1, "location", 2, location), 13, message(1, "offset", 2, "0"))
	}
	outside := tensor("../x")
	for name, graph := range map[string]string{
		"initializer":        message(5, outside),
		"sparse initializer": message(15, message(2, outside)),
		"attribute":          message(1, message(5, message(5, outside))),
		"list attribute":     message(1, message(5, message(10, outside))),
		"sparse attribute":   message(1, message(5, message(22, message(1, outside)))),
		"graph attribute":    message(1, message(5, message(6, message(5, outside)))),
	} {
		if m := mustInspect(t, []byte(message(1, 10, 7, graph)), "x.onnx"); len(m.Warnings) != 1 {
			t.Errorf("%s: %q", name, m.Warnings)
		}
	}
	for name, b := range map[string]string{
		"function": message(1, 10, 7, "", 25, message(7, message(5, message(5, outside)))),
		"training": message(1, 10, 7, "", 20, message(1, message(5, outside))),
	} {
		if m := mustInspect(t, []byte(b), "x.onnx"); len(m.Warnings) != 1 {
			t.Errorf("%s: %q", name, m.Warnings)
		}
	}
	for location, warns := range map[string]bool{
		"w.bin": false, "a/b/w.bin": false, "a..b": false, "...": false,
		"/etc/passwd": true, `\x`: true, `a\..\..\x`: true, "a/../../x": true, "..": true, "C:x": true, "http://x": true, "a\x00b": true,
	} {
		m := mustInspect(t, []byte(message(1, 10, 7, message(5, tensor(location)))), "x.onnx")
		if (len(m.Warnings) > 0) != warns || m.Tensors[0].External != location || m.Tensors[0].Digest != "" {
			t.Errorf("%q: %+v", location, m)
		}
	}
}

func TestONNXDims(t *testing.T) {
	packed := onnxOf(1, "\x02\x03", 2, 1, 8, "a", 9, strings.Repeat("x", 24))
	single := onnxOf(1, 2, 1, 3, 2, 1, 8, "a", 9, strings.Repeat("x", 24))
	p, s := mustInspect(t, packed, "x.onnx"), mustInspect(t, single, "x.onnx")
	if p.Weights == "" || p.Weights != s.Weights {
		t.Errorf("%+v, %+v", p, s)
	}
	value := message(1, "x", 2, message(4, ""))
	if m := mustInspect(t, []byte(message(1, 10, 7, message(11, value, 12, message(1, "y", 2, message(1, message(1, 99)))))), ""); m.Metadata["input.x"] != "sequence" || m.Metadata["output.y"] != "type 99" {
		t.Errorf("%+v", m)
	}
}

func TestGGUFValues(t *testing.T) {
	b := gguf(uint32(2), uint64(1), uint64(5),
		"i", uint32(5), int32(-7), "d", uint32(12), 0.25, "s", uint32(8), strings.Repeat("s", 2000),
		"general.alignment", uint32(4), uint32(64), "a", uint32(9), uint32(8), uint64(2), "x", "y",
		ggufTensor("t", 24, 0, 3))
	b = append(b, make([]byte, 64-len(b)%64+3)...)
	m := mustInspect(t, b, "")
	want := map[string]string{"i": "-7", "d": "0.25", "s": strings.Repeat("s", maxValue) + "…", "general.alignment": "64", "a": "[x y]"}
	if m.Version != "2" || !reflect.DeepEqual(m.Metadata, want) || m.Tensors[0].Offset%64 != 0 {
		t.Errorf("%+v", m)
	}
}
