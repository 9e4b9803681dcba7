// Package formats says what a table is, whatever file it is stored in: its rows,
// its columns, and the digest of its content. SPEC.md beside it defines the
// digest byte for byte.
//
// The packages below read files. Such a producer creates a [Hasher] for each
// leaf column, feeds it with entries in their order ([Hasher.Values] or
// [Hasher.Indexes]), and combines the columns:
//
//	h, err := formats.NewHasher(formats.Int64, formats.Path{}.Field("age"))
//	…
//	err = h.Values(littleEndian, 1000, nil, nil)
//	…
//	column := h.Column()
//	…
//	table, err := formats.NewTable(rows, columns)
//
// Two files have the same table digest if they hold the same named columns with
// the same types and the same values in the same order. How the files store them
// does not matter. What has no canonical form has no digest, and says why.
//
// This package does no I/O and knows no file format.
package formats
