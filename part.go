package cairn

import (
	"crypto/rand"
	"io/fs"
	"os"
	"path"
	"syscall"

	"github.com/cairnstore/cairn/layout"
)

// partDir is the folder, below the one that is pulled into, where cairn keeps what
// is its own. Sources passes it over.
const partDir = ".cairn"

// partsDir has a folder for each pull that is under way.
const partsDir = partDir + "/parts"

// A workbench is a folder where files lie until their bytes are verified. It is
// locked while its pull lives; one that a pull which was cut off has left is taken
// over by the next, with all that lies on it.
type workbench struct {
	root *os.Root
	dir  string
	lock *os.File
}

// takeWorkbench finds or makes a workbench, and removes those that nobody needs.
func takeWorkbench(root *os.Root) (*workbench, error) {
	if err := root.MkdirAll(partsDir, 0o777); err != nil {
		return nil, err
	}
	left, err := fs.ReadDir(root.FS(), partsDir)
	if err != nil {
		return nil, err
	}
	var taken *workbench
	for _, entry := range left {
		b := &workbench{root: root, dir: path.Join(partsDir, entry.Name())}
		switch {
		case !b.take():
		case taken == nil && entry.IsDir():
			taken = b
		default:
			b.remove()
		}
	}
	for taken == nil {
		b := &workbench{root: root, dir: path.Join(partsDir, rand.Text())}
		if err := root.Mkdir(b.dir, 0o777); err != nil {
			return nil, err
		}
		if b.take() { // or else another pull has
			taken = b
		}
	}
	return taken, nil
}

// take locks the workbench, unless somebody has it.
func (b *workbench) take() bool {
	f, err := b.root.Open(b.dir)
	if err != nil {
		return false
	}
	locked := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
	if locked {
		here, err := f.Stat()
		there, err2 := b.root.Stat(b.dir)
		if err == nil && err2 == nil && os.SameFile(here, there) { // it may just have been removed
			b.lock = f
			return true
		}
	}
	f.Close()
	return false
}

// remove clears the workbench away.
func (b *workbench) remove() {
	b.root.RemoveAll(b.dir)
	b.lock.Close()
}

// leave ends the use of the workbench. What lies on it stays if it is to be kept for
// another try.
func (b *workbench) leave(kept bool) {
	if !kept {
		b.root.RemoveAll(b.dir)
	}
	b.root.Remove(b.dir) // if it is empty
	b.lock.Close()
	b.root.Remove(partsDir)
	b.root.Remove(partDir)
}

// part is the path of a file on the workbench, the same for each pull of it.
func (b *workbench) part(f *layout.File) string {
	return path.Join(b.dir, layout.Sum([]byte(f.Digest.Hex() + f.Path)).Hex()[:32])
}
