// Package store defines what an object store must do for cairn, and what its
// errors mean. The drivers are in the packages below it; [Store] is the
// contract they meet, storetest the suite that says whether they do, and
// package open the way from a URL to a Store.
//
// # What a store promises
//
//  1. An object appears whole or not at all, under one name, at one moment.
//  2. Of any number of concurrent Creates of one key, exactly one succeeds.
//  3. Of any number of concurrent Swaps with one token, exactly one succeeds.
//  4. What was acknowledged is durable, and every later read and listing, by
//     anyone, sees it.
//
// In return a caller never uses a key together with one that extends it by a
// "/": where "a/b" is an object there is no "a/b/c".
//
// There is no call that replaces an object blindly. A store that ignores the
// conditions of 2 and 3 is no store for cairn; package doctor finds out.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// A Store holds immutable objects and a few swappable ones, addressed by key.
// It is safe for concurrent use. Every error it returns is an [*Error] that
// names the operation and the key; what it means is asked with errors.Is:
//
//	fs.ErrNotExist    there is no such object
//	fs.ErrExist       Create: there is one already
//	ErrConflict       Swap: the object is not in the state the token names
//	fs.ErrPermission  the credentials were refused
//	ErrNoStore        there is no such bucket or folder
//	ErrChecksum       Create: the body is not what its checksum says
//	fs.ErrInvalid     the key is not a ValidKey, or the body larger than MaxSwap
//	ErrTemporary      it may succeed if tried again
//	ErrThrottled      the same, later and with fewer requests at a time
//
// A Create or Swap that fails with ErrTemporary, or because its context ended,
// may have taken effect or may still do so. A driver never tries such a call
// again by itself: only the caller can tell its own earlier success from
// somebody else's.
type Store interface {
	// Open reads n bytes of an object from off, or to its end if n < 0. The Info
	// is of the very object that the bytes come from. A range that begins beyond
	// the end of the object reads nothing.
	Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, Info, error)

	// Stat describes an object.
	Stat(ctx context.Context, key string) (Info, error)

	// List yields the objects whose keys start with prefix, in the order of the
	// keys' bytes, with Key and Size, and Modified where the listing has it. It
	// stops after the first error. An absent prefix is an empty list.
	List(ctx context.Context, prefix string, o *ListOptions) iter.Seq2[Info, error]

	// Create stores body under key if there is no object yet. The body may be
	// read more than once and by several goroutines. The bytes stored are checked
	// against sum, by the server where it can.
	Create(ctx context.Context, key string, body *io.SectionReader, sum Checksum) error

	// Swap replaces the object at key, if it is in the state that old names, with
	// body, at most MaxSwap bytes, and returns the token of the new state. NoToken
	// means that there must be no object. A token may name more than one state if
	// they have equal bytes, so a caller puts something unique into each body.
	Swap(ctx context.Context, key string, old Token, body []byte) (Token, error)

	// Delete removes an object. It is no error if there is none.
	Delete(ctx context.Context, key string) error
}

// MaxSwap is the largest body that [Store.Swap] takes, in bytes.
const MaxSwap = 1 << 20

// A Token names one state of a swappable object. It is opaque, and good only
// for the store that it came from.
type Token string

const (
	// NoToken is the state of an object that does not exist.
	NoToken Token = ""

	// StaleToken is well formed for every store and names no state in any. A Swap
	// with it is refused, so it shows whether a store looks at tokens at all.
	StaleToken Token = "1"
)

// Info describes one object.
type Info struct {
	Key      string
	Size     int64     // bytes
	Token    Token     // of its state; from Open only, and not for an object larger than MaxSwap
	Modified time.Time // by the store's clock; for people
	IsPrefix bool      // Shallow listings: Key ends in "/" and stands for all keys below it
}

// ListOptions narrow a listing. Nil means all of it.
type ListOptions struct {
	Shallow bool // list a key with a further "/" only as the prefix that ends there
}

// Errors that a Store returns beside those of package fs.
var (
	ErrConflict  = errors.New("the object is in another state")
	ErrTemporary = errors.New("temporary failure")
	ErrThrottled = fmt.Errorf("%w: the store asks for fewer requests", ErrTemporary)
	ErrNoStore   = errors.New("no such bucket or folder")
	ErrChecksum  = errors.New("bytes do not match their checksum")
)

// An Error reports the operation and the key that failed.
type Error struct {
	Op  string // "open", "stat", "list", "create", "swap", "delete"
	Key string
	Err error
}

func (e *Error) Error() string { return e.Op + " " + e.Key + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ValidKey reports whether every store can hold key: segments joined by "/", of
// letters, digits and . _ = -, none starting with a dot, at most 1,000 bytes.
func ValidKey(key string) bool {
	if key == "" || len(key) > 1000 {
		return false
	}
	start := true
	for i := range len(key) {
		c := key[i]
		switch {
		case c == '/' || c == '.':
			if start {
				return false
			}
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '=', c == '-':
		default:
			return false
		}
		start = c == '/'
	}
	return !start
}
