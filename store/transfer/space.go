package transfer

import "os"

// trim cuts what f has beyond size.
func trim(f *os.File, size int64) error {
	st, err := f.Stat()
	if err == nil && st.Size() > size {
		err = f.Truncate(size)
	}
	return err
}
