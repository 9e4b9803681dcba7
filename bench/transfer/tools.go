package main

import (
	"fmt"
	"path/filepath"
)

// A tool moves files to and from an object store.
type tool struct {
	name    string
	version string
	absent  string // why it cannot be had on this machine
	own     bool   // it fetches only what it stored itself: in a form of its own, or with checksums that only it knows
	plan    func(*job) (plan, error)
}

// A job is one transfer between a file, or a folder, and an object, or those below
// its key.
type job struct {
	verb        verb
	tree        bool   // a folder
	local       string // source or destination
	endpoint    string // host:port
	bucket, key string
	state       string // a folder for what the tool keeps between its runs
}

type verb string

const (
	up    verb = "up"
	down  verb = "down"
	again verb = "again" // up, of what the same tool has sent before
)

func (j *job) kind() string {
	if j.tree {
		return "tree"
	}
	return "file"
}

// A plan is how a tool does a job: commands that count, after some that do not.
type plan struct {
	before, timed []command
	result        string // where a download arrives, if not at the job's local
}

// A command is a program to run. Its environment has nothing of ours but the path.
type command struct {
	args []string
	dir  string
	env  []string
}

func single(args ...string) plan { return plan{timed: []command{{args: args}}} }

// A cannotError is why a tool cannot do a job.
type cannotError string

func (e cannotError) Error() string { return string(e) }

const (
	errNoMemory cannotError = "does not know what is there already, and sends everything again"
	errOneFile  cannotError = "moves one file at a time"
)

// bareTool is our own floor: net/http and no hash.
func bareTool(program string) *tool {
	return &tool{name: "bare", plan: func(j *job) (plan, error) {
		if j.verb == again {
			return plan{}, errNoMemory
		}
		return single(program, string(j.verb), j.local, j.bucket, j.key), nil
	}}
}

func sdkTool(name, program, sdk string) *tool {
	return &tool{name: name, plan: func(j *job) (plan, error) {
		switch {
		case j.verb == again:
			return plan{}, errNoMemory
		case j.tree:
			return plan{}, errOneFile
		}
		return single(program, sdk, string(j.verb), j.local, j.bucket, j.key), nil
	}}
}

// scriptTool is a library for Python, through a script in peers.
func scriptTool(name, python, script string) *tool {
	return &tool{name: name, plan: func(j *job) (plan, error) {
		if j.verb == again {
			return plan{}, errNoMemory
		}
		return single(python, script, string(j.verb), j.kind(), j.local, j.bucket, j.key), nil
	}}
}

func s5cmdTool(program string) *tool {
	return &tool{name: "s5cmd", plan: func(j *job) (plan, error) {
		args := []string{program, "--endpoint-url", "http://" + j.endpoint, "cp"}
		local, remote := j.local, fmt.Sprintf("s3://%s/%s", j.bucket, j.key)
		if j.tree {
			local, remote = local+"/", remote+"/"
		}
		switch {
		case j.verb == down && j.tree:
			return single(append(args, remote+"*", local)...), nil
		case j.verb == down:
			return single(append(args, remote, local)...), nil
		case j.verb == again:
			args = append(args, "--if-size-differ", "--if-source-newer")
		}
		return single(append(args, local, remote)...), nil
	}}
}

func rcloneTool(program string) *tool {
	return &tool{name: "rclone", own: true, plan: func(j *job) (plan, error) {
		verb, remote := "copyto", fmt.Sprintf("bench:%s/%s", j.bucket, j.key)
		if j.tree {
			verb = "copy"
		}
		env := []string{
			"RCLONE_CONFIG=", "RCLONE_CONFIG_BENCH_TYPE=s3", "RCLONE_CONFIG_BENCH_PROVIDER=Minio", "RCLONE_CONFIG_BENCH_ENV_AUTH=true",
			"RCLONE_CONFIG_BENCH_REGION=us-east-1", "RCLONE_CONFIG_BENCH_ENDPOINT=http://" + j.endpoint,
		}
		args := []string{program, verb, j.local, remote}
		if j.verb == down {
			args = []string{program, verb, remote, j.local}
		}
		return plan{timed: []command{{args: args, env: env}}}, nil
	}}
}

// The programs that this is all about: through each driver, and with what it keeps
// between its runs.
const (
	cairnName = "cairn"
	cairnS3   = "cairn, s3"
	cairnKept = "cairn, cache kept"
)

// cairnTool pushes and pulls by the driver that scheme names. It begins each run with
// an empty cache unless it is to keep it.
func cairnTool(name, program, scheme string, keep bool) *tool {
	return &tool{name: name, own: true, plan: func(j *job) (plan, error) {
		url := fmt.Sprintf("%s://%s/%s", scheme, j.bucket, j.key)
		if scheme == "minio" {
			url = fmt.Sprintf("minio://%s/%s/%s?tls=false", j.endpoint, j.bucket, j.key)
		}
		cache := filepath.Join(j.state, "cache")
		flags := []string{"--store", url, "--cache", cache, "--progress", "none", "--json"}
		var p plan
		if !keep {
			p.before = []command{remove(cache)}
		}
		if j.verb == down {
			p.timed = []command{{args: append([]string{program, "pull", "bench/data@2026-01-01", j.local}, flags...)}}
			if !j.tree {
				p.result = filepath.Join(j.local, fileName)
			}
			return p, nil
		}
		p.timed = []command{{args: append([]string{program, "push", "bench/data", j.local, "--date", "2026-01-01"}, flags...)}}
		return p, nil
	}}
}

// dvcTool works in a repository of its own, which an upload makes in the job's
// state. Its data is there too.
func dvcTool(program string) *tool {
	return &tool{name: "DVC", own: true, plan: func(j *job) (plan, error) {
		repo := filepath.Join(j.state, "repo")
		data := filepath.Join(repo, "data")
		env := []string{"DVC_NO_ANALYTICS=1", "DVC_SITE_CACHE_DIR=" + filepath.Join(j.state, "site"), "DVC_GLOBAL_CONFIG_DIR=" + filepath.Join(j.state, "config"), "DVC_SYSTEM_CONFIG_DIR=" + filepath.Join(j.state, "config")}
		dvc := func(args ...string) command {
			return command{args: append([]string{program}, args...), dir: repo, env: env}
		}
		send := []command{dvc("add", "-q", "data"), dvc("push", "-q")}
		switch j.verb {
		case down:
			return plan{before: []command{remove(filepath.Join(repo, ".dvc", "cache")), remove(data)}, timed: []command{dvc("pull", "-q")}, result: data}, nil
		case again:
			return plan{timed: send}, nil
		}
		return plan{timed: send, before: []command{
			{args: []string{"mkdir", "-p", repo}},
			dvc("init", "-q", "--no-scm"),
			dvc("config", "core.check_update", "false"),
			dvc("config", "core.analytics", "false"),
			dvc("remote", "add", "-q", "-d", "bench", fmt.Sprintf("s3://%s/%s", j.bucket, j.key)),
			dvc("remote", "modify", "bench", "endpointurl", "http://"+j.endpoint),
			remove(data),
			{args: []string{"cp", "-r", j.local, data}},
		}}, nil
	}}
}

func remove(path string) command { return command{args: []string{"rm", "-rf", path}} }
