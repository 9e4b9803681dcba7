package store

import (
	"context"
	"io"
	"os"
)

// A Composer is a [Store] that makes a large object of parts, which are sent, or
// copied from objects that it has, side by side and in any order. Where a Store
// has these methods and the one behind it cannot do it, as with [WithPrefix], they
// return [errors.ErrUnsupported].
type Composer interface {
	Store

	// Limits says what the parts of a composition may be.
	Limits() Limits

	// Compose begins an object of size bytes at key. There is no such object before
	// it is completed.
	Compose(ctx context.Context, key string, size int64, o *ComposeOptions) (Composition, error)

	// Compositions returns those of key that were begun, by any process, and neither
	// completed nor aborted. A composition with copies may be missing.
	Compositions(ctx context.Context, key string) ([]Composition, error)
}

// Limits are those of the parts of one object. All parts but the last have at
// least MinPart bytes.
type Limits struct {
	MinPart, MaxPart int64 // bytes
	MinCopy          int64 // bytes of a part that is copied; zero if none can be
	Parts            int   // of one object
}

// ComposeOptions say what a composition will be. Nil is the default.
type ComposeOptions struct {
	Copies bool // some parts will be copied
}

// A Composition is an object in the making. Put and Copy may be called by several
// goroutines at once; each part is checked against its checksum as [Store.Create]
// checks a body. Errors are those of a [Store]; the operation is "create".
type Composition interface {
	// Put stores part p, whose bytes body has. It may be called again for the same
	// part. The Part it returns is for Complete.
	Put(ctx context.Context, p Part, body *io.SectionReader) (Part, error)

	// Copy is Put of bytes that lie at off in the object from as well. The body is
	// what the copy is checked against; a difference is ErrChecksum. It is
	// [errors.ErrUnsupported] if the server cannot copy or the copy not be checked.
	Copy(ctx context.Context, p Part, body *io.SectionReader, from string, off int64) (Part, error)

	// Find returns those of the parts that are stored already, with these checksums,
	// for Complete.
	Find(ctx context.Context, parts []Part) ([]Part, error)

	// Complete makes the object of all its parts, in their order, if there is none
	// at the key yet: otherwise it fails with fs.ErrExist. The object is checked
	// against sum. As with Create, whoever is not answered does not know.
	Complete(ctx context.Context, parts []Part, sum Checksum) error

	// Abort discards what was stored. What it cannot discard is left to the server.
	Abort(ctx context.Context)
}

// A Part is a range of the bytes of an object in the making.
type Part struct {
	Number    int // from 1
	Off, Size int64
	Sum       Checksum
	Tag       string // of what is stored; the driver's own
}

// A FileReader is an [io.ReaderAt] whose bytes are those of an open file, at the same
// offsets. A driver may have the kernel send them, and then tells Sent, which
// ReadAt does by itself.
type FileReader interface {
	io.ReaderAt
	File() *os.File
	Sent(off, n int64)
}
