// Package kubernetes tests the manifests of this folder, which need no cluster
// for it.
package kubernetes

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	rbac "k8s.io/api/rbac/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	kustomize "sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// kinds are the types that manifests are decoded into, which know every field
// that the API server knows.
var kinds = map[string]func() any{
	"v1 ConfigMap":                             func() any { return new(core.ConfigMap) },
	"v1 Secret":                                func() any { return new(core.Secret) },
	"v1 ServiceAccount":                        func() any { return new(core.ServiceAccount) },
	"batch/v1 CronJob":                         func() any { return new(batch.CronJob) },
	"batch/v1 Job":                             func() any { return new(batch.Job) },
	"networking.k8s.io/v1 NetworkPolicy":       func() any { return new(networking.NetworkPolicy) },
	"rbac.authorization.k8s.io/v1 Role":        func() any { return new(rbac.Role) },
	"rbac.authorization.k8s.io/v1 RoleBinding": func() any { return new(rbac.RoleBinding) },
	"argoproj.io/v1alpha1 WorkflowTemplate":    func() any { return new(workflowTemplate) },
	"kustomize.config.k8s.io/v1beta1 Kustomization": func() any {
		return new(kustomize.Kustomization)
	},
	"kustomize.config.k8s.io/v1alpha1 Component": func() any { return new(kustomize.Kustomization) },
}

// decode decodes the documents of a file. A field that no API knows fails.
func decode(t *testing.T, name string, text []byte) []any {
	t.Helper()
	var found []any
	for document := range bytes.SplitSeq(text, []byte("\n---\n")) {
		var typed struct{ APIVersion, Kind string }
		if err := yaml.Unmarshal(document, &typed); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		kind, ok := kinds[typed.APIVersion+" "+typed.Kind]
		if !ok {
			t.Errorf("%s: there is no %s %s", name, typed.APIVersion, typed.Kind)
			continue
		}
		object := kind()
		if err := yaml.UnmarshalStrict(document, object); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		found = append(found, object)
	}
	return found
}

// Every file is what the API server would take.
func TestFiles(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		if err == nil {
			decode(t, path, text)
		}
		return err
	})
	if err != nil || files < 15 {
		t.Errorf("%d files, %v", files, err)
	}
}

// builds are the folders that a user applies.
var builds = []string{"platform", "jobs", "init-pull", "cron", "argo", "overlays/dev", "overlays/prod"}

// build returns the objects of a folder, as "kubectl apply -k" sends them.
func build(t *testing.T, folder string) []any {
	t.Helper()
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatalf("%s: %v", folder, err)
	}
	text, err := made.AsYaml()
	if err != nil {
		t.Fatalf("%s: %v", folder, err)
	}
	return decode(t, folder, text)
}

// jobs returns the Jobs among objects, by their names, those that a CronJob
// makes among them.
func jobs(objects []any) map[string]batch.JobSpec {
	found := make(map[string]batch.JobSpec)
	for _, object := range objects {
		switch o := object.(type) {
		case *batch.Job:
			found[o.Name] = o.Spec
		case *batch.CronJob:
			found[o.Name] = o.Spec.JobTemplate.Spec
		}
	}
	return found
}

func find[T any](objects []any, is func(*T) bool) *T {
	for _, object := range objects {
		if o, ok := object.(*T); ok && is(o) {
			return o
		}
	}
	return nil
}

// each runs a test on every folder that can be applied.
func each(t *testing.T, test func(t *testing.T, folder string, objects []any)) {
	for _, folder := range builds {
		t.Run(folder, func(t *testing.T) { test(t, folder, build(t, folder)) })
	}
}

