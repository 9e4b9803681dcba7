package model

// maxProtocol is the newest protocol of pickle.
const maxProtocol = 5

// An argument is what follows an opcode in the file.
type argument byte

const (
	none argument = iota

	// So many bytes, of which nothing is kept.
	bytes1
	bytes2
	bytes4
	bytes8

	// A length of so many bytes, and as many bytes as it says.
	counted1
	counted4
	counted8
	signed4 // a length that may not be negative
	long1   // the bytes are an integer
	text1   // the bytes are text
	text4
	text8
	ascii1 // the bytes are text of Python 2
	ascii4 // the same, and the length may not be negative

	// An integer of so many bytes.
	uint1
	uint2
	uint4
	int4

	// A line.
	line
	decimal     // an integer
	float       // a number
	quoted      // text in quotes
	escaped     // text
	importLines // two lines: module and name
)

// marked says that an opcode takes all down to the last mark.
const marked = -1

// An opcode takes some values off the stack, may look at the one below them,
// and may push one.
type opcode struct {
	name  string
	arg   argument
	takes int
	looks bool
	push  bool
}

// Opcodes that do more than move values.
const (
	opMark        = '('
	opStop        = '.'
	opPop         = '0'
	opPopMark     = '1'
	opDup         = '2'
	opNone        = 'N'
	opReduce      = 'R'
	opBuild       = 'b'
	opGlobal      = 'c'
	opDict        = 'd'
	opEmptyDict   = '}'
	opGet         = 'g'
	opBinGet      = 'h'
	opLongBinGet  = 'j'
	opInst        = 'i'
	opObj         = 'o'
	opPut         = 'p'
	opBinPut      = 'q'
	opLongBinPut  = 'r'
	opSetItem     = 's'
	opSetItems    = 'u'
	opTuple       = 't'
	opEmptyTuple  = ')'
	opProto       = 0x80
	opNewObj      = 0x81
	opExt1        = 0x82
	opExt2        = 0x83
	opExt4        = 0x84
	opTuple1      = 0x85
	opTuple2      = 0x86
	opTuple3      = 0x87
	opNewObjEx    = 0x92
	opStackGlobal = 0x93
	opMemoize     = 0x94
)

// opcodes are those of all protocols, 0 to 5.
var opcodes = [256]opcode{
	'I':  {"INT", decimal, 0, false, true},
	'J':  {"BININT", int4, 0, false, true},
	'K':  {"BININT1", uint1, 0, false, true},
	'M':  {"BININT2", uint2, 0, false, true},
	'L':  {"LONG", decimal, 0, false, true},
	0x8a: {"LONG1", long1, 0, false, true},
	0x8b: {"LONG4", signed4, 0, false, true},

	'S': {"STRING", quoted, 0, false, true},
	'T': {"BINSTRING", ascii4, 0, false, true},
	'U': {"SHORT_BINSTRING", ascii1, 0, false, true},

	'B':  {"BINBYTES", counted4, 0, false, true},
	'C':  {"SHORT_BINBYTES", counted1, 0, false, true},
	0x8e: {"BINBYTES8", counted8, 0, false, true},
	0x96: {"BYTEARRAY8", counted8, 0, false, true},
	0x97: {"NEXT_BUFFER", none, 0, false, true},
	0x98: {"READONLY_BUFFER", none, 1, false, true},

	opNone: {"NONE", none, 0, false, true},
	0x88:   {"NEWTRUE", none, 0, false, true},
	0x89:   {"NEWFALSE", none, 0, false, true},

	'V':  {"UNICODE", escaped, 0, false, true},
	'X':  {"BINUNICODE", text4, 0, false, true},
	0x8c: {"SHORT_BINUNICODE", text1, 0, false, true},
	0x8d: {"BINUNICODE8", text8, 0, false, true},

	'F': {"FLOAT", float, 0, false, true},
	'G': {"BINFLOAT", bytes8, 0, false, true},

	']': {"EMPTY_LIST", none, 0, false, true},
	'a': {"APPEND", none, 1, true, false},
	'e': {"APPENDS", none, marked, true, false},
	'l': {"LIST", none, marked, false, true},

	opEmptyTuple: {"EMPTY_TUPLE", none, 0, false, true},
	opTuple:      {"TUPLE", none, marked, false, true},
	opTuple1:     {"TUPLE1", none, 1, false, true},
	opTuple2:     {"TUPLE2", none, 2, false, true},
	opTuple3:     {"TUPLE3", none, 3, false, true},

	opEmptyDict: {"EMPTY_DICT", none, 0, false, true},
	opDict:      {"DICT", none, marked, false, true},
	opSetItem:   {"SETITEM", none, 2, true, false},
	opSetItems:  {"SETITEMS", none, marked, true, false},

	0x8f: {"EMPTY_SET", none, 0, false, true},
	0x90: {"ADDITEMS", none, marked, true, false},
	0x91: {"FROZENSET", none, marked, false, true},

	opPop:     {"POP", none, 0, false, false},
	opDup:     {"DUP", none, 0, true, true},
	opMark:    {"MARK", none, 0, false, false},
	opPopMark: {"POP_MARK", none, marked, false, false},

	opGet:        {"GET", decimal, 0, false, true},
	opBinGet:     {"BINGET", uint1, 0, false, true},
	opLongBinGet: {"LONG_BINGET", uint4, 0, false, true},
	opPut:        {"PUT", decimal, 0, true, false},
	opBinPut:     {"BINPUT", uint1, 0, true, false},
	opLongBinPut: {"LONG_BINPUT", uint4, 0, true, false},
	opMemoize:    {"MEMOIZE", none, 0, true, false},

	opExt1:        {"EXT1", bytes1, 0, false, true},
	opExt2:        {"EXT2", bytes2, 0, false, true},
	opExt4:        {"EXT4", bytes4, 0, false, true},
	opGlobal:      {"GLOBAL", importLines, 0, false, true},
	opStackGlobal: {"STACK_GLOBAL", none, 2, false, true},

	opReduce:   {"REDUCE", none, 2, false, true},
	opBuild:    {"BUILD", none, 1, true, false},
	opInst:     {"INST", importLines, marked, false, true},
	opObj:      {"OBJ", none, marked, false, true},
	opNewObj:   {"NEWOBJ", none, 2, false, true},
	opNewObjEx: {"NEWOBJ_EX", none, 3, false, true},

	opProto: {"PROTO", uint1, 0, false, false},
	opStop:  {"STOP", none, 1, false, false},
	0x95:    {"FRAME", bytes8, 0, false, false},

	'P': {"PERSID", line, 0, false, true},
	'Q': {"BINPERSID", none, 1, false, true},
}
