package cairn

// A Tally adds up the findings of an audit. Further names of a file that was
// counted add to the files and not to the bytes, since its bytes are there once.
type Tally struct {
	All      Count // links aside
	ByStatus map[Status]Count
	Named    int   // files with words such as latest in their paths
	Lying    int   // of these: claim to be the newest, and are not
	Twins    Count // files with the bytes of one that was found before

	counted map[inode]bool
}

// A Count is a number of files and their bytes.
type Count struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// NewTally returns the Tally of no findings.
func NewTally() *Tally {
	return &Tally{ByStatus: map[Status]Count{}, counted: map[inode]bool{}}
}

// Add counts f.
func (t *Tally) Add(f *Finding) {
	if f.Status == Stored {
		return
	}
	one := Count{1, f.Size}
	if f.inode != (inode{}) {
		if t.counted[f.inode] {
			one.Bytes = 0
		}
		t.counted[f.inode] = true
	}
	if f.Status != Linked {
		t.All.add(one)
	}
	sum := t.ByStatus[f.Status]
	sum.add(one)
	t.ByStatus[f.Status] = sum
	if len(f.Words) > 0 {
		t.Named++
	}
	if f.Lies() {
		t.Lying++
	}
	if f.Twin != "" {
		t.Twins.add(one)
	}
}

func (c *Count) add(o Count) {
	c.Files += o.Files
	c.Bytes += o.Bytes
}

// Lies reports whether the path claims that the file is the newest version, and
// the store has a newer one.
func (f *Finding) Lies() bool { return !f.Newer.Version.IsZero() }
