package kubernetes

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/expr-lang/expr"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// A workflowTemplate has those fields of Argo's that the manifests use. Argo's own
// module would bring three hundred others with it.
type workflowTemplate struct {
	meta.TypeMeta   `json:",inline"`
	meta.ObjectMeta `json:"metadata"`
	Spec            struct {
		Entrypoint                   string                   `json:"entrypoint"`
		Arguments                    arguments                `json:"arguments"`
		PodMetadata                  map[string]any           `json:"podMetadata"`
		ServiceAccountName           string                   `json:"serviceAccountName"`
		AutomountServiceAccountToken *bool                    `json:"automountServiceAccountToken"`
		Executor                     map[string]string        `json:"executor"`
		SecurityContext              *core.PodSecurityContext `json:"securityContext"`
		Volumes                      []core.Volume            `json:"volumes"`
		Templates                    []template               `json:"templates"`
	} `json:"spec"`
}

type arguments struct {
	Parameters []parameter `json:"parameters"`
}

type parameter struct {
	Name      string `json:"name"`
	Value     string `json:"value"`
	ValueFrom *struct {
		Path string `json:"path"`
	} `json:"valueFrom"`
}

type template struct {
	Name          string          `json:"name"`
	RetryStrategy *retryStrategy  `json:"retryStrategy"`
	Inputs        arguments       `json:"inputs"`
	Outputs       arguments       `json:"outputs"`
	Container     *core.Container `json:"container"`
	DAG           *struct {
		Tasks []struct {
			Name      string    `json:"name"`
			Template  string    `json:"template"`
			Depends   string    `json:"depends"`
			Arguments arguments `json:"arguments"`
		} `json:"tasks"`
	} `json:"dag"`
}

type retryStrategy struct {
	Limit       intstr.IntOrString `json:"limit"`
	RetryPolicy string             `json:"retryPolicy"`
	Expression  string             `json:"expression"`
	Backoff     struct {
		Duration string             `json:"duration"`
		Factor   intstr.IntOrString `json:"factor"`
	} `json:"backoff"`
}

// pods returns the pods of a workflow, one for each container.
func (w *workflowTemplate) pods() []core.PodSpec {
	var pods []core.PodSpec
	for _, step := range w.Spec.Templates {
		if step.Container != nil {
			c := *step.Container
			c.Name = step.Name
			pods = append(pods, core.PodSpec{
				ServiceAccountName: w.Spec.ServiceAccountName, AutomountServiceAccountToken: w.Spec.AutomountServiceAccountToken,
				SecurityContext: w.Spec.SecurityContext, Volumes: w.Spec.Volumes, Containers: []core.Container{c},
			})
		}
	}
	return pods
}

func workflow(t *testing.T) *workflowTemplate {
	t.Helper()
	w := find(build(t, "argo"), func(*workflowTemplate) bool { return true })
	if w == nil {
		t.Fatal("there is no WorkflowTemplate")
	}
	return w
}

// A step is tried again if it ended with 1, or if the cluster lost it; never
// after any other code.
func TestRetryStrategy(t *testing.T) {
	type last struct {
		ExitCode string `expr:"exitCode"`
		Status   string `expr:"status"`
	}
	// Argo's own function.
	asInt := expr.Function("asInt", func(args ...any) (any, error) { return strconv.Atoi(args[0].(string)) }, new(func(string) int))
	for _, step := range workflow(t).Spec.Templates {
		if step.Container == nil {
			continue
		}
		r := step.RetryStrategy
		if r == nil || r.RetryPolicy != "Always" || r.Limit.IntValue() < 1 {
			t.Errorf("%s is not tried again", step.Name)
			continue
		}
		program, err := expr.Compile(r.Expression, expr.Env(map[string]any{"lastRetry": last{}}), asInt, expr.AsBool())
		if err != nil {
			t.Fatalf("%s: %v", step.Name, err)
		}
		for code := -1; code < 256; code++ {
			for _, status := range []string{"Failed", "Error"} {
				got, err := expr.Run(program, map[string]any{"lastRetry": last{fmt.Sprint(code), status}})
				if err != nil {
					t.Fatal(err)
				}
				if want := code == 1 || status == "Error" && (code == -1 || code == 143); got != want {
					t.Errorf("%s: after %d, %s: %v", step.Name, code, status, got)
				}
			}
		}
	}
}

var use = regexp.MustCompile(`\{\{([^{}]*)\}\}`)

// Every parameter that is used is there, and every output is a file that cairn
// writes.
func TestParameters(t *testing.T) {
	w := workflow(t)
	known := make(map[string]bool)
	for _, p := range w.Spec.Arguments.Parameters {
		known["workflow.parameters."+p.Name] = true
	}
	templates := make(map[string]template)
	for _, step := range w.Spec.Templates {
		templates[step.Name] = step
		for _, p := range step.Outputs.Parameters {
			known["tasks."+step.Name+".outputs.parameters."+p.Name] = true
			checkOutput(t, step, p)
		}
	}
	for _, task := range templates[w.Spec.Entrypoint].DAG.Tasks {
		step, ok := templates[task.Template]
		if !ok || task.Name != task.Template || len(task.Arguments.Parameters) != len(step.Inputs.Parameters) {
			t.Errorf("%s does not go with its template", task.Name)
		}
		for _, p := range task.Arguments.Parameters {
			checkUses(t, task.Name, p.Value, known)
		}
		inputs := map[string]bool{}
		for _, p := range step.Inputs.Parameters {
			inputs["inputs.parameters."+p.Name] = true
		}
		for name := range known {
			inputs[name] = strings.HasPrefix(name, "workflow.") || inputs[name]
		}
		for _, arg := range step.Container.Args {
			checkUses(t, task.Name, arg, inputs)
		}
		for _, e := range step.Container.Env {
			checkUses(t, task.Name, e.Value, inputs)
		}
	}
}

func checkUses(t *testing.T, where, text string, known map[string]bool) {
	t.Helper()
	for _, found := range use.FindAllStringSubmatch(text, -1) {
		if !known[found[1]] {
			t.Errorf("%s: there is no %s", where, found[1])
		}
	}
}

// checkOutput checks that an output comes from a folder that the step's command
// line gives as --outputs, and of "cairn run" from that of one of its artifacts.
func checkOutput(t *testing.T, step template, p parameter) {
	t.Helper()
	var folder string
	var artifacts []string
	for _, arg := range step.Container.Args {
		if dir, ok := strings.CutPrefix(arg, "--outputs="); ok {
			folder = dir
		}
		if artifact, ok := strings.CutPrefix(arg, "--out="); ok {
			artifacts = append(artifacts, strings.ReplaceAll(artifact, "/", "_"))
		}
	}
	for _, file := range []string{"pin", "version", "digest", "changed"} {
		if len(artifacts) == 0 && p.ValueFrom.Path == folder+"/"+file {
			return
		}
		for _, artifact := range artifacts {
			if p.ValueFrom.Path == folder+"/"+artifact+"/"+file {
				return
			}
		}
	}
	t.Errorf("%s: nothing writes %s", step.Name, p.ValueFrom.Path)
}
