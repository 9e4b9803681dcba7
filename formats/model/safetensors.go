package model

import "unicode/utf8"

// safetensorsBits are the types of safetensors and the bits of an element.
var safetensorsBits = map[string]int64{
	"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
	"BOOL": 8, "U8": 8, "I8": 8,
	"F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
	"I16": 16, "U16": 16, "F16": 16, "BF16": 16,
	"I32": 32, "U32": 32, "F32": 32,
	"I64": 64, "U64": 64, "F64": 64, "C64": 64,
}

// inspectSafetensors reads the length of the header, the header, which is JSON,
// and after it nothing but tensors.
func inspectSafetensors(f *file) (*Model, error) {
	c := f.cursor(Safetensors, 0, f.size)
	n := c.length()
	if n > maxHeader {
		c.brokenAt(0, "header length", "%d is more than the limit of %d", n, maxHeader)
	}
	header := c.text(n, maxHeader)
	if !utf8.ValidString(header) {
		c.brokenAt(8, "header", "is not UTF-8")
	}
	if c.err != nil {
		return nil, c.err
	}
	h := &safetensorsHeader{json: newStrictJSON(c, header), data: c.off, model: &Model{Format: Safetensors}}
	h.json.object("header", h.member)
	h.json.end(header)
	if c.err == nil {
		c.checkLayout(h.model.Tensors, h.data, f.size, 0)
	}
	return h.model, c.err
}

type safetensorsHeader struct {
	json  *strictJSON
	data  int64 // where the tensors begin
	model *Model
}

func (h *safetensorsHeader) member(key string) {
	if key == "__metadata__" {
		h.json.object(key, func(name string) {
			h.model.note(name, h.json.text(quote("metadata", name)))
		})
		return
	}
	if len(h.model.Tensors) == maxTensors {
		h.json.broken("header", "there are more than %d tensors", maxTensors)
		return
	}
	h.model.Tensors = append(h.model.Tensors, h.tensor(key))
}

func (h *safetensorsHeader) tensor(name string) Tensor {
	field := quote("tensor", name)
	if len(name) > maxName {
		h.json.broken(field, "the name is longer than %d bytes", maxName)
	}
	t := Tensor{Name: name, Size: -1}
	var offsets []int64
	h.json.object(field, func(key string) {
		switch key {
		case "dtype":
			t.DType = h.json.text(field)
		case "shape":
			t.Shape = h.json.integers(field+": shape", maxRank)
		case "data_offsets":
			offsets = h.json.integers(field+": data_offsets", 2)
		default:
			h.json.broken(field, "has the unknown key %q", clip(key, 100))
		}
	})
	h.place(&t, field, offsets)
	return t
}

// place checks that a tensor is as long as its shape asks for.
func (h *safetensorsHeader) place(t *Tensor, field string, offsets []int64) {
	bits, known := safetensorsBits[t.DType]
	switch {
	case !known:
		h.json.broken(field, "has the unknown dtype %q", clip(t.DType, 100))
		return
	case t.Shape == nil || len(offsets) != 2:
		h.json.broken(field, "has no shape, or not two data_offsets")
		return
	}
	size, ok := bytesFor(t.Shape, bits)
	switch begin, end := offsets[0], offsets[1]; {
	case !ok:
		h.json.broken(field, "%d × %s is no whole number of bytes that a file can hold", t.Shape, t.DType)
	case begin > end || end > h.json.cursor.end-h.data:
		h.json.broken(field, "data_offsets %d go beyond the data", offsets)
	case end-begin != size:
		h.json.broken(field, "%d × %s are %d bytes, data_offsets %d are %d", t.Shape, t.DType, size, offsets, end-begin)
	default:
		t.Offset, t.Size = h.data+begin, size
	}
}
