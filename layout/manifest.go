package layout

import (
	"bytes"
	"cmp"
	"io"
	"math"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/zeebo/blake3"
)

// A Manifest says what one version is: its files, what it was made from, and
// how. The digest of its encoding is the version's id. Nothing that varies
// between two runs of the same work is in it, neither a time nor a place, so a
// rerun that reproduces a version gets the same id. Where the bytes lie is in
// the session's [Index]; who published it and when, in a [Record].
type Manifest struct {
	header
	Artifact Artifact           `json:"artifact"`
	Date     Date               `json:"date"`
	Files    []File             `json:"files"`             // sorted by path; at least one
	Inputs   []Input            `json:"inputs,omitempty"`  // sorted by artifact, date, version
	Source   *Source            `json:"source,omitempty"`  // nil where nothing is known
	Params   map[string]any     `json:"params,omitempty"`  // values: string, float64 or bool
	Metrics  map[string]float64 `json:"metrics,omitempty"` // finite
	Meta     map[string]string  `json:"meta,omitempty"`
	Contract Digest             `json:"contract,omitzero"` // of the contract that the tables keep; zero if there is none

	// AllowMixed are artifacts of which the version may be made from two versions
	// that do not go together; sorted.
	AllowMixed []Artifact `json:"allow_mixed,omitempty"`
}

// A File is one file of a version.
type File struct {
	Path   string `json:"path"` // see [CheckPath]
	Size   int64  `json:"size"` // bytes
	Digest Digest `json:"digest"`
	Table  *Table `json:"table,omitempty"` // nil if it holds none, or was not looked into
}

// An Input is one version that a version was made from.
type Input struct {
	Artifact Artifact `json:"artifact"`
	Date     Date     `json:"date"`
	Version  Digest   `json:"version"`
}

// Pin returns the exact reference of the input.
func (in Input) Pin() Pin { return Pin{in.Artifact, in.Version} }

// A Source is the code that made a version.
type Source struct {
	Git     string   `json:"git,omitempty"`     // commit, 7 to 64 hexadecimal digits
	Image   string   `json:"image,omitempty"`   // container image digest, "sha256:" and 64 digits
	Command []string `json:"command,omitempty"` // program and arguments
}

