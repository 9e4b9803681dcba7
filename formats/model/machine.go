package model

import "slices"

// Limits of what a machine keeps.
const (
	maxStack  = 1 << 20
	maxKept   = 32 << 20 // bytes, about
	maxItems  = 64       // of a tuple or a dict
	maxString = 256      // bytes
)

// A machine goes through one pickle as Python would, but makes nothing of it
// except what names an import or measures an array of joblib: texts, integers,
// small tuples and dicts, and calls. Any other value is nil.
type machine struct {
	*cursor
	found *pickles
	stack []any
	marks []int // heights of the stack
	memo  map[int64]any
	kept  int
	built func(*object) // called when an object gets its state; may be nil
	done  bool
}

func newMachine(c *cursor, found *pickles) *machine {
	return &machine{cursor: c, found: found, memo: make(map[int64]any)}
}

// What a machine makes of values, beside string, int64 and [tuple].
type (
	// global is an import.
	global string

	// nothing is None.
	nothing struct{}

	// object is what an import was called to make.
	object struct {
		class global
		args  tuple
		state any
	}

	// mapping is a dict. It is unknown once it has a key that is.
	mapping struct {
		items   map[string]any
		unknown bool
	}
)

// run goes up to the end of the pickle.
func (m *machine) run() {
	for m.err == nil && !m.done {
		m.step()
	}
}

func (m *machine) step() {
	at := m.off
	code := m.u8()
	op := opcodes[code]
	if op.name == "" {
		m.brokenAt(at, "", "there is no opcode %#02x", code)
		return
	}
	arg := m.argument(op.arg)
	taken := m.take(op.takes)
	if op.looks {
		m.top()
	}
	if m.err != nil {
		return
	}
	result := m.do(code, arg, taken)
	if op.push {
		m.push(result)
	}
}

// do makes what an opcode pushes of its argument and what it took.
func (m *machine) do(code byte, arg any, taken []any) any {
	switch code {
	case opProto:
		m.found.protocol(m.cursor, arg)
	case opStop:
		m.done = true
	case opMark:
		m.mark()
	case opPop:
		m.pop()
	case opDup:
		return m.top()
	case opNone:
		return nothing{}
	case opGet, opBinGet, opLongBinGet:
		return m.get(arg)
	case opPut, opBinPut, opLongBinPut:
		m.put(arg)
	case opMemoize:
		m.put(int64(len(m.memo)))
	case opTuple, opEmptyTuple, opTuple1, opTuple2, opTuple3:
		return m.tuple(taken)
	case opEmptyDict, opDict:
		return m.mapping(taken)
	case opSetItem, opSetItems:
		m.setItems(m.top(), taken)
	case opExt1, opExt2, opExt4:
		return m.imported("?")
	case opGlobal:
		return m.imported(arg)
	case opInst:
		m.imported(arg)
	case opStackGlobal:
		return m.imported(join(taken[0], taken[1]))
	case opReduce, opNewObj, opNewObjEx:
		return m.object(taken)
	case opBuild:
		m.build(m.top(), taken[0])
	default:
		return arg
	}
	return nil
}

// fence is how far down values may be taken.
func (m *machine) fence() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

// take removes the upper n values, or all above the last mark and that. They
// are good until the next push.
func (m *machine) take(n int) []any {
	if n == marked {
		if len(m.marks) == 0 {
			m.broken("", "an opcode asks for a mark, and there is none")
			return nil
		}
		n = len(m.stack) - m.fence()
		m.marks = m.marks[:len(m.marks)-1]
	} else if len(m.stack)-n < m.fence() {
		m.broken("", "an opcode takes more from the stack than there is")
		return nil
	}
	taken := m.stack[len(m.stack)-n:]
	m.stack = m.stack[:len(m.stack)-n]
	return taken
}

// pop removes the last value, or the last mark if that is above it.
func (m *machine) pop() {
	if len(m.marks) > 0 && m.fence() == len(m.stack) {
		m.take(marked)
		return
	}
	m.take(1)
}

func (m *machine) mark() {
	if len(m.marks) == maxStack {
		m.broken("", "there are more than %d marks on the stack", maxStack)
		return
	}
	m.marks = append(m.marks, len(m.stack))
}

func (m *machine) top() any {
	if m.err != nil || len(m.stack) == m.fence() {
		m.broken("", "an opcode looks at the stack, and it is empty")
		return nil
	}
	return m.stack[len(m.stack)-1]
}

func (m *machine) push(v any) {
	if len(m.stack) == maxStack {
		m.broken("", "there are more than %d values on the stack", maxStack)
		return
	}
	m.stack = append(m.stack, v)
}

// keep reports whether there is room for n more bytes of values. Once there is
// not, the machine has forgotten the memo, and all values from then on are
// unknown, so that imports by them are too: better that than a wrong name.
func (m *machine) keep(n int) bool {
	if m.kept += n; m.kept > maxKept {
		m.memo = nil
	}
	return m.kept <= maxKept
}

func (m *machine) get(arg any) any {
	if m.kept > maxKept {
		return nil
	}
	i, isNumber := arg.(int64)
	v, ok := m.memo[i]
	if !isNumber || !ok {
		m.broken("memo", "an opcode asks for a value that was not put there")
	}
	return v
}

func (m *machine) put(arg any) {
	i, ok := arg.(int64)
	if !ok || i < 0 {
		m.broken("memo", "a place is no number, or a negative one")
		return
	}
	const size = 48 // bytes of an entry, about
	if m.keep(size) {
		m.memo[i] = m.top()
	}
}

func (m *machine) tuple(items []any) any {
	if len(items) > maxItems || !m.keep(24+16*len(items)) {
		return nil
	}
	return tuple(slices.Clone(items))
}

func (m *machine) mapping(items []any) any {
	const size = 64
	if !m.keep(size) {
		return nil
	}
	d := &mapping{}
	m.setItems(d, items)
	return d
}

// setItems sets keys, each before its value, in what may be a mapping.
func (m *machine) setItems(v any, items []any) {
	d, ok := v.(*mapping)
	if len(items)%2 != 0 {
		m.broken("", "a key of a dict has no value")
	}
	if !ok || m.err != nil {
		return
	}
	for ; len(items) > 0; items = items[2:] {
		key, ok := items[0].(string)
		if d.unknown = d.unknown || !ok || len(d.items) == maxItems || !m.keep(48); d.unknown {
			d.items = nil
			return
		}
		if d.items == nil {
			d.items = make(map[string]any)
		}
		d.items[key] = items[1]
	}
}

// imported records an import.
func (m *machine) imported(name any) any {
	s, ok := name.(string)
	if !ok {
		s = "?"
	}
	m.found.global(m.cursor, s)
	if !m.keep(len(s) + 16) {
		return nil
	}
	return global(s)
}

// join returns the name of an import by its two parts, nil if one is unknown.
func join(module, name any) any {
	a, ok := module.(string)
	b, also := name.(string)
	if !ok || !also {
		return nil
	}
	return a + "." + b
}

// object is what calling the first of the values makes.
func (m *machine) object(call []any) any {
	class, ok := call[0].(global)
	const size = 80
	if !ok || !m.keep(size) {
		return nil
	}
	args, _ := call[1].(tuple)
	return &object{class: class, args: args}
}

// build gives an object its state.
func (m *machine) build(v, state any) {
	o, ok := v.(*object)
	if !ok {
		return
	}
	o.state = state
	if m.built != nil {
		m.built(o)
	}
}
