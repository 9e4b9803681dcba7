// Package layout says what every name and every metadata byte in a cairn store
// looks like. It does no I/O and reads no clock: it parses, checks and prints.
//
// Start with [ParseRef] for what users type, [ParseKey] for what lies in a
// bucket, and [Manifest] for what a version is. SPEC.md, beside this package,
// is the same in prose, complete enough for a second implementation; its
// examples run as tests.
//
// Two rules hold for every format here:
//
//   - Parsing is strict. Bytes that are not the canonical encoding (RFC 8785)
//     of what they say are refused, so there is one encoding of each value and
//     a digest of the bytes is a digest of the value.
//   - Building and parsing are exact inverses: what Parse accepts, String or
//     Encode prints again, byte for byte.
package layout
