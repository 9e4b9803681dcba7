package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/store/doctor"
	"github.com/cairnstore/cairn/store/open"
)

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor [URL]",
		Short: "Find out whether a store keeps its promises",
		Long: `Find out with real, racing requests whether a store keeps the promises that cairn
rests on: above all, that of two writers only one wins. Writes some small objects
under _doctor/ and removes them. Ends with 2 if a vital promise is broken.`,
		Example: "  cairn doctor minio://127.0.0.1:9000/bucket?tls=false",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				a.store = args[0]
			}
			return a.doctor(cmd.Context())
		},
	}
}

type examined struct {
	Check   string `json:"check"`
	Promise string `json:"promise"`
	Vital   bool   `json:"vital"`
	Kept    bool   `json:"kept"`
	Instead string `json:"instead,omitempty"`
}

func (a *app) doctor(ctx context.Context) error {
	url, err := a.storeURL()
	if err != nil {
		return err
	}
	s, err := open.URL(ctx, url)
	if err != nil {
		return err
	}
	var broken int
	for finding, err := range doctor.Examine(ctx, s) {
		if err != nil {
			return fmt.Errorf("%s cannot be examined: %w", url, err)
		}
		if finding.Err != nil && finding.Check.Vital {
			broken++
		}
		if err := a.printFinding(finding); err != nil {
			return err
		}
	}
	if broken > 0 {
		return fmt.Errorf("%w: %s breaks %s that cairn cannot do without, and nothing will be written to it", cairn.ErrRefused, url, plural(broken, "promise"))
	}
	a.note("%s keeps the promises that cairn rests on", url)
	return nil
}

func (a *app) printFinding(f doctor.Finding) error {
	doc := &examined{f.Check.Name, f.Check.Promise, f.Check.Vital, f.Err == nil, ""}
	verdict := "ok"
	if f.Err != nil {
		doc.Instead = oneLine(f.Err)
		verdict = "BROKEN"
		if !f.Check.Vital {
			verdict = "missing"
		}
	}
	if a.quiet {
		return nil
	}
	return a.print(nil, doc, func() error {
		fmt.Fprintf(a.stdout, "%-8s %-14s %s\n", verdict, f.Check.Name, f.Check.Promise)
		if f.Err != nil {
			fmt.Fprintf(a.stdout, "%-8s %-14s %s\n", "", "", doc.Instead)
		}
		return nil
	})
}
