package model

import (
	"strconv"
	"strings"
)

// passArray passes over the numbers of an array, which joblib writes right
// after the object that describes it.
func (m *machine) passArray(o *object) {
	if !strings.HasSuffix(string(o.class), "joblib.numpy_pickle.NumpyArrayWrapper") {
		return
	}
	m.found.joblib = true
	a, ok := joblibArrayOf(o)
	switch {
	case !ok:
		m.found.warn("the array at byte %d cannot be measured, so what follows was not read", m.off)
		m.found.global(m.cursor, "?")
		m.found.lost, m.done = true, true
	case a.object:
		newMachine(m.cursor, m.found).run()
	default:
		if a.padded {
			m.skip(int64(m.u8()))
		}
		m.skip(a.size)
	}
	o.class = ""
}

// A joblibArray is what stands among the opcodes after an object that describes
// it.
type joblibArray struct {
	size   int64 // bytes
	padded bool  // it comes after a byte, and as many more as that says
	object bool  // it is a pickle
}

// joblibArrayOf measures the array that o describes, if enough of that is
// known.
func joblibArrayOf(o *object) (a joblibArray, ok bool) {
	state, ok := o.state.(*mapping)
	if !ok {
		return a, false
	}
	dtype, ok := state.items["dtype"].(*object)
	if !ok || dtype.class != "numpy.dtype" {
		return a, false
	}
	element, ok := dtypeOf(dtype)
	if !ok || element.object {
		return joblibArray{object: element.object}, ok
	}
	dims, ok := state.items["shape"].(tuple)
	shape := lengths(dims)
	if !ok || shape == nil {
		return a, false
	}
	alignment, given := state.items["numpy_array_alignment_bytes"]
	a.padded = given && alignment != nothing{}
	a.size, ok = bytesFor(shape, 8*element.size)
	return a, ok
}

// Places in the state of a pickled dtype.
const (
	dtypeSize  = 5 // bytes of an element, -1 if its name says it
	dtypeFlags = 7
	hasObject  = 1 // one of the flags
)

// dtypeOf says what a pickled dtype is: its name, which is a letter and perhaps
// a number of bytes, and a state.
func dtypeOf(o *object) (npyElement, bool) {
	state, ok := o.state.(tuple)
	if !ok || len(state) <= dtypeFlags || len(o.args) == 0 {
		return npyElement{}, false
	}
	name, _ := o.args[0].(string)
	size, known := state[dtypeSize].(int64)
	flags, alsoKnown := state[dtypeFlags].(int64)
	if name == "" || !known || !alsoKnown {
		return npyElement{}, false
	}
	if flags&hasObject != 0 || strings.HasPrefix(name, "O") {
		return npyElement{object: true}, true
	}
	if size < 0 {
		var err error
		size, err = strconv.ParseInt(name[1:], 10, 32)
		ok = err == nil && size >= 0
	}
	return npyElement{size: size}, ok
}
