package layout

import (
	"encoding/hex"
	"strings"

	"github.com/zeebo/blake3"
)

// DigestSize is the length of a [Digest] in bytes.
const DigestSize = 32

const digestPrefix = "b3:"

// A Digest is the BLAKE3-256 of some bytes. It is comparable, so it can be a map
// key. Its text is "b3:" and 64 lower-case hexadecimal digits, the digits that
// b3sum prints. The zero Digest stands for none.
type Digest [DigestSize]byte

// Sum returns the digest of b.
func Sum(b []byte) Digest { return blake3.Sum256(b) }

// ParseDigest is the inverse of [Digest.String].
func ParseDigest(s string) (Digest, error) {
	digits, ok := strings.CutPrefix(s, digestPrefix)
	if !ok {
		return Digest{}, invalid("digest", s, "does not start with %q", digestPrefix)
	}
	return parseHex(digits)
}

// parseHex reads the digits of a digest as they stand in keys, without prefix.
func parseHex(digits string) (d Digest, err error) {
	if len(digits) != 2*DigestSize || !isHex(digits) {
		return Digest{}, invalid("digest", digits, "is not %d lower-case hexadecimal digits", 2*DigestSize)
	}
	if _, err := hex.Decode(d[:], []byte(digits)); err != nil {
		return Digest{}, invalid("digest", digits, "%v", err)
	}
	if d.IsZero() {
		return Digest{}, invalid("digest", digits, "is zero")
	}
	return d, nil
}

// String returns the digest as "b3:" and its digits.
func (d Digest) String() string { return digestPrefix + d.Hex() }

// Hex returns the digits alone, as they stand in keys and as b3sum prints them.
func (d Digest) Hex() string { return hex.EncodeToString(d[:]) }

// Short returns the prefix and the first 12 digits, for people. It is also the
// shortest form in which a reference may name a version.
func (d Digest) Short() string { return d.String()[:len(digestPrefix)+minVersionDigits] }

// IsZero reports whether d stands for no digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// MarshalText implements [encoding.TextMarshaler].
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Digest) UnmarshalText(b []byte) (err error) {
	*d, err = ParseDigest(string(b))
	return err
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return s != ""
}
