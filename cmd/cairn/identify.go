package main

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

func (a *app) identifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "identify FILE",
		Short: "Say which version of which artifact a file is",
		Long: `Say which version of which artifact a file on this machine is: by its bytes, or,
if it is a table, by the data in it, whatever its name and however it is stored.
Versions that were replaced are found too. Ends with 2 if no version has it.`,
		Example: "  cairn identify features_final_fixed.csv",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.identify(cmd.Context(), args[0]) },
	}
}

// An identified is a file with what it is.
type identified struct {
	Path    string    `json:"path"`
	Size    int64     `json:"size"`
	Digest  string    `json:"digest,omitempty"`
	Matches []matched `json:"matches"`
}

type matched struct {
	Pin      string        `json:"pin"`
	Artifact string        `json:"artifact"`
	Date     string        `json:"date"`
	Version  string        `json:"version"`
	Names    []layout.Name `json:"names"`
	Path     string        `json:"path"`
	How      cairn.How     `json:"how"`
	Current  bool          `json:"current"`
	Newest   bool          `json:"newest"`
}

func (a *app) identify(ctx context.Context, file string) error {
	var meter transfer.Meter
	r, err := a.openInspecting(ctx, &meter)
	if err != nil {
		return err
	}
	c, err := r.Catalogue(ctx)
	if err != nil {
		return err
	}
	stop := a.follow("identify "+file, &meter)
	f, err := c.IdentifyFile(ctx, file)
	stop()
	if err != nil {
		return err
	}
	if len(f.Matches) == 0 {
		return unidentified{f}
	}
	if a.quiet {
		return a.printPins(f.Matches)
	}
	return a.print(nil, identify(f), func() error {
		for i := range f.Matches {
			if _, err := fmt.Fprintln(a.stdout, matchText(&f.Matches[i])); err != nil {
				return err
			}
		}
		if f.Lies() {
			a.note("its name says %s, and there is a newer one: %s", quoted(f.Words), pinText(f.Newer, f.NewerDate))
		}
		return nil
	})
}

// An unidentified is a file that no version has. Its exit code is that of what
// is not found.
type unidentified struct{ *cairn.Finding }

func (e unidentified) Error() string {
	text := fmt.Sprintf("%s: no version in the store has its bytes, %s, or a table with the same data", printable(e.Path), e.Digest)
	if e.Problem != "" {
		text += fmt.Sprintf("; what table it holds is not known: %s", problem(e.Finding))
	}
	return text
}

func (unidentified) Is(target error) bool { return target == fs.ErrNotExist }

func identify(f *cairn.Finding) *identified {
	doc := &identified{Path: f.Path, Size: f.Size, Matches: matchesOf(f)}
	if !f.Digest.IsZero() {
		doc.Digest = f.Digest.String()
	}
	return doc
}

func matchesOf(f *cairn.Finding) []matched {
	matches := make([]matched, 0, len(f.Matches))
	for _, m := range f.Matches {
		matches = append(matches, matched{m.Pin.String(), string(m.Pin.Artifact), string(m.Date), m.Pin.Version.String(),
			append([]layout.Name{}, m.Names...), m.Path, m.How, m.Current, m.Newest})
	}
	return matches
}

// printPins prints the versions of matches, each once.
func (a *app) printPins(matches []cairn.Match) error {
	seen := map[layout.Pin]bool{}
	for _, m := range matches {
		if seen[m.Pin] {
			continue
		}
		seen[m.Pin] = true
		if _, err := fmt.Fprintln(a.stdout, m.Pin); err != nil {
			return err
		}
	}
	return nil
}

// matchText says in a line which file of which version is meant, and what that
// version is now.
func matchText(m *cairn.Match) string {
	text := "is " + pinText(m.Pin, m.Date)
	if m.How == cairn.SameTable {
		text = "holds the data of " + pinText(m.Pin, m.Date)
	}
	var names []string
	for _, n := range m.Names {
		names = append(names, string(n))
	}
	if len(names) > 0 {
		text += ", " + strings.Join(names, ", ")
	}
	switch {
	case m.Newest:
		text += ", the newest"
	case !m.Current && len(names) == 0:
		text += ", replaced"
	}
	return text + ": " + printable(m.Path)
}

func pinText(p layout.Pin, d layout.Date) string {
	return fmt.Sprintf("%s@%s of %s", p.Artifact, p.Version.Short(), d)
}
