package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/cairnstore/cairn/store/transfer"
)

// between plain lines of progress.
const lineInterval = 5 * time.Second

// follow shows the progress of m on stderr until the function that it returns
// is called: as a bar on a terminal, elsewhere as a line every few seconds.
func (a *app) follow(what string, m *transfer.Meter) (stop func()) {
	if a.quiet || a.progress == "none" {
		return func() {}
	}
	show, interval, finish := plainProgress(a.stderr, what, m), lineInterval, func() {}
	if f, ok := a.stderr.(*os.File); ok && a.progress == "auto" && term.IsTerminal(int(f.Fd())) {
		bar := newBar(a.stderr, what)
		show, interval, finish = func() { updateBar(bar, m) }, 100*time.Millisecond, func() { bar.Clear() }
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.Tick(interval); ; {
			select {
			case <-tick:
				show()
			case <-quit:
				finish()
				return
			}
		}
	}()
	return func() { close(quit); <-done }
}

func newBar(w io.Writer, what string) *progressbar.ProgressBar {
	return progressbar.NewOptions64(-1, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(true), progressbar.OptionUseIECUnits(true), progressbar.OptionClearOnFinish())
}

func updateBar(bar *progressbar.ProgressBar, m *transfer.Meter) {
	if total := m.Total.Load(); total > 0 && total != bar.GetMax64() {
		bar.ChangeMax64(total)
	}
	bar.Set64(done(m))
}

func plainProgress(w io.Writer, what string, m *transfer.Meter) func() {
	started := time.Now()
	return func() {
		done, total := done(m), m.Total.Load()
		rate := float64(m.Moved.Load()) / time.Since(started).Seconds()
		left := ""
		if rate > 0 {
			left = fmt.Sprintf(", %s left", time.Duration(float64(total-done)/rate*float64(time.Second)).Round(time.Second))
		}
		fmt.Fprintf(w, "cairn: %s: %s of %s, %d files, %s/s%s\n", what, size(done), size(total), m.Files.Load(), size(int64(rate)), left)
	}
}

func size(n int64) string { return humanize.IBytes(uint64(max(0, n))) }

// plural is "1 file" or "2 files".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
