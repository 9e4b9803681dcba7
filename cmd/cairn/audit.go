package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/store/transfer"
)

func (a *app) auditCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "audit DIR",
		Short: "Say which files of a folder the store has, and which names lie",
		Long: `Say of every file below a folder what the store knows of it: which version of
which artifact it is, by its bytes or, for tables, by the data in them; whether
its name claims what is not so; which files are the same; and what could be
deleted. Nothing is ever deleted or changed.

  safe       the bytes are in the store, in a version that is current or has a name
  known      the bytes are those of a version that was replaced
  same-data  a table with the content of a version, in other bytes
  unknown    the store does not have it
  unread     it could not be read
  link       a symbolic link; links are not followed
  store      the folder of a store; nothing in it is looked at

Only safe files count as what could be deleted.`,
		Example: `  cairn audit /mnt/old-volume
  cairn audit /mnt/old-volume --json | jq -r 'select(.status == "safe") | .path'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.audit(cmd.Context(), args[0]) },
	}
}

// An audited is one file. The last line of an audit is a summary instead.
type audited struct {
	Path      string       `json:"path"`
	Status    cairn.Status `json:"status"`
	Size      int64        `json:"size"`
	Modified  string       `json:"modified,omitempty"`
	Digest    string       `json:"digest,omitempty"`
	Matches   []matched    `json:"matches"`
	Words     []string     `json:"words"`
	Lies      bool         `json:"lies"`
	Newer     string       `json:"newer,omitempty"`
	NewerDate string       `json:"newer_date,omitempty"`
	Twin      string       `json:"twin,omitempty"`
	Link      string       `json:"link,omitempty"`
	Problem   string       `json:"problem,omitempty"`
}

type summarized struct {
	Files       int         `json:"files"`
	Bytes       int64       `json:"bytes"`
	Known       cairn.Count `json:"known"`
	SameData    cairn.Count `json:"same_data"`
	Unknown     cairn.Count `json:"unknown"`
	Unread      cairn.Count `json:"unread"`
	Links       int         `json:"links"`
	Named       int         `json:"named"`
	Lying       int         `json:"lying"`
	Twins       cairn.Count `json:"twins"`
	Reclaimable cairn.Count `json:"reclaimable"`
}

func (a *app) audit(ctx context.Context, dir string) error {
	var meter transfer.Meter
	r, err := a.openInspecting(ctx, &meter)
	if err != nil {
		return err
	}
	// Where both streams meet on a screen, the findings are progress enough.
	if f, ok := a.stdout.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		defer a.follow("audit "+dir, &meter)()
	}
	tally := cairn.NewTally()
	for f, err := range r.Audit(ctx, dir) {
		if err != nil {
			return err
		}
		tally.Add(f)
		if err := a.auditFile(f); err != nil {
			return err
		}
	}
	s := summarize(tally)
	if a.quiet {
		return nil
	}
	return a.print(nil, map[string]*summarized{"summary": s}, func() error { return a.printSummary(s) })
}

func (a *app) auditFile(f *cairn.Finding) error {
	if a.quiet {
		return a.printPins(f.Matches)
	}
	doc := identify(f)
	out := &audited{Path: f.Path, Status: f.Status, Size: f.Size, Digest: doc.Digest, Matches: doc.Matches,
		Words: append([]string{}, f.Words...), Lies: f.Lies(), Twin: f.Twin, Link: f.Link, Problem: problem(f)}
	if !f.Modified.IsZero() {
		out.Modified = f.Modified.UTC().Format(time.DateOnly)
	}
	if f.Lies() {
		out.Newer, out.NewerDate = f.Newer.String(), string(f.NewerDate)
	}
	return a.print(nil, out, func() error { return a.printAudited(f, out.Modified) })
}

// printAudited prints a line for the file, and one below it for each thing to
// know of it.
func (a *app) printAudited(f *cairn.Finding, modified string) error {
	lines := []string{fmt.Sprintf("%-9s  %10s  %-10s  %s", f.Status, sizeOf(f), modified, printable(f.Path))}
	more := func(format string, args ...any) {
		lines = append(lines, fmt.Sprintf("%37s", "")+fmt.Sprintf(format, args...))
	}
	if len(f.Matches) > 0 {
		text := matchText(&f.Matches[0])
		if n := len(f.Matches) - 1; n > 0 {
			text += fmt.Sprintf(" (and %d more)", n)
		}
		more("%s", text)
	}
	switch {
	case f.Lies():
		more("its name says %s, and there is a newer one: %s", quoted(f.Words), pinText(f.Newer, f.NewerDate))
	case len(f.Words) > 0:
		more("its name says %s", quoted(f.Words))
	}
	if f.Twin != "" {
		more("same bytes as %s", printable(f.Twin))
	}
	if f.Link != "" {
		more("leads to %s", printable(f.Link))
	}
	if f.Problem != "" {
		more("%s", problem(f))
	}
	_, err := fmt.Fprintln(a.stdout, strings.Join(lines, "\n"))
	return err
}

func sizeOf(f *cairn.Finding) string {
	if f.Status == cairn.Linked || f.Status == cairn.Stored {
		return ""
	}
	return size(f.Size)
}

func quoted(words []string) string {
	var texts []string
	for _, w := range words {
		texts = append(texts, strconv.Quote(w))
	}
	return strings.Join(texts, " and ")
}

// problem is what was wrong with a file, without the advice for publishing it.
func problem(f *cairn.Finding) string {
	text, _, _ := strings.Cut(f.Problem, "; --opaque")
	return strings.TrimPrefix(text, cairn.ErrRefused.Error()+": ")
}

func summarize(t *cairn.Tally) *summarized {
	safe, known := t.ByStatus[cairn.Safe], t.ByStatus[cairn.Known]
	return &summarized{
		Files: t.All.Files, Bytes: t.All.Bytes,
		Known:    cairn.Count{Files: safe.Files + known.Files, Bytes: safe.Bytes + known.Bytes},
		SameData: t.ByStatus[cairn.Equal], Unknown: t.ByStatus[cairn.Unknown], Unread: t.ByStatus[cairn.Unread],
		Links: t.ByStatus[cairn.Linked].Files, Named: t.Named, Lying: t.Lying, Twins: t.Twins, Reclaimable: safe,
	}
}

func (a *app) printSummary(s *summarized) error {
	t := a.table("")
	count := func(what string, c cairn.Count, remark string) {
		if c.Files > 0 {
			t.row(what, plural(c.Files, "file"), size(c.Bytes), remark)
		}
	}
	count("all", cairn.Count{Files: s.Files, Bytes: s.Bytes}, "")
	count("known", s.Known, "the bytes are those of a version")
	count("same-data", s.SameData, "tables of a version in other bytes; they are not counted as safe")
	count("unknown", s.Unknown, "the store does not have them")
	count("unread", s.Unread, "they could not be read")
	count("twins", s.Twins, "have the bytes of another file here")
	if s.Links > 0 {
		t.row("links", plural(s.Links, "link"), "", "not followed")
	}
	if s.Named > 0 {
		t.row("names", plural(s.Named, "file"), "", fmt.Sprintf("say latest, final, old and the like; %d claim to be the newest and are not", s.Lying))
	}
	t.row("safe", plural(s.Reclaimable.Files, "file"), size(s.Reclaimable.Bytes), "could be deleted: the store has the bytes, in versions in use")
	return t.flush()
}