// What cannot get better fails the Job, what is nobody's failure costs no try,
// and all else is tried again.
func TestFailurePolicy(t *testing.T) {
	each(t, func(t *testing.T, _ string, objects []any) {
		for name, job := range jobs(objects) {
			pod := job.Template.Spec
			if pod.RestartPolicy != core.RestartPolicyNever {
				t.Errorf("%s: a failure policy needs restartPolicy Never", name)
			}
			if job.BackoffLimit == nil || *job.BackoffLimit < 1 || job.PodReplacementPolicy == nil || *job.PodReplacementPolicy != batch.Failed {
				t.Errorf("%s: it is tried again without end, or twice at once", name)
			}
			if job.PodFailurePolicy == nil {
				t.Errorf("%s has no podFailurePolicy", name)
				continue
			}
			ignored, judged := false, make(map[string]bool)
			for _, rule := range job.PodFailurePolicy.Rules {
				switch rule.Action {
				case batch.PodFailurePolicyActionFailJob:
					codes := rule.OnExitCodes
					if codes == nil || codes.ContainerName == nil || codes.Operator != batch.PodFailurePolicyOnExitCodesOpIn {
						t.Errorf("%s: a rule names no container or no codes", name)
						continue
					}
					if container(pod, *codes.ContainerName) == nil {
						t.Errorf("%s: a rule is for %s, and there is no such container", name, *codes.ContainerName)
					}
					if !slices.Equal(codes.Values, []int32{2, 64, 70, 126, 127}) {
						t.Errorf("%s: the codes are %v", name, codes.Values)
					}
					judged[*codes.ContainerName] = true
				case batch.PodFailurePolicyActionIgnore:
					ignored = len(rule.OnPodConditions) == 1 && rule.OnPodConditions[0].Type == core.DisruptionTarget
				}
			}
			if !ignored {
				t.Errorf("%s: a node that is drained uses up a try", name)
			}
			for _, c := range containers(pod) {
				if runsCairn(c) && !judged[c.Name] {
					t.Errorf("%s: no rule is for %s", name, c.Name)
				}
			}
		}
	})
}

func containers(pod core.PodSpec) []core.Container {
	return slices.Concat(pod.InitContainers, pod.Containers)
}

func container(pod core.PodSpec, name string) *core.Container {
	for _, c := range containers(pod) {
		if c.Name == name {
			return &c
		}
	}
	return nil
}

func runsCairn(c core.Container) bool {
	return strings.Contains(c.Image, "/cairn:") || strings.Contains(strings.Join(append(c.Command, c.Args...), " "), "cairn run")
}

var pinned = regexp.MustCompile(`^[a-z0-9./-]+(:[0-9][A-Za-z0-9._-]*|@sha256:[0-9a-f]{64})$`)

// Every pod keeps to the restricted Pod Security Standard, and a bit more.
func TestPodsAreRestricted(t *testing.T) {
	each(t, func(t *testing.T, _ string, objects []any) {
		for name, job := range jobs(objects) {
			checkPod(t, name, job.Template.Spec)
		}
		for _, object := range objects {
			if w, ok := object.(*workflowTemplate); ok {
				for _, pod := range w.pods() {
					checkPod(t, w.Name, pod)
				}
			}
		}
	})
}

func checkPod(t *testing.T, name string, pod core.PodSpec) {
	t.Helper()
	s := pod.SecurityContext
	if s == nil || !is(s.RunAsNonRoot) || s.RunAsUser == nil || *s.RunAsUser == 0 || s.SeccompProfile == nil || s.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault {
		t.Errorf("%s: the pod may run as root, or without seccomp", name)
	}
	if pod.ServiceAccountName == "" || pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
		t.Errorf("%s: the pod gets a token of the API server", name)
	}
	if pod.HostNetwork || pod.HostPID || pod.HostIPC {
		t.Errorf("%s: the pod is in a namespace of the host", name)
	}
	for _, v := range pod.Volumes {
		if v.HostPath != nil {
			t.Errorf("%s: %s is a folder of the host", name, v.Name)
		}
		if v.EmptyDir == nil && v.Ephemeral == nil || v.EmptyDir != nil && v.EmptyDir.SizeLimit == nil {
			t.Errorf("%s: %s has no limit", name, v.Name)
		}
	}
	for _, c := range containers(pod) {
		s := c.SecurityContext
		if s == nil || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || !is(s.ReadOnlyRootFilesystem) ||
			s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []core.Capability{"ALL"}) || len(s.Capabilities.Add) > 0 {
			t.Errorf("%s: %s may do too much", name, c.Name)
		}
		if !pinned.MatchString(c.Image) {
			t.Errorf("%s: %s has an image that may be another one tomorrow: %s", name, c.Name, c.Image)
		}
		if c.Resources.Requests.Memory().IsZero() || c.Resources.Limits.Memory().IsZero() || c.Resources.Limits.StorageEphemeral().IsZero() {
			t.Errorf("%s: %s has no resources", name, c.Name)
		}
		if c.TerminationMessagePath != "" || c.TerminationMessagePolicy != "" {
			t.Errorf("%s: %s says why it failed where cairn does not write it", name, c.Name)
		}
		for _, m := range c.VolumeMounts {
			if !slices.ContainsFunc(pod.Volumes, func(v core.Volume) bool { return v.Name == m.Name }) {
				t.Errorf("%s: %s mounts %s, and there is no such volume", name, c.Name, m.Name)
			}
		}
	}
}

