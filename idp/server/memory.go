package server

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How much memory the process may hold beside what lives in it. Some 18 MB
// live for good (texts, pages, word lists), 40 more are the password hashes'
// own and outside Go's heap; with Go's defaults, which let the heap double and
// keep what was freed for later, the process would hold 140 MB under load.
const (
	collectAt   = 60       // percent by which the heap may grow before it is collected
	roomPercent = 140      // of what lives
	roomBytes   = 14 << 20 // and for stacks, buffers and the runtime itself
	tuneEvery   = 2 * time.Second
)

// tune keeps what Go holds near what lives, until ctx ends. The limit follows
// the live heap, so that ten thousand connections raise it and never make the
// collector run in circles. An operator's GOGC or GOMEMLIMIT overrules it.
func tune(ctx context.Context) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(collectAt)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	for tick := time.NewTicker(tuneEvery); ; {
		metrics.Read(live)
		if live[0].Value.Kind() == metrics.KindUint64 {
			debug.SetMemoryLimit(int64(live[0].Value.Uint64())*roomPercent/100 + roomBytes)
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}
