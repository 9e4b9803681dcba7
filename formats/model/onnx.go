package model

import (
	"fmt"
	"slices"
	"strings"
)

// maxDepth bounds how deep graphs nest in the attributes of nodes.
const maxDepth = 64

// maxElements bounds a tensor so that its bits can still be counted.
const maxElements = 1 << 55

// onnxTypes are the types of elements by number, and the bits of one. A string
// has none.
var onnxTypes = []struct {
	name string
	bits int64
}{
	1: {"FLOAT", 32}, 2: {"UINT8", 8}, 3: {"INT8", 8}, 4: {"UINT16", 16}, 5: {"INT16", 16},
	6: {"INT32", 32}, 7: {"INT64", 64}, 8: {"STRING", 0}, 9: {"BOOL", 8}, 10: {"FLOAT16", 16},
	11: {"DOUBLE", 64}, 12: {"UINT32", 32}, 13: {"UINT64", 64}, 14: {"COMPLEX64", 64},
	15: {"COMPLEX128", 128}, 16: {"BFLOAT16", 16}, 17: {"FLOAT8E4M3FN", 8},
	18: {"FLOAT8E4M3FNUZ", 8}, 19: {"FLOAT8E5M2", 8}, 20: {"FLOAT8E5M2FNUZ", 8},
	21: {"UINT4", 4}, 22: {"INT4", 4}, 23: {"FLOAT4E2M1", 4}, 24: {"FLOAT8E8M0", 8},
	25: {"UINT2", 2}, 26: {"INT2", 2}, 27: {"FLOAT6E2M3", 6}, 28: {"FLOAT6E3M2", 6},
}

// inspectONNX reads a ModelProto. Nothing marks a file as one, so what has no
// version and no graph is not taken for one. The Tensors are the initializers
// of the main graph; those within nodes are only asked where their bytes are.
func inspectONNX(f *file) (*Model, error) {
	o := &onnxFile{cursor: f.cursor(ONNX, 0, f.size), model: &Model{Format: ONNX}, seen: make(names)}
	o.file()
	return o.model, o.err
}

type onnxFile struct {
	*cursor
	model *Model
	seen  names // of the initializers
}

// A singular is the set of fields that a message had so far. Of those that may
// stand once, protocol buffers let the last one win or merge all, which readers
// do differently.
type singular uint64

func (s *singular) only(c *cursor, f field) {
	if *s&(1<<f.num) != 0 {
		c.broken("", "field %d stands twice", f.num)
	}
	*s |= 1 << f.num
}

func (o *onnxFile) file() {
	var seen singular
	for f := range o.fields(o.end) {
		if f.num <= 7 {
			seen.only(o.cursor, f)
		}
		switch f.num {
		case 1:
			o.model.Version = fmt.Sprint(o.integer(f))
		case 2:
			o.model.note("producer_name", o.prose(f))
		case 3:
			o.model.note("producer_version", o.prose(f))
		case 4:
			o.model.note("domain", o.prose(f))
		case 5:
			o.model.note("model_version", fmt.Sprint(o.integer(f)))
		case 6:
			o.model.note("doc_string", o.prose(f))
		case 7:
			o.graph(o.message(f), 0)
		case 8:
			o.opset(o.message(f))
		case 14:
			key, value := o.pair(o.message(f))
			o.model.note("metadata."+key, value)
		case 20:
			o.training(o.message(f))
		case 25:
			o.function(o.message(f))
		}
	}
	if seen&(1<<1) == 0 || seen&(1<<7) == 0 {
		o.broken("", "has no ir_version or no graph")
	}
}

func (o *onnxFile) opset(end int64) {
	domain, version := "", int64(0)
	for f := range o.fields(end) {
		switch f.num {
		case 1:
			domain = o.prose(f)
		case 2:
			version = o.integer(f)
		}
	}
	if domain == "" {
		domain = "ai.onnx"
	}
	o.model.note("opset."+domain, fmt.Sprint(version))
}

// pair reads a key and a value.
func (o *onnxFile) pair(end int64) (key, value string) {
	for f := range o.fields(end) {
		switch f.num {
		case 1:
			key = o.prose(f)
		case 2:
			value = o.prose(f)
		}
	}
	return key, value
}

func (o *onnxFile) training(end int64) {
	for f := range o.fields(end) {
		if f.num == 1 || f.num == 2 {
			o.graph(o.message(f), 1)
		}
	}
}

func (o *onnxFile) function(end int64) {
	for f := range o.fields(end) {
		if f.num == 7 {
			o.node(o.message(f), 1)
		}
	}
}

// graph reads a graph; the main one has depth 0.
func (o *onnxFile) graph(end int64, depth int) {
	if depth > maxDepth {
		o.broken("graph", "graphs nest deeper than %d", maxDepth)
	}
	for f := range o.fields(end) {
		switch {
		case f.num == 1:
			o.node(o.message(f), depth)
		case f.num == 5:
			o.initializer(o.tensor(o.message(f)), depth)
		case f.num == 15:
			o.sparse(o.message(f))
		case f.num == 2 && depth == 0:
			o.model.note("graph", o.prose(f))
		case f.num == 11 && depth == 0:
			o.value("input.", o.message(f))
		case f.num == 12 && depth == 0:
			o.value("output.", o.message(f))
		}
	}
}

func (o *onnxFile) node(end int64, depth int) {
	for f := range o.fields(end) {
		if f.num == 5 {
			o.attribute(o.message(f), depth)
		}
	}
}

func (o *onnxFile) attribute(end int64, depth int) {
	for f := range o.fields(end) {
		switch f.num {
		case 5, 10:
			o.tensor(o.message(f))
		case 6, 11:
			o.graph(o.message(f), depth+1)
		case 22, 23:
			o.sparse(o.message(f))
		}
	}
}