func is(b *bool) bool { return b != nil && *b }

// What a Job refers to is applied with it, or before it with the platform.
func TestReferences(t *testing.T) {
	platform := build(t, "platform")
	each(t, func(t *testing.T, _ string, objects []any) {
		all := slices.Concat(platform, objects)
		for name, job := range jobs(objects) {
			pod := job.Template.Spec
			if find(all, func(a *core.ServiceAccount) bool { return a.Name == pod.ServiceAccountName }) == nil {
				t.Errorf("%s: there is no ServiceAccount %s", name, pod.ServiceAccountName)
			}
			for _, c := range containers(pod) {
				for _, from := range c.EnvFrom {
					if ref := from.ConfigMapRef; ref != nil && find(all, func(m *core.ConfigMap) bool { return m.Name == ref.Name }) == nil {
						t.Errorf("%s: there is no ConfigMap %s", name, ref.Name)
					}
				}
				for _, e := range c.Env {
					if e.ValueFrom == nil || e.ValueFrom.ConfigMapKeyRef == nil {
						continue
					}
					ref := e.ValueFrom.ConfigMapKeyRef
					if m := find(all, func(m *core.ConfigMap) bool { return m.Name == ref.Name }); m == nil || m.Data[ref.Key] == "" {
						t.Errorf("%s: %s is to come from %s of %s, which is not there", name, e.Name, ref.Key, ref.Name)
					}
				}
			}
		}
	})
}

// A pod that no policy lets through speaks to nobody, and those of the jobs to
// the name server and the store.
func TestNetworkPolicies(t *testing.T) {
	for _, folder := range []string{"platform", "overlays/dev", "overlays/prod"} {
		objects := build(t, folder)
		deny := find(objects, func(p *networking.NetworkPolicy) bool { return p.Name == "default-deny" })
		if deny == nil || len(deny.Spec.PodSelector.MatchLabels) > 0 || len(deny.Spec.PolicyTypes) != 2 || len(deny.Spec.Egress)+len(deny.Spec.Ingress) > 0 {
			t.Errorf("%s: not everything is denied that no policy allows", folder)
		}
		for _, name := range []string{"dns", "object-store"} {
			p := find(objects, func(p *networking.NetworkPolicy) bool { return p.Name == name })
			if p == nil || len(p.Spec.Ingress) > 0 || len(p.Spec.Egress) != 1 || len(p.Spec.Egress[0].To) == 0 || len(p.Spec.Egress[0].Ports) == 0 {
				t.Errorf("%s: %s allows nothing, or too much", folder, name)
				continue
			}
			for _, job := range jobs(objects) {
				for k, v := range p.Spec.PodSelector.MatchLabels {
					if job.Template.Labels[k] != v {
						t.Errorf("%s: %s is not for every job", folder, name)
					}
				}
			}
		}
	}
}

// The images of production are digests, and what cairn records of them is the
// same digest.
func TestImagesOfProduction(t *testing.T) {
	found := jobs(build(t, "overlays/prod"))
	if len(found) != 2 {
		t.Fatalf("there are %d jobs", len(found))
	}
	for name, job := range found {
		c := job.Template.Spec.Containers[0]
		i := slices.IndexFunc(c.Env, func(e core.EnvVar) bool { return e.Name == "CAIRN_IMAGE" })
		if !strings.Contains(c.Image, "@sha256:") || i < 0 || c.Env[i].Value != c.Image {
			t.Errorf("%s: %s", name, c.Image)
		}
		if job.Template.Spec.Volumes[0].Ephemeral == nil {
			t.Errorf("%s: the scratch is no volume of its own", name)
		}
	}
}
