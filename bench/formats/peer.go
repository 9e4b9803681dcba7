package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

//go:embed peer.py
var peerProgram string

// A peer is one long-lived Python process, which measures itself, so that
// starting it does not count.
type peer struct {
	cmd       *exec.Cmd
	questions io.WriteCloser
	answers   *json.Decoder
	version   string // of pyarrow
}

// An order is what a peer is told: to read File on so many Cores, or, if To is
// given, to write what it reads there.
type order struct {
	File  string `json:"file"`
	Cores int    `json:"cores"`
	To    string `json:"to,omitempty"`
	Codec string `json:"codec,omitempty"`
}

type answer struct {
	Version string  `json:"version"`
	Rows    int64   `json:"rows"`
	Seconds float64 `json:"seconds"`
}

func startPeer(python string) (*peer, error) {
	cmd := exec.Command(python, "-c", peerProgram)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w; run: make peers", err)
	}
	p := &peer{cmd: cmd, questions: in, answers: json.NewDecoder(bufio.NewReader(out))}
	var hello answer
	err = p.answers.Decode(&hello)
	p.version = hello.Version
	return p, err
}

func (p *peer) tell(o order) (a answer, err error) {
	if err := json.NewEncoder(p.questions).Encode(o); err != nil {
		return a, err
	}
	if err = p.answers.Decode(&a); err == io.EOF {
		err = errors.New("the Python process has ended")
	}
	return a, err
}

func (p *peer) read(file string, cores int) (int64, time.Duration, error) {
	a, err := p.tell(order{File: file, Cores: cores})
	return a.Rows, time.Duration(a.Seconds * float64(time.Second)), err
}

func (p *peer) stop() {
	p.questions.Close()
	p.cmd.Wait()
}
