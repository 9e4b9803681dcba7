package cairn

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/cairnstore/cairn/layout"
)

// A Receipt says which versions were pulled into a folder. It lies there, so
// that whatever is made of the files can name them as its inputs. It says what
// was pulled, and not that the files are still as they were.
type Receipt struct {
	Store    string         // the store, as it was called; for people
	Ref      layout.Ref     // what was asked for
	Versions []layout.Input // what it meant
}

// receiptDir is where the receipts of a folder lie, one for each artifact.
const receiptDir = partDir + "/receipts"

func receiptFile(a layout.Artifact) string {
	name := strings.ReplaceAll(string(a), "/", "=")
	if len(name) > 200 { // file systems take 255 bytes, artifacts have up to 512
		name = layout.Sum([]byte(a)).Hex()
	}
	return path.Join(receiptDir, name+".json")
}

// receiptJSON is a Receipt as it is stored.
type receiptJSON struct {
	Format   int            `json:"cairn"`
	Ref      string         `json:"ref"`
	Store    string         `json:"store"`
	Versions []layout.Input `json:"versions"`
}

// NewReceipt returns the Receipt of versions of one artifact.
func NewReceipt(store string, ref layout.Ref, versions []*Version) *Receipt {
	r := &Receipt{Store: store, Ref: ref}
	for _, v := range versions {
		r.Versions = append(r.Versions, layout.Input{Artifact: v.Pin.Artifact, Date: v.Manifest.Date, Version: v.Pin.Version})
	}
	return r
}

// Write leaves the receipt in the folder dir, in the place of an older one of
// the same artifact.
func (rc *Receipt) Write(dir string) error {
	b, err := json.Marshal(receiptJSON{layout.Format, rc.Ref.String(), rc.Store, rc.Versions})
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.MkdirAll(receiptDir, 0o777); err != nil {
		return err
	}
	part := path.Join(receiptDir, rand.Text())
	err = root.WriteFile(part, append(b, '\n'), 0o666)
	if err == nil {
		err = root.Rename(part, receiptFile(rc.Ref.Artifact))
	}
	if err != nil {
		root.Remove(part)
	}
	return err
}

// RemoveReceipt removes the receipt of a from the folder dir, whose files are
// about to become others. It is no error if there is none.
func RemoveReceipt(dir string, a layout.Artifact) error {
	root, err := os.OpenRoot(dir)
	if err == nil {
		defer root.Close()
		err = root.Remove(receiptFile(a))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// ReadReceipts returns the receipts in the folder dir, by artifact. None is no
// error.
func ReadReceipts(dir string) ([]*Receipt, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), receiptDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var receipts []*Receipt
	for _, e := range entries {
		if path.Ext(e.Name()) != ".json" {
			continue
		}
		b, err := root.ReadFile(path.Join(receiptDir, e.Name()))
		if err != nil {
			return nil, err
		}
		rc, err := parseReceipt(b)
		if err != nil {
			return nil, fmt.Errorf("%w: %s is no receipt of a pull, so remove it or pull again: %w", ErrRefused, path.Join(dir, receiptDir, e.Name()), err)
		}
		receipts = append(receipts, rc)
	}
	return receipts, nil
}

func parseReceipt(b []byte) (*Receipt, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var stored receiptJSON
	if err := d.Decode(&stored); err != nil {
		return nil, err
	}
	if stored.Format != layout.Format {
		return nil, fmt.Errorf("it has format %d, and this cairn knows only format %d", stored.Format, layout.Format)
	}
	ref, err := layout.ParseRef(stored.Ref)
	if err != nil {
		return nil, err
	}
	if len(stored.Versions) == 0 {
		return nil, errors.New("it names no version")
	}
	for _, v := range stored.Versions {
		if v.Artifact != ref.Artifact || v.Version.IsZero() {
			return nil, fmt.Errorf("it names a version that is none of %s", ref.Artifact)
		}
	}
	return &Receipt{stored.Store, ref, stored.Versions}, nil
}