var (
	gitCommit   = regexp.MustCompile(`^[0-9a-f]{7,64}$`)
	imageDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// Encode returns the canonical JSON of m, after putting its lists in order, and
// the id of the version that it describes.
func (m *Manifest) Encode() ([]byte, Digest, error) {
	m.sort()
	b, err := encode(m)
	if err != nil {
		return nil, Digest{}, err
	}
	return b, Sum(b), nil
}

// EncodeTo writes to w what [Manifest.Encode] returns, without holding it, and
// returns its length in bytes. If m breaks a rule, nothing is written.
func (m *Manifest) EncodeTo(w io.Writer) (Digest, int64, error) {
	m.sort()
	if err := prepare(m); err != nil {
		return Digest{}, 0, err
	}
	return sumWhile(w, m)
}

func (m *Manifest) sort() {
	slices.SortFunc(m.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	slices.SortFunc(m.Inputs, compareInputs)
	slices.Sort(m.AllowMixed)
}

// ParseManifest is the inverse of [Manifest.Encode].
func ParseManifest(b []byte) (*Manifest, error) {
	m := new(Manifest)
	if err := decodeFrom("manifest", bytes.NewReader(b), int64(len(b)), m); err != nil {
		return nil, err
	}
	return m, nil
}

// ParseManifestFrom is the inverse of [Manifest.EncodeTo]. It reads r to its end
// and holds nothing of it. About size bytes are expected, so that the right room
// is made for as many files. An error that is no [*Error] is that of r; with others
// the digest is that of the bytes all the same.
func ParseManifestFrom(r io.Reader, size int64) (*Manifest, Digest, error) {
	h := blake3.New()
	hashed := io.TeeReader(r, h)
	m := new(Manifest)
	err := decodeFrom("manifest", hashed, size, m)
	if _, rest := io.Copy(io.Discard, hashed); rest != nil {
		return nil, Digest{}, rest
	}
	var digest Digest
	h.Sum(digest[:0])
	if err != nil {
		return nil, digest, err
	}
	return m, digest, nil
}

// Size returns the bytes of all files together.
func (m *Manifest) Size() int64 {
	var n int64
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

func compareInputs(a, b Input) int {
	return cmp.Or(cmp.Compare(a.Artifact, b.Artifact), cmp.Compare(a.Date, b.Date),
		slices.Compare(a.Version[:], b.Version[:]))
}

func (m *Manifest) validate() error {
	if _, err := ParseArtifact(string(m.Artifact)); err != nil {
		return err
	}
	if _, err := ParseDate(string(m.Date)); err != nil {
		return err
	}
	if err := m.checkFiles(); err != nil {
		return err
	}
	if err := m.checkInputs(); err != nil {
		return err
	}
	if err := m.checkAllowMixed(); err != nil {
		return err
	}
	if err := m.Source.validate(); err != nil {
		return err
	}
	return m.checkValues()
}

func (m *Manifest) checkFiles() error {
	if len(m.Files) == 0 {
		return invalid("manifest", "", "has no files")
	}
	var total int64 // kept in range too, so that Size cannot overflow
	for _, f := range m.Files {
		switch {
		case f.Size < 0 || f.Size > maxInteger-total:
			return invalid("manifest", f.Path, "has a size out of range, or takes the version's out of range")
		case f.Digest.IsZero():
			return invalid("manifest", f.Path, "has no digest")
		}
		if err := f.Table.validate(f.Path); err != nil {
			return err
		}
		total += f.Size
	}
	return checkPaths(m.Files)
}

func (m *Manifest) checkInputs() error {
	seen := make(map[Digest]bool, len(m.Inputs))
	for i, in := range m.Inputs {
		if _, err := ParseArtifact(string(in.Artifact)); err != nil {
			return err
		}
		if _, err := ParseDate(string(in.Date)); err != nil {
			return err
		}
		if in.Version.IsZero() {
			return invalid("manifest", string(in.Artifact), "is an input without a version")
		}
		if i > 0 && compareInputs(m.Inputs[i-1], in) >= 0 || seen[in.Version] {
			return invalid("manifest", in.Pin().String(), "is an input out of order or given twice")
		}
		seen[in.Version] = true
	}
	return nil
}

func (m *Manifest) checkAllowMixed() error {
	for i, a := range m.AllowMixed {
		if _, err := ParseArtifact(string(a)); err != nil {
			return err
		}
		if i > 0 && m.AllowMixed[i-1] >= a {
			return invalid("manifest", string(a), "is allowed to be mixed out of order or twice")
		}
	}
	return nil
}

func (s *Source) validate() error {
	switch {
	case s == nil:
		return nil
	case s.Git == "" && s.Image == "" && len(s.Command) == 0:
		return invalid("source", "", "is given and says nothing")
	case s.Git != "" && !gitCommit.MatchString(s.Git):
		return invalid("git commit", s.Git, "is not 7 to 64 lower-case hexadecimal digits")
	case s.Image != "" && !imageDigest.MatchString(s.Image):
		return invalid("image", s.Image, `is not a digest, "sha256:" and 64 lower-case hexadecimal digits`)
	}
	for _, arg := range s.Command {
		if !utf8.ValidString(arg) {
			return invalid("command", arg, "is not UTF-8")
		}
	}
	return nil
}

func (m *Manifest) checkValues() error {
	for k, v := range m.Params {
		if err := checkText("parameter", k, v); err != nil {
			return err
		}
	}
	for k, v := range m.Metrics {
		if err := checkText("metric", k, v); err != nil {
			return err
		}
	}
	for k, v := range m.Meta {
		if err := checkText("meta", k, v); err != nil {
			return err
		}
	}
	return nil
}

// checkText checks a key and a value that somebody chose freely.
func checkText(thing, key string, value any) error {
	if key == "" || len(key) > 256 || !utf8.ValidString(key) {
		return invalid(thing, key, "needs a name of 1 to 256 bytes of UTF-8")
	}
	switch v := value.(type) {
	case bool:
	case string:
		if !utf8.ValidString(v) {
			return invalid(thing, key, "has a value that is not UTF-8")
		}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return invalid(thing, key, "has a value that is not a finite number")
		}
	default:
		return invalid(thing, key, "has a value that is neither a string, a float64 nor a bool")
	}
	return nil
}
