package cairn

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/cairnstore/cairn/layout"
)

// checkLabel refuses a label that names another version already, before the
// version is committed.
func (w *publishing) checkLabel(ctx context.Context, pin layout.Pin) error {
	if w.Label == "" {
		return nil
	}
	now, err := w.r.readState(ctx, w.Artifact, w.Label)
	if err != nil {
		return err
	}
	return checkLabel(now, pin)
}

// afterCommit does what follows once the version is current. All of it is done
// again, without harm, when a publication is repeated.
func (w *publishing) afterCommit(ctx context.Context, v *Version) error {
	if err := w.writeRecord(ctx, v.Pin); err != nil {
		return fmt.Errorf("%s is published, but its record is not written: %w", v.Pin, err)
	}
	if w.Label != "" {
		if err := w.r.label(ctx, v, w.Label); err != nil {
			return fmt.Errorf("%s is published, but not labelled %s: %w", v.Pin, w.Label, err)
		}
	}
	for _, name := range w.Point {
		if err := w.r.Point(ctx, v, name, &PointOptions{Fence: w.Fence}); err != nil {
			return fmt.Errorf("%s is published, but %s does not point at it: %w", v.Pin, name, err)
		}
	}
	return nil
}

// writeRecord states who published the version, when and where, unless that was
// stated already.
func (w *publishing) writeRecord(ctx context.Context, pin layout.Pin) error {
	if found, err := w.r.list(ctx, layout.RecordPrefix(pin), nil); err != nil || len(found) > 0 {
		return err
	}
	record := &layout.Record{
		Kind: layout.RecordPush, Artifact: pin.Artifact, Version: pin.Version,
		By: w.r.options.By, At: timestamp(), Inputs: w.named, Facts: w.facts(),
	}
	b, err := record.Encode()
	if err != nil {
		return err
	}
	return w.r.put(ctx, layout.RecordKey(pin, newID()), b)
}

// facts are those of this attempt. The names of the environment variables are
// the ones that the Kubernetes documentation uses for the downward API.
func (w *publishing) facts() map[string]string {
	facts := map[string]string{
		"host":    hostname(),
		"tool":    w.r.options.Tool,
		"session": string(w.session.ID),
		"seconds": strconv.FormatFloat(time.Since(w.started).Seconds(), 'f', 3, 64),
	}
	for fact, variable := range map[string]string{"pod": "POD_NAME", "namespace": "POD_NAMESPACE", "node": "NODE_NAME"} {
		if value := os.Getenv(variable); value != "" {
			facts[fact] = value
		}
	}
	return facts
}
