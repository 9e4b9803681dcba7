package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/doctor"
)

// checks are those that a driver must pass beside the doctor's.
var checks = []doctor.Check{
	{Name: "sizes", Promise: "bodies of any size come back as they were", Run: sizes},
	{Name: "large-once", Promise: "a second Create of a large object is refused", Run: largeOnce},
	{Name: "large-checksum", Promise: "a large body that does not match its checksum is refused", Run: largeChecksum},
	{Name: "keys", Promise: "keys hold every legal character and nothing else", Run: keys},
	{Name: "list-order", Promise: "listings are in the order of the keys' bytes", Run: listOrder},
	{Name: "list-pages", Promise: "listings longer than a page are whole", Run: listPages},
	{Name: "list-shallow", Promise: "shallow listings stop at the next slash", Run: listShallow},
	{Name: "absent", Promise: "absent objects are reported as such", Run: absent},
	{Name: "cancelled", Promise: "calls end when their context does", Run: cancelled},
	{Name: "too-large", Promise: "a Swap of more than MaxSwap bytes is refused", Run: tooLarge},
	{Name: "token", Promise: "the token that Open returns is that of the bytes", Run: openToken},
}

// random returns n bytes that depend on n alone.
func random(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{1: byte(n), 2: byte(n >> 8), 3: byte(n >> 16)}).Read(b)
	return b
}

func sizes(ctx context.Context, s store.Store, prefix string) error {
	const mib = 1 << 20
	for _, n := range []int{0, 1, 5*mib - 1, 5 * mib, 5*mib + 1, 100 * mib} {
		key, body := fmt.Sprintf("%sbytes-%d", prefix, n), random(n)
		if err := create(ctx, s, key, body); err != nil {
			return err
		}
		got, info, err := read(ctx, s, key, 0, -1)
		if err != nil {
			return err
		}
		if !bytes.Equal(got, body) || info.Size != int64(n) {
			return fmt.Errorf("%d bytes came back as %d others", n, len(got))
		}
		if info, err := s.Stat(ctx, key); err != nil || info.Size != int64(n) || info.Key != key {
			return fmt.Errorf("stat of %d bytes: %+v, %w", n, info, err)
		}
		if n < 10 {
			continue
		}
		off := int64(n - n/3)
		if got, _, err = read(ctx, s, key, off, 1000); err != nil || !bytes.Equal(got, body[off:off+1000]) {
			return fmt.Errorf("a range of %d bytes came back as %d others: %w", n, len(got), err)
		}
	}
	return nil
}

func largeOnce(ctx context.Context, s store.Store, prefix string) error {
	key, body := prefix+"object", random(33<<20)
	if err := create(ctx, s, key, []byte("small")); err != nil {
		return err
	}
	if err := create(ctx, s, key, body); !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("a large Create of a key that exists: %v", err)
	}
	if got, _, err := read(ctx, s, key, 0, -1); err != nil || string(got) != "small" {
		return fmt.Errorf("the object was replaced: %w", err)
	}
	return nil
}

func largeChecksum(ctx context.Context, s store.Store, prefix string) error {
	key, body := prefix+"object", random(33<<20)
	sum := store.ChecksumOf(body)
	body[20<<20] ^= 1
	if err := s.Create(ctx, key, Body(body), sum); !errors.Is(err, store.ErrChecksum) {
		return fmt.Errorf("a large body with a flipped bit: %v", err)
	}
	if _, err := s.Stat(ctx, key); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("a refused Create left an object: %w", err)
	}
	return nil
}

func keys(ctx context.Context, s store.Store, prefix string) error {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	for _, name := range []string{
		letters, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "a.b_c=d-e", "_._", "-", "=", "a..b", "a./b/c", "x/y/z",
	} {
		key := prefix + name
		if err := create(ctx, s, key, []byte(name)); err != nil {
			return err
		}
		if got, _, err := read(ctx, s, key, 0, -1); err != nil || string(got) != name {
			return fmt.Errorf("key %q: read %q, %w", key, got, err)
		}
	}
	for _, name := range []string{"", "/a", "a/", "a//b", "../a", "a/../b", ".a", "a/.b", "a b", "a%b", "a\x00b", "é", "a\\b", "a:b", "a?b", "a#b"} {
		key := name
		if name != "" && name[0] != '/' && name[0] != '.' {
			key = prefix + name
		}
		if err := create(ctx, s, key, nil); !errors.Is(err, fs.ErrInvalid) {
			return fmt.Errorf("Create of the illegal key %q: %v", key, err)
		}
		if _, err := s.Swap(ctx, key, store.NoToken, nil); !errors.Is(err, fs.ErrInvalid) {
			return fmt.Errorf("Swap of the illegal key %q: %v", key, err)
		}
		if _, err := s.Stat(ctx, key); !errors.Is(err, fs.ErrInvalid) {
			return fmt.Errorf("Stat of the illegal key %q: %v", key, err)
		}
		if err := s.Delete(ctx, key); !errors.Is(err, fs.ErrInvalid) {
			return fmt.Errorf("Delete of the illegal key %q: %v", key, err)
		}
		if _, _, err := read(ctx, s, key, 0, -1); !errors.Is(err, fs.ErrInvalid) {
			return fmt.Errorf("Open of the illegal key %q: %v", key, err)
		}
	}
	return nil
}

