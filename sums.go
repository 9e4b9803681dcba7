package cairn

import (
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

// A sumRecord remembers, in the scratch folder, what the bytes of a file were named
// while it was in some state. As long as it is, it need not be read to be named.
type sumRecord struct {
	State fileState    `json:"state"`
	Sum   transfer.Sum `json:"sum"`
}

// A fileState is what changes when somebody writes to a file or replaces it.
type fileState struct {
	Dev, Ino          uint64
	Size              int64
	Modified, Changed int64 // nanoseconds
}

// worthRemembering is the size of the smallest file that takes longer to read than
// to look up.
const worthRemembering = 1 << 20

func stateOf(st os.FileInfo) (fileState, bool) {
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return fileState{}, false
	}
	return fileState{uint64(sys.Dev), sys.Ino, st.Size(), st.ModTime().UnixNano(), sys.Ctim.Nano()}, true
}

// settled reports whether a write after now would show in the state. Within the
// granularity of its times it would not: some file systems count whole seconds.
func (s fileState) settled(now time.Time) bool {
	granularity := 100 * time.Millisecond
	if s.Modified%1e9 == 0 {
		granularity = 2 * time.Second
	}
	last := max(s.Modified, s.Changed)
	return now.UnixNano()-last > int64(granularity)
}

func (r *Repo) sumFile(file string) (string, bool) {
	abs, err := filepath.Abs(file)
	if r.options.Scratch == "" || err != nil {
		return "", false
	}
	return filepath.Join(r.options.Scratch, "sums", layout.Sum([]byte(abs)).Hex()[:32]+".json"), true
}

// remembered returns what a file's bytes were named, if it is as it was then.
func (r *Repo) remembered(file string, st os.FileInfo) (transfer.Sum, bool) {
	name, ok := r.sumFile(file)
	if !ok || r.options.Rehash || st.Size() < worthRemembering {
		return transfer.Sum{}, false
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return transfer.Sum{}, false
	}
	var record sumRecord
	now, ok := stateOf(st)
	if json.Unmarshal(b, &record) != nil || !ok || record.State != now || record.Sum.Size != now.Size {
		return transfer.Sum{}, false
	}
	return record.Sum, true
}

// remember notes what a file's bytes are named, which was in that state at that
// time, before they were read. Without the note it is read again, so failures do
// not matter.
func (r *Repo) remember(file string, before os.FileInfo, at time.Time, sum transfer.Sum) {
	name, ok := r.sumFile(file)
	state, known := stateOf(before)
	if !ok || !known || before.Size() < worthRemembering || !state.settled(at) {
		return
	}
	b, err := json.Marshal(&sumRecord{state, sum})
	if err == nil && os.MkdirAll(filepath.Dir(name), 0o777) == nil {
		replaceFile(name, b)
	}
}

// replaceFile writes a file of the scratch folder whole, or not at all.
func replaceFile(name string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
