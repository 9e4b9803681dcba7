package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/formats/contract"
	"github.com/cairnstore/cairn/formats/contract/tables"
	"github.com/cairnstore/cairn/formats/model"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

// What a file may cost to look into. Nothing in it is trusted: a few bytes can
// ask a decoder for gigabytes, or for ever.
const (
	inspectMemory = 256 << 20
	inspectCores  = 8           // each has memory of its own
	inspectTime   = time.Minute // and a second for each inspectRate bytes
	inspectRate   = 10 << 20
)

// An inspector says what files hold. It looks into them in a child process with
// bounded memory and time, which may be lost without losing the job.
type inspector struct {
	start func() (*exec.Cmd, error)        // says how to start a child
	note  func(format string, args ...any) // tells a person; nil if there is none

	opaque    string // how a table that is none can be published; "" stands for --opaque
	unordered bool   // have tables say the digest of their rows in whatever order

	mu      sync.Mutex // one file at a time: looking into it uses all cores
	child   *child
	checked map[string]checked
}

// A checked is a table that has been held against a contract.
type checked struct {
	stat os.FileInfo
	in   *cairn.Inspected
}

// newInspector returns an inspector whose children are this program.
func newInspector() *inspector {
	return &inspector{start: func() (*exec.Cmd, error) {
		program, err := os.Executable()
		if err != nil {
			return nil, err
		}
		return &exec.Cmd{Path: program, Args: []string{os.Args[0], "inspect-files"}}, nil
	}}
}

// inspect returns what file is, nil if it claims to be no table that cairn knows. A
// text is a table by its name only, so that one which is none is no error.
func (i *inspector) inspect(ctx context.Context, file string) (*cairn.Inspected, error) {
	if in, ok, err := i.known(file); ok || err != nil {
		return in, err
	}
	format, size, start, err := formatOf(file)
	if err != nil {
		return nil, err
	}
	if format == "" {
		i.noteModel(ctx, file, size, start)
		return nil, nil
	}
	a, err := i.ask(ctx, size, &question{File: file, Format: format, Unordered: i.unordered})
	switch {
	case err == nil:
		return a.inspected(), nil
	case format.IsText() && errors.Is(err, cairn.ErrRefused):
		i.tell("%s is taken as plain bytes: %s", file, strings.TrimPrefix(err.Error(), cairn.ErrRefused.Error()+": "))
		return nil, nil
	case errors.Is(err, cairn.ErrRefused):
		err = fmt.Errorf("%w; %s publishes it as it is", err, cmp.Or(i.opaque, "--opaque"))
	}
	return nil, err
}

// known returns what is known of a file that has been held against a contract, and
// has not changed since.
func (i *inspector) known(file string) (in *cairn.Inspected, ok bool, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	c, ok := i.checked[file]
	if !ok {
		return nil, false, nil
	}
	st, err := os.Stat(file)
	if err == nil && !unchanged(c.stat, st) {
		err = fmt.Errorf("%w: since it was held against its contract", cairn.ErrChanged)
	}
	return c.in, err == nil, err
}

func unchanged(before, after os.FileInfo) bool {
	return os.SameFile(before, after) && before.Size() == after.Size() && before.ModTime().Equal(after.ModTime())
}

// check holds a table against a contract, and remembers what it is. The rows that
// break it, and the others, go to the files that q names.
func (i *inspector) check(ctx context.Context, q *question) (*answer, error) {
	before, err := os.Stat(q.File)
	if err != nil {
		return nil, err
	}
	a, err := i.ask(ctx, before.Size(), q)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", q.File, err)
	}
	after, err := os.Stat(q.File)
	if err == nil && !unchanged(before, after) {
		err = fmt.Errorf("%s %w", q.File, cairn.ErrChanged)
	}
	if err != nil {
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.checked == nil {
		i.checked = make(map[string]checked)
	}
	i.checked[q.File] = checked{after, a.inspected()}
	return a, nil
}

// noteModel tells of a file that can run code when it is loaded. Only what may be a
// pickle is looked at: models are large.
func (i *inspector) noteModel(ctx context.Context, file string, size int64, start string) {
	extensions := []string{".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt", ".npy", ".npz"}
	extension := strings.ToLower(filepath.Ext(file))
	torch := extension == ".bin" && strings.HasPrefix(start, "PK") // most files of that name are something else
	if i.note == nil || !torch && !strings.HasPrefix(start, "\x80") && !slices.Contains(extensions, extension) {
		return
	}
	a, err := i.ask(ctx, size, &question{File: file, Model: true})
	switch {
	case ctx.Err() != nil:
	case err != nil:
		i.tell("%s may be a model that can run code when it is loaded; looking into it: %s", file, strings.TrimPrefix(err.Error(), cairn.ErrRefused.Error()+": "))
	case a.Model != nil && a.Model.ExecutesCode:
		i.tell("%s can run code when it is loaded (%s); cairn inspect says what it imports", file, a.Model.Format)
	}
}

