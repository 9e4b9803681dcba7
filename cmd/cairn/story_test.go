package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// python is what the containers of the manifests call, as a shell script: it
// makes features or a model by copying.
const python = `#!/bin/sh
set -e
case "$1 $#" in
	"/app/features.py 1") cp "$CAIRN_IN_CUSTOMERS"/* "$CAIRN_OUT_FEATURES_CHURN" ;;
	"/app/train.py 1") cat "$CAIRN_IN_FEATURES"/* > "$CAIRN_OUT_MODELS_CHURN/weights" ;;
	"/app/train.py 3") mkdir -p "$3"; cat "$2"/* > "$3/weights" ;;
	*) exit 9 ;;
esac
`

// A cluster runs the containers of manifests, one after the other, on this
// machine.
type cluster struct {
	url, dir string
	run      map[string]string // the ConfigMap that an overlay makes
}

func newCluster(t *testing.T) *cluster {
	c := &cluster{t.TempDir(), t.TempDir(), map[string]string{"date": "2026-06-17"}}
	if err := os.WriteFile(filepath.Join(c.dir, "python"), []byte(python), 0o777); err != nil {
		t.Fatal(err)
	}
	return c
}

// apply runs the Job in a file of deploy/kubernetes, and returns the exit code of
// the container that failed, or else 0.
func (c *cluster) apply(t *testing.T, file string) (stderr string, code int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../deploy/kubernetes", file))
	if err != nil {
		t.Fatal(err)
	}
	var job struct {
		Spec struct {
			Template struct {
				Spec struct {
					InitContainers []podContainer `yaml:"initContainers"`
					Containers     []podContainer
				}
			}
		}
	}
	if err := yaml.Unmarshal(text, &job); err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	pod := job.Spec.Template.Spec
	for _, container := range append(pod.InitContainers, pod.Containers...) {
		if stderr, code = c.start(t, scratch, container); code != 0 {
			return stderr, code
		}
	}
	return stderr, code
}

type podContainer struct {
	Command, Args []string
	Env           []struct {
		Name, Value string
		ValueFrom   struct {
			ConfigMapKeyRef struct{ Key string } `yaml:"configMapKeyRef"`
		} `yaml:"valueFrom"`
	}
}

func (c *cluster) start(t *testing.T, scratch string, container podContainer) (stderr string, code int) {
	t.Helper()
	expand := []string{"/scratch", scratch}
	env := []string{"CAIRN_STORE=" + c.url, "CAIRN_CACHE=" + filepath.Join(scratch, "cairn"), "PATH=" + c.dir + ":" + os.Getenv("PATH")}
	for _, e := range container.Env {
		value := e.Value + c.run[e.ValueFrom.ConfigMapKeyRef.Key]
		env, expand = append(env, e.Name+"="+value), append(expand, "$("+e.Name+")", value)
	}
	words := append(container.Command, container.Args...)
	if len(container.Command) == 0 {
		words = append([]string{"cairn"}, words...) // the image's own entry point
	}
	for i := range words {
		words[i] = strings.NewReplacer(expand...).Replace(words[i])
	}
	path, err := exec.LookPath(words[0])
	if words[0] == "python" {
		path, err = filepath.Join(c.dir, "python"), nil
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := &exec.Cmd{Path: path, Args: words, Dir: c.dir, Env: append(os.Environ(), env...)}
	_, stderr, code = result(t, cmd)
	return stderr, code
}

// The manifests do what the story needs: a train Job whose features were made
// from another dataset than is expected stops before it trains.
func TestManifestsPlayTheStory(t *testing.T) {
	for _, train := range []string{"jobs/train.yaml", "init-pull/train.yaml"} {
		t.Run(filepath.Dir(train), func(t *testing.T) {
			c := newCluster(t)
			dataset := func(label, text string) {
				file := write(t, filepath.Join(t.TempDir(), "customers.csv"), []byte(text))
				must(t, c.url, "push", "datasets/customers", file, "--date", "2026-06-17", "--label", label, "-q")
				c.run["customers"], c.run["expect"] = label, "datasets/customers="+label
			}
			succeeds := func(file string) {
				t.Helper()
				if stderr, code := c.apply(t, file); code != 0 {
					t.Fatalf("%s: exit code %d: %s", file, code, stderr)
				}
			}
			dataset("v1", "age\n18\n")
			if stderr, code := c.apply(t, train); code != 2 || !strings.Contains(stderr, "features/churn") {
				t.Fatalf("training before there are features: exit code %d: %s", code, stderr)
			}
			succeeds("jobs/features.yaml")
			succeeds(train)
			first := must(t, c.url, "resolve", "models/churn@candidate")

			dataset("v2", "age\n81\n")
			stderr, code := c.apply(t, train)
			if code != 2 || !strings.Contains(stderr, "was made from datasets/customers@b3:") || !strings.Contains(stderr, "(v2) is expected") {
				t.Fatalf("training on features of v1: exit code %d: %s", code, stderr)
			}
			if now := must(t, c.url, "resolve", "models/churn@candidate"); now != first {
				t.Errorf("a model was published: %s", now)
			}
			succeeds("jobs/features.yaml")
			succeeds(train)
			model := must(t, c.url, "show", "models/churn@candidate", "--json")
			features := must(t, c.url, "resolve", "features/churn@candidate")
			if _, version, _ := strings.Cut(features, "@"); !strings.Contains(model, `"inputs":[{"artifact":"features/churn","date":"2026-06-17","version":"`+version+`"}]`) {
				t.Errorf("the model was not made from %s: %s", features, model)
			}
		})
	}
}
