package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

// outputsFlag gives a verb --outputs.
func (a *app) outputsFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.outputs, "outputs", "", "folder for small files pin, version, digest and changed, as a workflow engine reads them")
}

// writeOutputs writes the results of a verb for a workflow engine: those of one
// version right into the folder of --outputs, those of a range of dates each into
// a folder such as "date=2026-06-17" below it.
func (a *app) writeOutputs(versions []*cairn.Version, isRange bool) error {
	for _, v := range versions {
		below := ""
		if isRange {
			below = string(layout.HeadName(v.Manifest.Date))
		}
		if err := a.writeOutput(below, v, false); err != nil {
			return err
		}
	}
	return nil
}

// writeOutput writes one result into a folder below that of --outputs, if that
// was given. The files end without a newline, which engines would keep.
func (a *app) writeOutput(below string, v *cairn.Version, changed bool) error {
	if a.outputs == "" {
		return nil
	}
	dir := filepath.Join(a.outputs, below)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"pin":     v.Pin.String(),
		"version": v.Pin.Version.String(),
		"digest":  v.Pin.Version.Hex(),
		"changed": strconv.FormatBool(changed),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// outputFolder names the folder of an artifact, for verbs with results of
// several.
func outputFolder(a layout.Artifact) string { return strings.ReplaceAll(string(a), "/", "_") }
