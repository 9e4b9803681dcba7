package cairn

import (
	"os"
	"path"
	"syscall"
)

// partDir is the folder, below the one that is pulled into, where files lie
// until their bytes are verified. Sources passes it over.
const partDir = ".cairn"

// lockPart marks a part as in use for as long as its writer lives and has it
// open.
func lockPart(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// sweepParts removes what pulls that were killed have left.
func sweepParts(root *os.Root) {
	dir, err := root.Open(partDir)
	if err != nil {
		return
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		part := path.Join(partDir, name)
		f, err := root.Open(part)
		if err != nil {
			continue
		}
		if lockPart(f) == nil {
			root.Remove(part)
		}
		f.Close()
	}
}
