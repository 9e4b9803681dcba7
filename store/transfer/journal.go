package transfer

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"sync"

	"github.com/cairnstore/cairn/layout"
)

// A journal notes the segments of a file that have arrived. It may be wrong, as after
// a crash of the machine: what it notes is hashed before it is believed.
//
// In the file, after a header that says of which object it is, there is a record for
// each segment: its number and its chaining value. The methods of a nil journal do
// nothing.
type journal struct {
	file  *os.File
	had   map[int64]chainingValue // from before
	start []byte

	mu  sync.Mutex
	end int64
}

const (
	journalMagic = "cairn-fetch/1\n"
	recordBytes  = 8 + 32
)

func openJournal(f *os.File, size int64, digest layout.Digest) (*journal, error) {
	if f == nil {
		return nil, nil
	}
	j := &journal{file: f, start: journalStart(size, digest), had: make(map[int64]chainingValue)}
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<62))
	if err != nil {
		return nil, err
	}
	records, ok := bytes.CutPrefix(b, j.start)
	if !ok {
		return j, j.empty()
	}
	j.end = int64(len(j.start))
	for len(records) >= recordBytes {
		number, value := parseRecord(records)
		j.had[number] = value
		records = records[recordBytes:]
		j.end += recordBytes
	}
	return j, nil
}

func journalStart(size int64, digest layout.Digest) []byte {
	b := binary.LittleEndian.AppendUint64([]byte(journalMagic), uint64(size))
	return append(b, digest[:]...)
}

func parseRecord(b []byte) (number int64, value chainingValue) {
	for i := range value {
		value[i] = binary.LittleEndian.Uint32(b[8+4*i:])
	}
	return int64(binary.LittleEndian.Uint64(b)), value
}

// has returns what was noted of a segment before.
func (j *journal) has(number int64) (value chainingValue, ok bool) {
	value, ok = j.had[number]
	return value, ok
}

// hasAny reports whether anything was noted before.
func (j *journal) hasAny() bool { return j != nil && len(j.had) > 0 }

// note adds a segment.
func (j *journal) note(number int64, value chainingValue) error {
	if j == nil {
		return nil
	}
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, recordBytes), uint64(number))
	for _, word := range value {
		b = binary.LittleEndian.AppendUint32(b, word)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	_, err := j.file.WriteAt(b, j.end)
	j.end += recordBytes
	return err
}

// empty forgets everything.
func (j *journal) empty() error {
	if j == nil {
		return nil
	}
	if err := j.file.Truncate(0); err != nil {
		return err
	}
	j.end = int64(len(j.start))
	_, err := j.file.WriteAt(j.start, 0)
	return err
}
