// Command toxic is toxiproxy with one proxy, which makes a good network a bad one:
//
//	toxic LISTEN UPSTREAM DELAY RESETS SEED
//
// Bytes take DELAY in each direction, and of each MiB that passes RESETS are the
// chance that its connection is reset. The same seed has the resets at the same
// bytes of all that passes, whatever the parts and connections of who sends them.
package main

import (
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 6 {
		log.Fatal("usage: toxic LISTEN UPSTREAM DELAY RESETS SEED")
	}
	if err := start(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]); err != nil {
		log.Fatal(err)
	}
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, os.Interrupt)
	<-stopped
}

func start(listen, upstream, delay, resets, seed string) error {
	d, err := time.ParseDuration(delay)
	if err != nil {
		return err
	}
	chance, err := strconv.ParseFloat(resets, 64)
	if err != nil {
		return err
	}
	s, err := strconv.ParseUint(seed, 10, 64)
	if err != nil {
		return err
	}
	registerResets(chance, s)
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	proxy := toxiproxy.NewProxy(server, "s3", listen, upstream)
	for _, toxic := range toxicsOf(d) {
		if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			return err
		}
	}
	return proxy.Start()
}

// toxicsOf are what each direction suffers. The reset_peer that never does a thing
// is there since toxiproxy has a closed connection reset, rather than ended in good
// order, only where it finds one.
func toxicsOf(delay time.Duration) (all []string) {
	for _, stream := range []string{"upstream", "downstream"} {
		all = append(all,
			fmt.Sprintf(`{"type": "latency", "stream": %q, "name": "latency-%[1]s", "attributes": {"latency": %d}}`, stream, delay.Milliseconds()),
			fmt.Sprintf(`{"type": "resets", "stream": %q, "name": "resets-%[1]s"}`, stream),
			fmt.Sprintf(`{"type": "reset_peer", "stream": %q, "name": "reset-%[1]s", "toxicity": 0}`, stream))
	}
	return all
}
