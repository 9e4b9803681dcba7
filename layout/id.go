package layout

import "strings"

// An ID is a ULID (github.com/ulid/spec): 26 upper-case Crockford base-32
// characters, unique without coordination. It names a publish session and a
// record. Its time part is a convenience for people; nothing compares it.
type ID string

// ParseID checks s and returns it as an ID.
func ParseID(s string) (ID, error) {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	if len(s) != 26 || s[0] > '7' || strings.Trim(s, alphabet) != "" {
		return "", invalid("id", s, "is not a ULID")
	}
	return ID(s), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *ID) UnmarshalText(b []byte) (err error) {
	*id, err = ParseID(string(b))
	return err
}

// A Nonce is 128 random bits as 32 hexadecimal digits, fresh for each attempt
// to move a pointer and the same across that attempt's retries. It tells "my
// write landed and its answer was lost" from "somebody else won".
type Nonce string

// ParseNonce checks s and returns it as a Nonce.
func ParseNonce(s string) (Nonce, error) {
	if len(s) != 32 || !isHex(s) {
		return "", invalid("nonce", s, "is not 32 lower-case hexadecimal digits")
	}
	return Nonce(s), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (n *Nonce) UnmarshalText(b []byte) (err error) {
	*n, err = ParseNonce(string(b))
	return err
}