func listOrder(ctx context.Context, s store.Store, prefix string) error {
	names := []string{"b", "a/A", "a/b", "a-b", "a=b", "a/a/a", "a0", "A", "_a", "a.b", "a_b"}
	if err := createAll(ctx, s, prefix, names); err != nil {
		return err
	}
	slices.Sort(names)
	if err := expectList(ctx, s, prefix, prefix, nil, names); err != nil {
		return err
	}
	return expectList(ctx, s, prefix, prefix+"a/", nil, []string{"a/A", "a/a/a", "a/b"})
}

func listPages(ctx context.Context, s store.Store, prefix string) error {
	var names []string
	for i := range 1100 {
		names = append(names, fmt.Sprintf("%04d", i))
	}
	if err := createAll(ctx, s, prefix, names); err != nil {
		return err
	}
	if err := expectList(ctx, s, prefix, prefix, nil, names); err != nil {
		return err
	}
	for _, err := range s.List(ctx, prefix, nil) {
		return err // a caller that has seen enough
	}
	return errors.New("the listing is empty")
}

func listShallow(ctx context.Context, s store.Store, prefix string) error {
	if err := createAll(ctx, s, prefix, []string{"a0", "a/b", "a/c/d", "a-b/c", "ab/c", "gone/x"}); err != nil {
		return err
	}
	if err := s.Delete(ctx, prefix+"gone/x"); err != nil {
		return err
	}
	shallow := &store.ListOptions{Shallow: true}
	for _, c := range []struct {
		under string
		want  []string
	}{
		{"", []string{"a-b/", "a/", "a0", "ab/"}},
		{"a", []string{"a-b/", "a/", "a0", "ab/"}},
		{"a/", []string{"a/b", "a/c/"}},
		{"a/c", []string{"a/c/"}},
		{"none/", nil},
	} {
		if err := expectList(ctx, s, prefix, prefix+c.under, shallow, c.want); err != nil {
			return err
		}
	}
	return nil
}

func createAll(ctx context.Context, s store.Store, prefix string, names []string) error {
	for _, name := range names {
		if err := create(ctx, s, prefix+name, []byte(name)); err != nil {
			return err
		}
	}
	return nil
}

func expectList(ctx context.Context, s store.Store, prefix, under string, o *store.ListOptions, want []string) error {
	var got []string
	for info, err := range s.List(ctx, under, o) {
		if err != nil {
			return err
		}
		name := info.Key[min(len(prefix), len(info.Key)):]
		if info.IsPrefix != (name[len(name)-1] == '/') || !info.IsPrefix && info.Size != int64(len(name)) {
			return fmt.Errorf("listing %q: %+v", under, info)
		}
		got = append(got, name)
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("listing %q: got %q, want %q", under, got, want)
	}
	return nil
}

func absent(ctx context.Context, s store.Store, prefix string) error {
	if err := create(ctx, s, prefix+"folder/object", nil); err != nil {
		return err
	}
	for _, key := range []string{prefix + "none", prefix + "folder", prefix + "folder/object/below"} {
		if _, err := s.Stat(ctx, key); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("Stat of the absent %q: %v", key, err)
		}
		if _, _, err := read(ctx, s, key, 0, -1); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("Open of the absent %q: %v", key, err)
		}
		if _, _, err := read(ctx, s, key, 5, 5); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("Open of a range of the absent %q: %v", key, err)
		}
	}
	return nil
}

func cancelled(ctx context.Context, s store.Store, prefix string) error {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	key := prefix + "object"
	_, _, openErr := read(ctx, s, key, 0, -1)
	_, statErr := s.Stat(ctx, key)
	_, swapErr := s.Swap(ctx, key, store.NoToken, nil)
	var listErr error
	for _, listErr = range s.List(ctx, prefix, nil) {
	}
	for op, err := range map[string]error{
		"open": openErr, "stat": statErr, "swap": swapErr, "list": listErr,
		"create": create(ctx, s, key, random(20<<20)), "delete": s.Delete(ctx, key),
	} {
		if !errors.Is(err, context.Canceled) {
			return fmt.Errorf("%s with a cancelled context: %v", op, err)
		}
	}
	return nil
}

func tooLarge(ctx context.Context, s store.Store, prefix string) error {
	body := random(store.MaxSwap + 1)
	if _, err := s.Swap(ctx, prefix+"object", store.NoToken, body); !errors.Is(err, fs.ErrInvalid) {
		return fmt.Errorf("a Swap of %d bytes: %v", len(body), err)
	}
	_, err := s.Swap(ctx, prefix+"object", store.NoToken, body[1:])
	return err
}

func openToken(ctx context.Context, s store.Store, prefix string) error {
	key := prefix + "object"
	if _, err := s.Swap(ctx, key, store.NoToken, []byte("0")); err != nil {
		return err
	}
	for i := 1; i < 10; i++ {
		_, info, err := read(ctx, s, key, 0, -1)
		if err != nil {
			return err
		}
		token, err := s.Swap(ctx, key, info.Token, fmt.Append(nil, i))
		if err != nil {
			return err
		}
		if _, info, err = read(ctx, s, key, 0, -1); err != nil || info.Token != token {
			return fmt.Errorf("Open returns another token than the Swap before it: %w", err)
		}
	}
	return nil
}
