package model

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of GGUF, above what llama.cpp writes and reads.
const (
	maxGGUFPairs     = 1 << 16
	maxGGUFRank      = 4
	maxGGUFName      = 256
	maxGGUFArray     = 16 // elements that are shown
	maxGGUFAlignment = 1 << 16
)

// Types of GGUF metadata that are read in a way of their own.
const (
	ggufUint32 = 4
	ggufString = 8
	ggufArray  = 9
)

// ggufScalars says how many bytes a value takes and how they are shown.
var ggufScalars = map[uint32]struct {
	name string
	size int64
	show func(bits uint64) string
}{
	0:  {"uint8", 1, func(b uint64) string { return fmt.Sprint(uint8(b)) }},
	1:  {"int8", 1, func(b uint64) string { return fmt.Sprint(int8(b)) }},
	2:  {"uint16", 2, func(b uint64) string { return fmt.Sprint(uint16(b)) }},
	3:  {"int16", 2, func(b uint64) string { return fmt.Sprint(int16(b)) }},
	4:  {"uint32", 4, func(b uint64) string { return fmt.Sprint(uint32(b)) }},
	5:  {"int32", 4, func(b uint64) string { return fmt.Sprint(int32(b)) }},
	6:  {"float32", 4, func(b uint64) string { return fmt.Sprint(math.Float32frombits(uint32(b))) }},
	7:  {"bool", 1, func(b uint64) string { return fmt.Sprint(b != 0) }},
	10: {"uint64", 8, func(b uint64) string { return fmt.Sprint(b) }},
	11: {"int64", 8, func(b uint64) string { return fmt.Sprint(int64(b)) }},
	12: {"float64", 8, func(b uint64) string { return fmt.Sprint(math.Float64frombits(b)) }},
}

// ggmlTypes are the types of tensors: so many elements make a block, and a
// block takes so many bytes.
var ggmlTypes = map[uint32]struct {
	name            string
	elements, bytes int64
}{
	0: {"F32", 1, 4}, 1: {"F16", 1, 2}, 2: {"Q4_0", 32, 18}, 3: {"Q4_1", 32, 20},
	6: {"Q5_0", 32, 22}, 7: {"Q5_1", 32, 24}, 8: {"Q8_0", 32, 34}, 9: {"Q8_1", 32, 40},
	10: {"Q2_K", 256, 84}, 11: {"Q3_K", 256, 110}, 12: {"Q4_K", 256, 144},
	13: {"Q5_K", 256, 176}, 14: {"Q6_K", 256, 210}, 15: {"Q8_K", 256, 292},
	16: {"IQ2_XXS", 256, 66}, 17: {"IQ2_XS", 256, 74}, 18: {"IQ3_XXS", 256, 98},
	19: {"IQ1_S", 256, 50}, 20: {"IQ4_NL", 32, 18}, 21: {"IQ3_S", 256, 110},
	22: {"IQ2_S", 256, 82}, 23: {"IQ4_XS", 256, 136}, 24: {"I8", 1, 1}, 25: {"I16", 1, 2},
	26: {"I32", 1, 4}, 27: {"I64", 1, 8}, 28: {"F64", 1, 8}, 29: {"IQ1_M", 256, 56},
	30: {"BF16", 1, 2}, 34: {"TQ1_0", 256, 54}, 35: {"TQ2_0", 256, 66},
	39: {"MXFP4", 32, 17}, 40: {"NVFP4", 64, 36}, 41: {"Q1_0", 128, 18},
}

// inspectGGUF reads the metadata, what it says of each tensor, and after that
// nothing but tensors, each aligned.
func inspectGGUF(f *file) (*Model, error) {
	g := &ggufFile{cursor: f.cursor(GGUF, 0, f.size), model: &Model{Format: GGUF}, alignment: 32}
	g.skip(int64(len("GGUF")))
	version := g.u32()
	if version != 2 && version != 3 {
		g.broken("version", "%d is not 2 or 3, or the file is big-endian", version)
	}
	g.model.Version = fmt.Sprint(version)
	tensors, pairs := g.length(), g.length()
	if tensors < 0 || tensors > maxTensors || pairs < 0 || pairs > maxGGUFPairs {
		g.broken("header", "there are more than %d tensors or %d pairs", maxTensors, maxGGUFPairs)
	}
	g.pairs(pairs)
	g.tensors(tensors)
	return g.model, g.err
}

type ggufFile struct {
	*cursor
	model     *Model
	alignment int64
}

func (g *ggufFile) pairs(n int64) {
	seen := make(names)
	for ; n > 0 && g.err == nil; n-- {
		key := g.name("key", math.MaxUint16)
		if !seen.add(key) {
			g.broken(quote("key", key), "stands twice")
		}
		kind := g.u32()
		value := g.value(quote("key", key), kind)
		g.model.note(key, value)
		if key == "general.alignment" {
			g.align(kind, value)
		}
	}
}