func (i *inspector) tell(format string, args ...any) {
	if i.note != nil {
		i.note(format, args...)
	}
}

// ask asks the child about a file of that size.
func (i *inspector) ask(ctx context.Context, size int64, q *question) (*answer, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.child == nil {
		var err error
		if i.child, err = i.startChild(); err != nil {
			return nil, fmt.Errorf("starting a process to look into it: %w", err)
		}
	}
	limit := inspectTime + time.Duration(size/inspectRate)*time.Second
	if q.Contract != "" {
		limit *= 3 // values are looked at one by one, and rows are parted in another pass
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errSlow)
	defer cancel()
	a, err := i.child.ask(ctx, q)
	var lost *lostChild
	if errors.As(err, &lost) {
		i.child = nil
		return nil, lost.cause
	}
	if q.Bad != "" { // the next one needs the memory that this took
		i.child.end()
		i.child = nil
	}
	return a, err
}

// A lostChild says why a child gave no answer.
type lostChild struct{ cause error }

func (e *lostChild) Error() string { return e.cause.Error() }

var (
	errLost = fmt.Errorf("%w: looking into it took more than %s of memory or crashed, so it is broken, hostile or too large to look into", cairn.ErrRefused, size(inspectMemory))
	errSlow = fmt.Errorf("%w: looking into it took too long", cairn.ErrRefused)
)

// formatOf returns the format that a file claims to have, "" if it claims none,
// with its size and first bytes.
func formatOf(file string) (format tables.Format, size int64, start string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", 0, "", err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return "", 0, "", err
	}
	var b [6]byte
	n, err := f.ReadAt(b[:], 0)
	if err == io.EOF {
		err = nil
	}
	return tables.FormatOf(file, b[:n]), st.Size(), string(b[:n]), err
}

// A child is a process of this program that runs inspectCommand.
type child struct {
	cmd       *exec.Cmd
	questions io.WriteCloser
	answers   *bufio.Reader
}

// A question is what a child is asked about a file.
type question struct {
	File   string        `json:"file"`
	Format tables.Format `json:"format,omitempty"` // of a table

	Contract string `json:"contract,omitempty"` // its text, if there is one
	Dir      string `json:"dir,omitempty"`      // for temporary files

	// Bad and Good are files that are there to take the rows that break the contract,
	// and the others if the table meets the contract without them.
	Bad  string `json:"bad,omitempty"`
	Good string `json:"good,omitempty"`

	Unordered bool `json:"unordered,omitempty"` // digest the rows in whatever order too

	Model bool `json:"model,omitempty"` // look for a model instead
}

// An answer is what a child says of a file.
type answer struct {
	Table  *layout.Table    `json:"table,omitempty"`
	Sum    transfer.Sum     `json:"sum,omitzero"`     // of the bytes of a table
	Ranges []layout.Range   `json:"ranges,omitempty"` // the column chunks of a Parquet table
	Report *contract.Report `json:"report,omitempty"` // if there is a contract
	Broken string           `json:"broken,omitempty"` // why the contract is broken without the bad rows too
	Model  *model.Model     `json:"model,omitempty"`

	Error      string `json:"error,omitempty"`
	Unreadable bool   `json:"unreadable,omitempty"` // the file is to blame
}

func (a *answer) inspected() *cairn.Inspected {
	return &cairn.Inspected{Table: a.Table, Sum: a.Sum, Ranges: a.Ranges}
}

func (i *inspector) startChild() (*child, error) {
	cmd, err := i.start()
	if err != nil {
		return nil, err
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is for the parent
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &child{cmd, in, bufio.NewReader(out)}, cmd.Start()
}

// end waits for the child to end.
func (c *child) end() {
	c.questions.Close()
	c.cmd.Wait()
}

// ask has the child look into a file. A child that gives no answer is lost.
func (c *child) ask(ctx context.Context, q *question) (*answer, error) {
	stop := context.AfterFunc(ctx, func() { c.cmd.Process.Kill() })
	defer stop()
	asked, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	_, err = c.questions.Write(append(asked, '\n'))
	var line []byte
	if err == nil {
		line, err = c.answers.ReadBytes('\n')
	}
	if err != nil {
		c.end()
		if cause := context.Cause(ctx); cause != nil {
			return nil, &lostChild{cause}
		}
		return nil, &lostChild{errLost}
	}
	var a answer
	if err := json.Unmarshal(line, &a); err != nil {
		return nil, err
	}
	switch {
	case a.Unreadable:
		return nil, fmt.Errorf("%w: %s", cairn.ErrRefused, a.Error)
	case a.Error != "":
		return nil, errors.New(a.Error)
	}
	return &a, nil
}
