package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cairnstore/cairn/store/storetest/server"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"cairn": main, "mktable": mktable, "measure": measure})
}

// scripts runs the scripts of a folder against the store at url, or one in each
// script's own folder.
func scripts(t *testing.T, folder, url string) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata/script", folder),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Setup: func(e *testscript.Env) error {
			store := e.WorkDir + "/store"
			if url != "" {
				store = url + "/" + filepath.Base(e.WorkDir)
				if i := len(url) - len("?tls=false"); i > 0 && url[i:] == "?tls=false" {
					store = url[:i] + "/" + filepath.Base(e.WorkDir) + "?tls=false"
				}
			}
			e.Setenv("CAIRN_STORE", store)
			e.Setenv("CAIRN_CACHE", e.WorkDir+"/cache")
			e.Setenv("CAIRN_TERMINATION_LOG", e.WorkDir+"/none")
			e.Setenv("USER", "tester")
			for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL", "STORAGE_EMULATOR_HOST"} {
				e.Setenv(name, os.Getenv(name))
			}
			return nil
		},
	})
}

// exits CODE PROGRAM ARG... runs a program and checks its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, not %d", got, want)
	}
}

func TestScripts(t *testing.T) { scripts(t, "", "") }

func TestScriptsOnFile(t *testing.T) { scripts(t, "any", "") }

func TestScriptsOnMinIO(t *testing.T) {
	s := server.MinIO(t)
	t.Setenv("AWS_ACCESS_KEY_ID", s.User)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.Password)
	scripts(t, "any", "minio://"+s.Endpoint+"/"+s.Bucket+"?tls=false")
}

func TestScriptsOnS3(t *testing.T) {
	s := server.MinIO(t)
	t.Setenv("AWS_ACCESS_KEY_ID", s.User)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.Password)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ENDPOINT_URL", "http://"+s.Endpoint)
	scripts(t, "any", "s3://"+s.Bucket)
}
