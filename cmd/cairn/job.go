package main

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

// A job is what a run is to do.
type job struct {
	command []string
	options cairn.RunOptions
	inputs  []jobInput
	outputs []jobOutput
	label   layout.Name
	point   []layout.Name
	meta    map[string]string
	metrics metricsFile

	allowSchemaChange bool
}

// metricsFile is where a program writes its metrics.
type metricsFile struct {
	path   string // "" if the run chooses one
	due    bool   // the program was told to write it
	before files
}

type jobInput struct {
	name     string // as in CAIRN_IN_<name>
	ref      layout.Ref
	versions []*cairn.Version
	dir      string
}

type jobOutput struct {
	artifact layout.Artifact
	name     string // as in CAIRN_OUT_<name>
	path     string // "" if the run chooses one
	before   files
}

// job reads the options.
func (o *runOptions) job(command []string) (*job, error) {
	j := &job{command: command, metrics: metricsFile{path: o.metricFile, due: o.metricFile != ""}, allowSchemaChange: o.allowSchema}
	if o.date == "" {
		return nil, &layout.Error{Thing: "run", Value: command[0], Reason: "needs --date YYYY-MM-DD, the execution date; it is never taken from a clock"}
	}
	var err error
	if j.options.Date, err = layout.ParseDate(o.date); err != nil {
		return nil, err
	}
	if j.inputs, err = parseInputs(o.in); err != nil {
		return nil, err
	}
	for _, in := range j.inputs {
		j.options.Inputs = append(j.options.Inputs, in.ref)
	}
	if j.options.Gate, err = o.gate.gate(j.options.Inputs, j.options.Date); err != nil {
		return nil, err
	}
	if j.outputs, err = parseOutputs(o.out); err != nil {
		return nil, err
	}
	if j.options.Params, err = pairs("param", o.param, parseParam); err != nil {
		return nil, err
	}
	return j, j.names(o)
}

// names reads the names that outputs are to get. Those of partitions are refused
// here, before the program runs, and not when it is done.
func (j *job) names(o *runOptions) error {
	var named cairn.Publication
	if err := (&pushOptions{label: o.label, point: o.point}).names(&named); err != nil {
		return err
	}
	j.label, j.point = named.Label, named.Point
	for _, name := range append([]layout.Name{j.label}, j.point...) {
		if date, ok := name.Partition(); ok {
			return usagef("%s is the name of a partition, which --date gives; a label or pointer has another one", date)
		}
	}
	return nil
}

var (
	inputName   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)
	notVariable = strings.NewReplacer("/", "_", ".", "_", "-", "_")
)

// variable is the end of the name of an environment variable.
func variable(name string) string { return strings.ToUpper(notVariable.Replace(name)) }

func parseInputs(texts []string) ([]jobInput, error) {
	var inputs []jobInput
	seen := make(map[string]bool)
	for _, text := range texts {
		name, refText, _ := strings.Cut(text, "=")
		if !inputName.MatchString(name) || refText == "" {
			return nil, usagef("--in %q is not of the form NAME=REF, such as features=features/churn@prod", text)
		}
		if seen[variable(name)] {
			return nil, usagef("--in gives CAIRN_IN_%s twice", variable(name))
		}
		seen[variable(name)] = true
		ref, err := layout.ParseRef(refText)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, jobInput{name: variable(name), ref: ref})
	}
	return inputs, nil
}

func parseOutputs(texts []string) ([]jobOutput, error) {
	var outputs []jobOutput
	seen := make(map[string]bool)
	for _, text := range texts {
		name, path, hasPath := strings.Cut(text, "=")
		artifact, err := layout.ParseArtifact(name)
		if err != nil {
			return nil, err
		}
		if hasPath && path == "" {
			return nil, usagef("--out %q has no path after the =", text)
		}
		if path != "" {
			if path, err = filepath.Abs(path); err != nil {
				return nil, err
			}
		}
		out := jobOutput{artifact: artifact, name: variable(name), path: path}
		for _, unique := range []string{"CAIRN_OUT_" + out.name, outputFolder(artifact), path} {
			if unique != "" && seen[unique] {
				return nil, usagef("--out leads to %s twice", unique)
			}
			seen[unique] = true
		}
		outputs = append(outputs, out)
	}
	return outputs, nil
}

func (in *jobInput) pins() []string {
	pins := make([]string, len(in.versions))
	for i, v := range in.versions {
		pins[i] = v.Pin.String()
	}
	return pins
}

// prepare makes the folders of a job, and notes what is there already where the
// program is to write.
func (j *job) prepare(s *scratch) (err error) {
	for i := range j.inputs {
		if j.inputs[i].dir, err = s.folder("in", j.inputs[i].name); err != nil {
			return err
		}
	}
	for i := range j.outputs {
		out := &j.outputs[i]
		if out.path == "" {
			out.path, err = s.folder("out", out.name)
		} else {
			err = os.MkdirAll(filepath.Dir(out.path), 0o777)
		}
		if err != nil {
			return err
		}
		out.before = filesBelow(out.path)
	}
	j.metrics.path, err = filepath.Abs(cmp.Or(j.metrics.path, filepath.Join(s.dir, "metrics")))
	j.metrics.before = filesBelow(j.metrics.path)
	return err
}

func (j *job) environment() []string {
	env := append(os.Environ(), "CAIRN_DATE="+string(j.options.Date), "CAIRN_METRICS="+j.metrics.path)
	for _, in := range j.inputs {
		env = append(env, "CAIRN_IN_"+in.name+"="+in.dir, "CAIRN_PIN_"+in.name+"="+strings.Join(in.pins(), "\n"))
	}
	for _, out := range j.outputs {
		env = append(env, "CAIRN_OUT_"+out.name+"="+out.path)
	}
	return env
}
