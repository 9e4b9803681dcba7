package kubernetes

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	batch "k8s.io/api/batch/v1"
)

// The date of a scheduled Job is the day it was due, whenever it runs, and a
// backfill gives another one.
func TestCronDate(t *testing.T) {
	cron := find(build(t, "cron"), func(*batch.CronJob) bool { return true })
	if cron == nil || cron.Spec.ConcurrencyPolicy != batch.ForbidConcurrent || cron.Spec.TimeZone == nil || *cron.Spec.TimeZone != "Etc/UTC" {
		t.Fatal("two runs may overlap, or the date is that of a time zone")
	}
	c := cron.Spec.JobTemplate.Spec.Template.Spec.Containers[0]
	script := slices.Concat(c.Command, c.Args)
	dir := t.TempDir()
	stub := "#!/bin/sh\necho \"$CAIRN_DATE $1\"\n"
	if err := os.WriteFile(filepath.Join(dir, "cairn"), []byte(stub), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ job, given, want string }{
		{"features-29694420", "", "2026-06-17 run\n"}, // due at 03:00
		{"features-29694239", "", "2026-06-16 run\n"}, // due at 23:59
		{"features-29694240", "", "2026-06-17 run\n"}, // due at midnight
		{"features-by-hand", "2026-05-01", "2026-05-01 run\n"},
		{"features-by-hand", "", ""},
		{"features-2026", "", ""},
	} {
		cmd := exec.Command(script[0], script[1:]...)
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "JOB_NAME="+c.job, "CAIRN_DATE="+c.given)
		out, err := cmd.Output()
		if string(out) != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v", c.job, out, err)
		}
	}
	if !strings.Contains(strings.Join(c.Args, " "), "exec cairn run") {
		t.Error("the shell stays between the signals and cairn")
	}
}
