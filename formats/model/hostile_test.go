package model

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

const f32 = `"dtype":"F32","shape":[1],"data_offsets":[0,4]`

// hostile are files that must be refused, with a part of the reason.
var hostile = []struct {
	file   string
	bytes  []byte
	reason string
}{
	{"key twice.safetensors", safetensors(`{"a":{`+f32+`},"a":{`+f32+`}}`, 4), `key "a" twice`},
	{"key twice, escaped.safetensors", safetensors(`{"a":{`+f32+`},"\u0061":{`+f32+`}}`, 4), `key "a" twice`},
	{"inner key twice.safetensors", safetensors(`{"a":{"dtype":"U8",`+f32+`}}`, 4), `key "dtype" twice`},
	{"metadata key twice.safetensors", safetensors(`{"__metadata__":{"k":"1","k":"2"},"a":{`+f32+`}}`, 4), `key "k" twice`},
	{"metadata twice.safetensors", safetensors(`{"__metadata__":{},"__metadata__":{}}`, 0), `"__metadata__" twice`},
	{"metadata number.safetensors", safetensors(`{"__metadata__":{"k":1}}`, 0), "where a string belongs"},
	{"unknown key.safetensors", safetensors(`{"a":{`+f32+`,"x":1}}`, 4), `unknown key "x"`},
	{"unknown dtype.safetensors", safetensors(`{"a":{"dtype":"O","shape":[1],"data_offsets":[0,4]}}`, 4), `unknown dtype "O"`},
	{"no shape.safetensors", safetensors(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4), "has no shape"},
	{"one offset.safetensors", safetensors(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4]}}`, 4), "not two data_offsets"},
	{"three offsets.safetensors", safetensors(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}`, 4), "more than 2"},
	{"negative.safetensors", safetensors(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4), "where a length belongs"},
	{"fraction.safetensors", safetensors(`{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}`, 4), "where a length belongs"},
	{"exponent.safetensors", safetensors(`{"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}`, 4), "where a length belongs"},
	{"huge.safetensors", safetensors(`{"a":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4]}}`, 4), "where a length belongs"},
	{"overflow.safetensors", safetensors(`{"a":{"dtype":"F32","shape":[4611686018427387905,4],"data_offsets":[0,16]}}`, 16), "file can hold"},
	{"overflow and zero.safetensors", safetensors(`{"a":{"dtype":"F32","shape":[0,9223372036854775807,4],"data_offsets":[0,0]}}`, 0), "file can hold"},
	{"half a byte.safetensors", safetensors(`{"a":{"dtype":"F4","shape":[1],"data_offsets":[0,1]}}`, 1), "whole number"},
	{"wrong size.safetensors", safetensors(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), "are 8 bytes"},
	{"reversed.safetensors", safetensors(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4), "beyond the data"},
	{"out of bounds.safetensors", safetensors(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 4), "beyond the data"},
	{"overlap.safetensors", safetensors(`{"a":{`+f32+`},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, 4), "overlaps"},
	{"empty inside.safetensors", safetensors(`{"a":{`+f32+`},"b":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}}`, 4), "overlaps"},
	{"gap before.safetensors", safetensors(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), "belong to no tensor"},
	{"gap after.safetensors", safetensors(`{"a":{`+f32+`}}`, 8), "belong to none"},
	{"half a character.safetensors", safetensors(`{"a\ud800":{`+f32+`}}`, 4), "not Unicode"},
	{"not UTF-8.safetensors", safetensors("{\"\xff\":{"+f32+"}}", 4), "not UTF-8"},
	{"two values.safetensors", safetensors(`{}{}`, 0), "more than one value"},
	{"tail.safetensors", safetensors("{}\n", 0), "other space"},
	{"array.safetensors", safetensors(`{"a":[]}`, 0), "not an object"},
	{"unfinished.safetensors", safetensors(`{"a":{`, 0), "not JSON"},
	{"comma.safetensors", safetensors(`{"a":{`+f32+`},}`, 4), "not JSON"},
	{"long header.safetensors", append(binary.LittleEndian.AppendUint64(nil, maxHeader+1), append([]byte("{"), make([]byte, maxHeader)...)...), "limit"},
	{"header beyond.safetensors", []byte("\x03\x00\x00\x00\x00\x00\x00\x00{}"), "does not begin like one"},

	{"object.npy", npy("'|O'", "(1,)", "cos\nsystem\n"), "room for 0"},
	{"comma type.npy", npy("'O,i4'", "(1,)", ""), "no descr"},
	{"call.npy", npy("__import__('os')", "(1,)", ""), "where a value belongs"},
	{"sum.npy", npy("'<f4'", "(1+1,)", "12345678"), "comma"},
	{"negative.npy", npy("'<f4'", "(-1,)", "1234"), "where a value belongs"},
	{"overflow.npy", npy("'<f8'", "(4611686018427387904, 4)", ""), "not the 0 bytes"},
	{"short.npy", npy("'<f4'", "(2,)", "1234"), "not the 4 bytes"},
	{"tail.npy", npy("'<f4'", "(1,)", "12345"), "not the 5 bytes"},
	{"key twice.npy", npyHeaderOf("{'descr': '<f4', 'descr': '|O', 'fortran_order': False, 'shape': ()}", "1234"), "stands twice"},
	{"four keys.npy", npyHeaderOf("{'descr': '<f4', 'x': 1, 'fortran_order': False, 'shape': ()}", "1234"), "three members"},
	{"list as shape.npy", npy("'<f4'", "[1]", "1234"), "no shape"},
	{"deep.npy", npy(strings.Repeat("[", 10000), "()", ""), "too deep"},
	{"version.npy", []byte("\x93NUMPY\x09\x00\x00\x00"), "version"},

	{"entry twice.npz", zipOf("a.npy", string(npy("'<f4'", "()", "1234")), "A.npy", ""), "twice"},
	{"up.npz", zipOf("../a.npy", ""), "name that no model has"},
	{"no array.npz", zipOf("a.npy", "text is not an array"), "not that of an array"},
	{"comment.npz", append(zipOf("a.npy", "")[:len(zipOf("a.npy", ""))-2], 1, 0, 'x'), "must end with its last record"},
	{"bomb.npz", patch(zipOf("*a.npy", strings.Repeat("x", 0x12345)), "\x45\x23\x01\x00", "\x45\x23\xff\x7f"), "cannot inflate"},
	{"longer than said.npz", zipOf("*a.npy", string(npy("'<f8'", "(9999999,)", "12345678"))), "not the 8 bytes"},
	{"other name inside.npz", patch(zipOf("a.npy", string(npy("'<f4'", "()", "1234"))), "a.npy", "b.npy"), "not what the directory says"},
	{"prefix.npz", append([]byte("PK\x03\x04"), zipOf("a.npy", "")...), "last records"},
	{"encrypted.npz", patch(zipOf("a.npy", ""), "\x14\x00\x08\x00", "\x14\x00\x09\x00"), "encrypted"},

	{"version.gguf", gguf(uint32(1), uint64(0), uint64(0)), "not 2 or 3"},
	{"big-endian.gguf", gguf([]byte{0, 0, 0, 3}, uint64(0), uint64(0)), "big-endian"},
	{"many.gguf", gguf(uint32(3), uint64(1<<62), uint64(0)), "more than"},
	{"key twice.gguf", gguf(uint32(3), uint64(0), uint64(2), "k", uint32(0), byte(1), "k", uint32(0), byte(1)), "twice"},
	{"long key.gguf", gguf(uint32(3), uint64(0), uint64(1), uint64(1<<40)), "room for"},
	{"unknown type.gguf", gguf(uint32(3), uint64(0), uint64(1), "k", uint32(13)), "unknown type"},
	{"array of arrays.gguf", gguf(uint32(3), uint64(0), uint64(1), "k", uint32(9), uint32(9), uint64(1)), "array of arrays"},
	{"long array.gguf", gguf(uint32(3), uint64(0), uint64(1), "k", uint32(9), uint32(10), uint64(1<<61)), "longer than the file"},
	{"many strings.gguf", gguf(uint32(3), uint64(0), uint64(1), "k", uint32(9), uint32(8), uint64(1<<62)), "room for"},
	{"alignment.gguf", gguf(uint32(3), uint64(0), uint64(1), "general.alignment", uint32(4), uint32(3)), "power of two"},
	{"tensor twice.gguf", gguf(uint32(3), uint64(2), uint64(0), ggufTensor("a", 0, 0, 1), ggufTensor("a", 0, 32, 1)), "twice"},
	{"overlap.gguf", gguf(uint32(3), uint64(2), uint64(0), ggufTensor("a", 0, 0, 1), ggufTensor("b", 0, 0, 1), make([]byte, 64)), "overlaps"},
	{"gap.gguf", gguf(uint32(3), uint64(1), uint64(0), ggufTensor("a", 0, 64, 1), make([]byte, 128)), "belong to no tensor"},
	{"tail.gguf", gguf(uint32(3), uint64(1), uint64(0), ggufTensor("a", 0, 0, 1), make([]byte, 128)), "belong to none"},
	{"not aligned.gguf", gguf(uint32(3), uint64(1), uint64(0), ggufTensor("a", 0, 4, 1), make([]byte, 64)), "multiple of 32"},
	{"beyond.gguf", gguf(uint32(3), uint64(1), uint64(0), ggufTensor("a", 0, 0, 999)), "beyond the end"},
	{"overflow.gguf", gguf(uint32(3), uint64(1), uint64(0), ggufTensor("a", 0, 0, 1<<40, 1<<40)), "file can hold"},
	{"negative.gguf", gguf(uint32(3), uint64(1), uint64(0), ggufTensor("a", 0, 0, 1<<63)), "file can hold"},
	{"half a block.gguf", gguf(uint32(3), uint64(1), uint64(0), ggufTensor("a", 8, 0, 33)), "blocks of Q8_0"},
	{"ggml type.gguf", gguf(uint32(3), uint64(1), uint64(0), ggufTensor("a", 4, 0, 32)), "unknown type"},
	{"rank.gguf", gguf(uint32(3), uint64(1), uint64(0), "a", uint32(1<<31)), "dimensions"},

	{"no graph.onnx", []byte(message(1, 10)), "no graph"},
	{"two graphs.onnx", []byte(message(1, 10, 7, "", 7, "")), "field 7 stands twice"},
	{"group.onnx", []byte("\x0b"), "wire type 3"},
	{"field 0.onnx", []byte("\x00\x00"), "no field 0"},
	{"long number.onnx", []byte("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), "more than 64 bits"},
	{"beyond.onnx", []byte("\x3a\xff\xff\xff\xff\x7f"), "room for"},
	{"beyond its message.onnx", []byte(message(1, 10, 7, "\x2a\x05") + "12345"), "beyond the message"},
	{"wire type.onnx", []byte(message(1, 10, 7, 1)), "wire type"},
	{"initializer twice.onnx", []byte(message(1, 10, 7, message(5, message(2, 1, 8, "a"), 5, message(2, 1, 8, "a")))), "twice"},
	{"wrong size.onnx", onnxOf(1, 2, 2, 1, 8, "a", 9, "1234"), "are 8 bytes"},
	{"data twice.onnx", onnxOf(1, 1, 2, 1, 4, "1234", 8, "a", 9, "1234"), "twice"},
	{"raw data twice.onnx", onnxOf(1, 1, 2, 1, 9, "1234", 9, "1234"), "twice"},
	{"overflow.onnx", onnxOf(1, 1<<40, 1, 1<<40, 2, 1), "file can hold"},
	{"negative.onnx", onnxOf(1, -1, 2, 1), "file can hold"},
	{"data type.onnx", onnxOf(2, 99), "unknown data_type"},
	{"deep.onnx", []byte(message(1, 10, 7, deepGraph(maxDepth+2))), "nest deeper"},

	{"no stop.pkl", []byte("\x80\x04N"), "room for 0"},
	{"opcode.pkl", []byte("\x80\x04\xff"), "no opcode 0xff"},
	{"protocol.pkl", []byte("\x80\x06N."), "6 is not known"},
	{"empty stack.pkl", []byte("\x80\x04."), "more from the stack"},
	{"no mark.pkl", []byte("\x80\x04Nt."), "asks for a mark"},
	{"below the mark.pkl", []byte("\x80\x04N(0R."), "more from the stack"},
	{"memo.pkl", []byte("\x80\x04h\x00."), "not put there"},
	{"long bytes.pkl", []byte("\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f."), "room for"},
	{"negative length.pkl", []byte("\x80\x02T\xff\xff\xff\xff."), "room for"},
	{"odd dict.pkl", []byte("\x80\x04(NNNd."), "no value"},
	{"one of five.pt", []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."), "room for 0"},
	{"no pickle.pt", zipOf("a/version", "3"), "no data.pkl"},
	{"cut.joblib", zlibOf(strings.Repeat("\x80\x04N0", 100))[:20], "too early"},
	{"text.joblib", zlibOf("text, long enough"), "asks for a mark"},
	{"bomb.joblib", zlibOf("\x80\x04B\xff\xff\xff\xff"), "room for"},
}

// deepGraph nests graphs in the attributes of nodes.
func deepGraph(n int) string {
	g := ""
	for range n {
		g = message(1, message(5, message(6, g)))
	}
	return g
}

func TestHostile(t *testing.T) {
	for _, h := range hostile {
		t.Run(h.file, func(t *testing.T) {
			m, err := inspect(h.bytes, h.file)
			if bad, ok := errors.AsType[*Error](err); !ok || bad.Format == "" || bad.Reason == "" {
				t.Fatalf("%+v, %v", m, err)
			}
			if !strings.Contains(err.Error(), h.reason) {
				t.Errorf("%v: does not say %q", err, h.reason)
			}
		})
	}
}
