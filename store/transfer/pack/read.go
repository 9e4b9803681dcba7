package pack

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/cairnstore/cairn/layout"
)

// A Member is a file in an archive.
type Member struct {
	File  int   // the caller's own number
	Block int32 // where its bytes begin
	Size  int64 // bytes
}

func (m Member) from() int64 { return int64(m.Block) * layout.TarBlock }
func (m Member) to() int64   { return m.from() + m.Size }

// A Run is a range of an archive that is read at once for what it holds of the
// members that are wanted.
type Run struct {
	Off, Size int64 // bytes
	Members   []Member
}

// nearby is how many unwanted bytes are rather read than a request made for what
// comes after them.
const nearby = 1 << 20

// Runs says how to read the members, which it sorts by their places.
func Runs(members []Member) []Run {
	slices.SortFunc(members, func(a, b Member) int { return cmp.Compare(a.Block, b.Block) })
	var runs []Run
	for i, m := range members {
		last := len(runs) - 1
		if last < 0 || m.from()-(runs[last].Off+runs[last].Size) > nearby {
			runs = append(runs, Run{Off: m.from(), Size: m.Size, Members: members[i : i+1]})
			continue
		}
		r := &runs[last]
		r.Size = max(r.Size, m.to()-r.Off)
		r.Members = members[i-len(r.Members) : i+1]
	}
	return runs
}

// Read calls f with the bytes of each member of run, which r reads from its
// beginning. The bytes are good until f returns.
func Read(r io.Reader, run Run, f func(m Member, b []byte) error) error {
	off := run.Off
	var buf []byte
	var former Member
	for _, m := range run.Members {
		if same := m.Block == former.Block && m.Size == former.Size; !same {
			if m.from() < off {
				return fmt.Errorf("the member at block %d overlaps the one before", m.Block)
			}
			if _, err := io.CopyN(io.Discard, r, m.from()-off); err != nil {
				return short(err)
			}
			buf = slices.Grow(buf[:0], int(m.Size))[:m.Size]
			if _, err := io.ReadFull(r, buf); err != nil {
				return short(err)
			}
			off, former = m.to(), m
		}
		if err := f(m, buf); err != nil {
			return err
		}
	}
	return nil
}

func short(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
