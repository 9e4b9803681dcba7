package cairn

import (
	"cmp"
	"os"
	"os/user"
	"strconv"
)

// whoami names the user and the host. A pod may run under a user that nobody
// has heard of; then the number must do.
func whoami() string {
	name := strconv.Itoa(os.Getuid())
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return cmp.Or(os.Getenv("USER"), name) + "@" + hostname()
}

func hostname() string {
	host, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return host
}
