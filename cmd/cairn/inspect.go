package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/formats/arrow"
	"github.com/cairnstore/cairn/formats/parquet"
	"github.com/cairnstore/cairn/layout"
)

// What a file may cost to look into. Nothing in it is trusted: a few bytes can
// ask a decoder for gigabytes, or for ever.
const (
	inspectMemory = 256 << 20
	inspectTime   = time.Minute // and a second for each inspectRate bytes
	inspectRate   = 10 << 20
)

// An inspector says what files hold. It looks into them in a child process with
// bounded memory and time, which may be lost without losing the job.
type inspector struct {
	start func() (*exec.Cmd, error) // says how to start a child

	mu    sync.Mutex // one file at a time: looking into it uses all cores
	child *child
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

// inspect returns what file holds, nil if it is no table that cairn knows.
func (i *inspector) inspect(ctx context.Context, file string) (*layout.Table, error) {
	size, ok, err := looksLikeTable(file)
	if err != nil || !ok {
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.child == nil {
		if i.child, err = i.startChild(); err != nil {
			return nil, fmt.Errorf("starting a process to look into it: %w", err)
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, inspectTime+time.Duration(size/inspectRate)*time.Second, errSlow)
	defer cancel()
	table, err := i.child.ask(ctx, file)
	var lost *lostChild
	if errors.As(err, &lost) {
		i.child = nil
		err = lost.cause
	}
	return table, err
}

// A lostChild says why a child gave no answer.
type lostChild struct{ cause error }

func (e *lostChild) Error() string { return e.cause.Error() }

var (
	errLost = fmt.Errorf("%w: looking into it took more than %s of memory or crashed, so it is broken, hostile or too large to look into; --opaque publishes it as it is", cairn.ErrRefused, size(inspectMemory))
	errSlow = fmt.Errorf("%w: looking into it took too long; --opaque publishes it as it is", cairn.ErrRefused)
)

// looksLikeTable reports whether a file claims to be a table that says itself
// what its columns are: by its first bytes, or by its name.
func looksLikeTable(file string) (size int64, ok bool, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, false, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return 0, false, err
	}
	magic, err := firstBytes(f)
	if err != nil {
		return 0, false, err
	}
	switch strings.ToLower(filepath.Ext(file)) {
	case ".parquet", ".feather", ".arrow":
		return st.Size(), true, nil
	}
	return st.Size(), strings.HasPrefix(magic, parquetMagic) || magic == arrowMagic, nil
}

const (
	parquetMagic = "PAR1"
	arrowMagic   = "ARROW1"
)

// firstBytes returns as many of the first bytes of f as the longest magic has.
func firstBytes(f *os.File) (string, error) {
	var magic [len(arrowMagic)]byte
	n, err := f.ReadAt(magic[:], 0)
	if err == io.EOF {
		err = nil
	}
	return string(magic[:n]), err
}

// A child is a process of this program that runs inspectCommand.
type child struct {
	cmd       *exec.Cmd
	questions io.WriteCloser
	answers   *bufio.Reader
}

// An answer is what a child says of a file.
type answer struct {
	Table      *layout.Table `json:"table,omitempty"`
	Error      string        `json:"error,omitempty"`
	Unreadable bool          `json:"unreadable,omitempty"`
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

// ask has the child look into file. A child that gives no answer is lost.
func (c *child) ask(ctx context.Context, file string) (*layout.Table, error) {
	stop := context.AfterFunc(ctx, func() { c.cmd.Process.Kill() })
	defer stop()
	question, err := json.Marshal(file)
	if err != nil {
		return nil, err
	}
	_, err = c.questions.Write(append(question, '\n'))
	var line []byte
	if err == nil {
		line, err = c.answers.ReadBytes('\n')
	}
	if err != nil {
		c.questions.Close()
		c.cmd.Wait()
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
		return nil, fmt.Errorf("%w: %s; --opaque publishes it as it is", cairn.ErrRefused, a.Error)
	case a.Error != "":
		return nil, errors.New(a.Error)
	}
	return a.Table, nil
}

// inspectCommand is the child: it reads the names of files, a JSON string a
// line, and answers each with a line.
func inspectCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "inspect-files",
		Short:  "Look into files, for another cairn process",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := limitMemory(); err != nil {
				return err
			}
			questions := bufio.NewScanner(os.Stdin)
			questions.Buffer(nil, 1<<20)
			answers := json.NewEncoder(cmd.OutOrStdout())
			for questions.Scan() {
				var file string
				if err := json.Unmarshal(bytes.TrimSpace(questions.Bytes()), &file); err != nil {
					return err
				}
				if err := answers.Encode(lookInto(cmd.Context(), file)); err != nil {
					return err
				}
			}
			return questions.Err()
		},
	}
}

func lookInto(ctx context.Context, file string) answer {
	f, err := os.Open(file)
	if err != nil {
		return answer{Error: err.Error()}
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return answer{Error: err.Error()}
	}
	inspect := func() (*formats.Table, error) { return parquet.Inspect(ctx, f, st.Size(), nil) }
	if magic, _ := firstBytes(f); magic == arrowMagic {
		inspect = func() (*formats.Table, error) { return arrow.InspectIPC(ctx, f, st.Size()) }
	}
	found, err := inspect()
	if err != nil {
		return answer{Error: err.Error(), Unreadable: errors.Is(err, formats.ErrUnreadable)}
	}
	return answer{Table: tableOf(found)}
}

// tableOf is what a manifest says of t.
func tableOf(t *formats.Table) *layout.Table {
	if len(t.Columns) == 0 {
		return nil
	}
	out := &layout.Table{Rows: t.Rows}
	if !t.Digest.IsZero() {
		out.Digest = t.Digest.String()
	}
	for _, c := range t.Columns {
		column := layout.Column{Name: c.Name, Type: string(c.Type), Nulls: c.Nulls, Min: c.Min, Max: c.Max}
		if !c.Digest.IsZero() {
			column.Digest = c.Digest.String()
		}
		out.Columns = append(out.Columns, column)
	}
	return out
}
