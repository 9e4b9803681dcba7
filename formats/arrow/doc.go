// Package arrow says what the table in an Arrow IPC, CSV or NDJSON file is: its
// rows, its columns and their digests, as package formats defines them. How the
// file was written does not show: batches, compression, dictionaries, the width
// of offsets, or what lies under nulls.
//
// [InspectIPC] reads Arrow IPC files, which are also Feather version 2, and
// streams. [InspectCSV] and [InspectNDJSON] read texts; these do not say what their
// columns are, so types are given or inferred from all values, by rules that do
// not change. With the types of a Parquet or Arrow file of the same table, the
// digests are the same.
//
// [SplitIPC], [SplitCSV] and [SplitNDJSON] part the rows of a file into two files of
// its kind.
//
// A file may be broken or hostile. Sizes that it declares are checked against the
// file before memory is taken, and panics of the library become errors. What a
// codec does with bytes made for it is not bounded here: whoever reads files of
// strangers should do so in a process with limits.
package arrow
