package model

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
)

// pickles is what is learned from one pickle or many.
type pickles struct {
	any      bool  // there is one
	newest   int64 // protocol, 0 if none says its own, as 0 and 1 do not
	globals  names
	warnings []string

	arrays bool // those of joblib are passed over, as joblib does
	joblib bool // there was one
	lost   bool // and it could not be passed
}

func (p *pickles) protocol(c *cursor, version any) {
	v, _ := version.(int64)
	if v > maxProtocol {
		c.broken("protocol", "%d is not known", v)
	}
	p.newest = max(p.newest, v)
}

func (p *pickles) global(c *cursor, name string) {
	if p.globals == nil {
		p.globals = make(names)
	}
	if p.globals.add(name); len(p.globals) > maxGlobals {
		c.broken("", "more than %d names are imported", maxGlobals)
	}
}

func (p *pickles) warn(format string, args ...any) {
	p.warnings = append(p.warnings, fmt.Sprintf(format, args...))
}

// take adds to m what was learned.
func (m *Model) take(p *pickles) {
	m.ExecutesCode = m.ExecutesCode || p.any
	m.Globals = slices.Sorted(maps.Keys(p.globals))
	for _, w := range p.warnings {
		m.warn("%s", w)
	}
}

// one goes through a single pickle.
func (p *pickles) one(c *cursor) {
	p.any = true
	m := newMachine(c, p)
	if p.arrays {
		m.built = m.passArray
	}
	m.run()
}

// walk goes through a pickle and what follows it up to the end, as far as that
// is pickles too. A reader stops where the first one does, so anything after it
// is worth a warning.
func (p *pickles) walk(c *cursor) {
	p.one(c)
	if c.err != nil || p.lost || c.atEnd() {
		return
	}
	p.warn("the pickle stops at byte %d, and more follows", c.off)
	for c.err == nil && !p.lost && !c.atEnd() {
		at := c.off
		p.one(c)
		if isBroken(c.err) {
			p.warn("what follows at byte %d is no pickle: %v", at, c.err)
			c.err = nil
			return
		}
	}
}

// torchMagic is the integer that a file of PyTorch before 1.6 begins with, as
// the argument of LONG1. Its pickle follows two others, then one of names, then
// numbers.
var torchMagic = []byte("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19")

const torchPickles = 5

// inspectPickle reads a file that is or begins with a pickle.
func inspectPickle(f *file) (*Model, error) {
	head, err := f.head(32)
	if err != nil {
		return nil, err
	}
	format := Pickle
	if f.hint == Joblib {
		format = Joblib
	}
	p := &pickles{}
	c := f.cursor(format, 0, f.size)
	if bytes.Contains(head, torchMagic) {
		format, c.format = PyTorch, PyTorch
		for range torchPickles {
			p.one(c)
		}
	} else {
		p.arrays = true
		p.walk(c)
	}
	return p.model(format, c)
}

// model describes a file of nothing but what was walked.
func (p *pickles) model(format string, c *cursor) (*Model, error) {
	if c.err != nil {
		return nil, c.err
	}
	if p.joblib {
		format = Joblib
	}
	m := &Model{Format: format}
	if p.newest > 0 {
		m.Version = fmt.Sprint(p.newest)
	}
	m.take(p)
	return m, nil
}

// inspectOldPickle reads a pickle of protocol 0 or 1, which begins in any way
// at all. Text may happen to be one, so it has to import something or end where
// the file does.
func inspectOldPickle(f *file) (*Model, error) {
	m, err := inspectPickle(f)
	if err == nil && len(m.Globals) == 0 && len(m.Warnings) > 0 {
		return nil, ErrUnknown
	}
	return m, err
}
