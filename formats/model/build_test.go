package model

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"strings"
)

// The functions here write files of each format as told, right or wrong.

func safetensors(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func npy(descr, shape string, data string) []byte {
	return npyHeaderOf(fmt.Sprintf("{'descr': %s, 'fortran_order': False, 'shape': %s, }\n", descr, shape), data)
}

func npyHeaderOf(header, data string) []byte {
	b := binary.LittleEndian.AppendUint16([]byte(npyMagic+"\x01\x00"), uint16(len(header)))
	return append(append(b, header...), data...)
}

// zipOf writes entries, each a name and bytes, stored or, if the name begins
// with "*", deflated.
func zipOf(entries ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		name, deflated := strings.CutPrefix(entries[i], "*")
		h := &zip.FileHeader{Name: name}
		if deflated {
			h.Method = zip.Deflate
		}
		e, err := w.CreateHeader(h)
		if err == nil {
			_, err = e.Write([]byte(entries[i+1]))
		}
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// patch replaces the last old in b by new, which is as long.
func patch(b []byte, old, new string) []byte {
	at := bytes.LastIndex(b, []byte(old))
	if at < 0 || len(old) != len(new) {
		panic("no place for " + new)
	}
	return append(append(bytes.Clone(b[:at]), new...), b[at+len(old):]...)
}

func zlibOf(b string) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	w.Write([]byte(b))
	w.Close()
	return out.Bytes()
}

// gguf writes parts: a string after its length, bytes as they are, numbers in
// little-endian order.
func gguf(parts ...any) []byte {
	b := []byte("GGUF")
	for _, part := range parts {
		switch part := part.(type) {
		case string:
			b = binary.LittleEndian.AppendUint64(b, uint64(len(part)))
			b = append(b, part...)
		case []byte:
			b = append(b, part...)
		default:
			b, _ = binary.Append(b, binary.LittleEndian, part)
		}
	}
	return b
}

// ggufTensor writes one tensor of a 32-byte data section.
func ggufTensor(name string, kind uint32, offset uint64, dims ...uint64) []byte {
	return gguf(name, uint32(len(dims)), dims, kind, offset)[4:]
}

// message writes fields of protocol buffers: pairs of a number and a value, an
// int or what has a length.
func message(fields ...any) string {
	var b []byte
	for i := 0; i < len(fields); i += 2 {
		num := uint64(fields[i].(int))
		switch value := fields[i+1].(type) {
		case int:
			b = binary.AppendUvarint(binary.AppendUvarint(b, num<<3), uint64(value))
		case string:
			b = binary.AppendUvarint(binary.AppendUvarint(b, num<<3|2), uint64(len(value)))
			b = append(b, value...)
		}
	}
	return string(b)
}

// onnxOf writes a model whose graph has one initializer.
func onnxOf(tensor ...any) []byte {
	return []byte(message(1, 10, 7, message(2, "g", 5, message(tensor...))))
}