func (g *ggufFile) align(kind uint32, value string) {
	n, err := strconv.ParseInt(value, 10, 64)
	if kind != ggufUint32 || err != nil || bits.OnesCount64(uint64(n)) != 1 || n > maxGGUFAlignment {
		g.broken("general.alignment", "is not a power of two up to %d of type uint32", maxGGUFAlignment)
		return
	}
	g.alignment = n
}

// value reads one value and returns how it is shown.
func (g *ggufFile) value(field string, kind uint32) string {
	switch kind {
	case ggufString:
		return g.string()
	case ggufArray:
		return g.array(field)
	}
	scalar, ok := ggufScalars[kind]
	if !ok {
		g.broken(field, "has the unknown type %d", kind)
		return ""
	}
	var value uint64
	for i := range scalar.size {
		value |= uint64(g.u8()) << (8 * i)
	}
	return scalar.show(value)
}

// string reads a text, and of a long one as much as is ever shown.
func (g *ggufFile) string() string {
	n := g.length()
	shown := min(n, maxValue+1)
	s := g.text(shown, maxValue+1)
	g.skip(n - shown)
	return s
}

// array reads an array. Vocabularies have hundreds of thousands of elements, so
// of a long one only the length is shown.
func (g *ggufFile) array(field string) string {
	kind, n := g.u32(), g.length()
	if n < 0 || kind == ggufArray {
		g.broken(field, "is an array of arrays, or of more elements than a file can hold")
	}
	if n <= maxGGUFArray {
		shown := make([]string, 0, max(n, 0))
		for ; n > 0 && g.err == nil; n-- {
			shown = append(shown, g.value(field, kind))
		}
		return "[" + strings.Join(shown, " ") + "]"
	}
	if kind == ggufString {
		for i := n; i > 0 && g.err == nil; i-- {
			g.skip(g.length())
		}
		return fmt.Sprintf("[%d × string]", n)
	}
	scalar, ok := ggufScalars[kind]
	if !ok || n > g.end/scalar.size {
		g.broken(field, "is an array of unknown type, or longer than the file")
		return ""
	}
	g.skip(n * scalar.size)
	return fmt.Sprintf("[%d × %s]", n, scalar.name)
}

func (g *ggufFile) name(thing string, limit int64) string {
	s := g.text(g.length(), limit)
	if !utf8.ValidString(s) {
		g.broken(quote(thing, s), "is not UTF-8")
	}
	return s
}

func (g *ggufFile) tensors(n int64) {
	seen := make(names)
	var list []Tensor
	for ; n > 0 && g.err == nil; n-- {
		t := g.tensor()
		if !seen.add(t.Name) {
			g.broken(quote("tensor", t.Name), "stands twice")
		}
		list = append(list, t)
	}
	start := g.off
	if over := start % g.alignment; over != 0 && len(list) > 0 {
		start += g.alignment - over
	}
	for i := range list {
		list[i].Offset += start
	}
	if g.err == nil {
		g.checkLayout(list, start, g.end, g.alignment-1)
	}
	g.model.Tensors = list
}

// tensor reads what the header says of a tensor. Its Offset is still counted
// from where the tensors begin.
func (g *ggufFile) tensor() Tensor {
	t := Tensor{Name: g.name("tensor", maxGGUFName)}
	field := quote("tensor", t.Name)
	rank := g.u32()
	if rank > maxGGUFRank {
		g.broken(field, "has %d dimensions, more than %d", rank, maxGGUFRank)
		return t
	}
	t.Shape = make([]int64, rank)
	for i := range t.Shape {
		t.Shape[i] = g.length()
	}
	g.size(&t, field, g.u32())
	t.Offset = g.length()
	if t.Offset < 0 || t.Offset > g.end || t.Offset%g.alignment != 0 {
		g.broken(field, "its offset is beyond the file, or no multiple of %d", g.alignment)
	}
	return t
}

// size works out the bytes of a tensor, whose rows are whole blocks.
func (g *ggufFile) size(t *Tensor, field string, kind uint32) {
	block, ok := ggmlTypes[kind]
	if !ok {
		g.broken(field, "has the unknown type %d", kind)
		return
	}
	blocks := append([]int64{1}, t.Shape...)
	row := &blocks[min(1, len(blocks)-1)]
	if *row%block.elements != 0 {
		g.broken(field, "a row of %d elements is no whole number of blocks of %s", *row, block.name)
	}
	*row /= block.elements
	if t.Size, ok = bytesFor(blocks, 8*block.bytes); !ok {
		g.broken(field, "%d × %s is more than a file can hold", t.Shape, block.name)
	}
	t.DType = block.name
}
