package formats

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// DigestSize is the length of a [Digest] in bytes.
const DigestSize = 32

const digestPrefix = "b3t:"

// A Digest is the digest of a table or of one leaf column, as SPEC.md defines it.
// It is comparable. Its text is "b3t:" and 64 lower-case hexadecimal digits, so
// that it cannot be taken for the digest of a file's bytes. The zero Digest
// stands for none.
type Digest [DigestSize]byte

// ParseDigest is the inverse of [Digest.String].
func ParseDigest(s string) (d Digest, err error) {
	digits, ok := strings.CutPrefix(s, digestPrefix)
	if !ok || len(digits) != 2*DigestSize || strings.ToLower(digits) != digits {
		return Digest{}, fmt.Errorf("table digest %q: not %q and %d lower-case hexadecimal digits", s, digestPrefix, 2*DigestSize)
	}
	if _, err := hex.Decode(d[:], []byte(digits)); err != nil {
		return Digest{}, fmt.Errorf("table digest %q: %w", s, err)
	}
	if d.IsZero() {
		return Digest{}, fmt.Errorf("table digest %q: is zero", s)
	}
	return d, nil
}

// String returns the digest as "b3t:" and its digits.
func (d Digest) String() string { return digestPrefix + hex.EncodeToString(d[:]) }

// IsZero reports whether d stands for no digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// MarshalText implements [encoding.TextMarshaler].
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Digest) UnmarshalText(b []byte) (err error) {
	*d, err = ParseDigest(string(b))
	return err
}