// sparse reads the two tensors of a sparse one.
func (o *onnxFile) sparse(end int64) {
	for f := range o.fields(end) {
		if f.num == 1 || f.num == 2 {
			o.tensor(o.message(f))
		}
	}
}

func (o *onnxFile) initializer(t Tensor, depth int) {
	if depth > 0 || o.err != nil {
		return
	}
	if !o.seen.add(t.Name) {
		o.broken(quote("initializer", t.Name), "stands twice")
	}
	if len(o.model.Tensors) == maxTensors {
		o.broken("graph", "there are more than %d initializers", maxTensors)
	}
	o.model.Tensors = append(o.model.Tensors, t)
}

// tensor reads a TensorProto. Only raw data is the bytes of the tensor; numbers
// may also stand in fields of their own, as protocol buffers encode them.
func (o *onnxFile) tensor(end int64) Tensor {
	t := Tensor{Shape: []int64{}}
	raw := field{size: -1}
	kind, numbers := int64(0), false
	var seen singular
	for f := range o.fields(end) {
		switch f.num {
		case 1:
			t.Shape = o.integers(f, t.Shape, maxRank)
		case 2:
			seen.only(o.cursor, f)
			kind = o.integer(f)
		case 4, 5, 6, 7, 10, 11:
			numbers = numbers || f.size > 0 || f.wire != wireBytes
		case 8:
			seen.only(o.cursor, f)
			t.Name = o.name(f)
		case 9:
			seen.only(o.cursor, f)
			o.want(f, wireBytes)
			raw, t.Offset = f, o.off
		case 13:
			o.external(&t, o.message(f))
		}
	}
	if raw.size >= 0 && (numbers || t.External != "") {
		o.broken(quote("tensor", t.Name), "has its data twice")
	}
	o.size(&t, kind, raw)
	return t
}

// size works out how many bytes a tensor has and compares that with raw data.
func (o *onnxFile) size(t *Tensor, kind int64, raw field) {
	field := quote("tensor", t.Name)
	if kind < 1 || kind >= int64(len(onnxTypes)) {
		o.broken(field, "has the unknown data_type %d", kind)
		return
	}
	t.DType = onnxTypes[kind].name
	elements, ok := bytesFor(t.Shape, 8)
	if elements > maxElements {
		elements, ok = 0, false
	}
	size := (elements*onnxTypes[kind].bits + 7) / 8 // the last byte may have bits to spare
	switch {
	case !ok:
		o.broken(field, "%d × %s is more than a file can hold", t.Shape, t.DType)
	case raw.size >= 0 && raw.size != size:
		o.broken(field, "%d × %s are %d bytes, raw_data is %d", t.Shape, t.DType, size, raw.size)
	}
	t.Size = size
}

// external reads where the bytes of a tensor are kept. Programs open that path
// from the folder of the model.
func (o *onnxFile) external(t *Tensor, end int64) {
	key, value := o.pair(end)
	if key != "location" {
		return
	}
	if t.External != "" {
		o.broken(quote("tensor", t.Name), "has two external locations")
	}
	t.External = clip(value, maxValue)
	if leavesFolder(value) {
		o.model.warn("tensor %q is kept in %q, which leaves the folder of the model", clip(t.Name, 100), clip(value, 100))
	}
}

// leavesFolder reports whether on any system a path may lead out of the folder
// it is relative to.
func leavesFolder(path string) bool {
	return strings.Contains(path, ":") || climbs(strings.ReplaceAll(path, `\`, "/"))
}

// climbs reports whether a path with slashes is absolute, goes up, or is none.
func climbs(path string) bool {
	return strings.HasPrefix(path, "/") || strings.Contains(path, "\x00") ||
		slices.Contains(strings.Split(path, "/"), "..")
}

// value notes an input or output: its name, type and shape.
func (o *onnxFile) value(kind string, end int64) {
	name, shape := "", ""
	for f := range o.fields(end) {
		switch f.num {
		case 1:
			name = o.prose(f)
		case 2:
			shape = o.valueType(o.message(f))
		}
	}
	o.model.note(kind+name, shape)
}

// valueType shows a TypeProto: a tensor as FLOAT[N,3], another type as a word.
func (o *onnxFile) valueType(end int64) string {
	shown := "unknown"
	for f := range o.fields(end) {
		switch f.num {
		case 1, 8:
			shown = o.tensorType(o.message(f))
		case 4:
			shown = "sequence"
		case 5:
			shown = "map"
		case 7:
			shown = "opaque"
		case 9:
			shown = "optional"
		}
	}
	return shown
}

func (o *onnxFile) tensorType(end int64) string {
	kind, shape := int64(0), ""
	for f := range o.fields(end) {
		switch f.num {
		case 1:
			kind = o.integer(f)
		case 2:
			shape = "[" + strings.Join(o.dims(o.message(f)), ",") + "]"
		}
	}
	if kind < 1 || kind >= int64(len(onnxTypes)) {
		return fmt.Sprintf("type %d%s", kind, shape)
	}
	return onnxTypes[kind].name + shape
}

// dims reads a shape, whose dimensions are numbers, names or unknown.
func (o *onnxFile) dims(end int64) []string {
	var list []string
	for f := range o.fields(end) {
		if f.num != 1 {
			continue
		}
		if len(list) == maxRank {
			o.broken("shape", "has more than %d dimensions", maxRank)
		}
		list = append(list, o.dim(o.message(f)))
	}
	return list
}

func (o *onnxFile) dim(end int64) string {
	shown := "?"
	for f := range o.fields(end) {
		switch f.num {
		case 1:
			shown = fmt.Sprint(o.integer(f))
		case 2:
			shown = o.prose(f)
		}
	}
	return shown
}
