package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// runStats is the outcome of one run. Rates and latencies count successful
// operations only.
type runStats struct {
	RPS        float64            `json:"rps"`
	P50        float64            `json:"p50_ms"`
	P95        float64            `json:"p95_ms"`
	P99        float64            `json:"p99_ms"`
	Max        float64            `json:"max_ms"`
	Ops        int                `json:"ops"`
	Errors     int                `json:"errors"`
	Reseeds    int                `json:"reseeds,omitempty"`
	HTTPPerOp  float64            `json:"http_per_op"`
	RoundTrips float64            `json:"db_round_trips_per_op,omitempty"`
	Elapsed    float64            `json:"elapsed_s"`
	CPUShare   map[string]float64 `json:"cpu_share,omitempty"`
	CPUPerOpMS map[string]float64 `json:"cpu_ms_per_op,omitempty"`
}

// result holds the medians over the runs kept. Operations, errors and reseeds
// are sums over them; the kinds of errors are those of all runs.
type result struct {
	Label      string         `json:"label,omitempty"`
	Scenario   string         `json:"scenario"`
	Workers    int            `json:"workers"`
	CPUs       int            `json:"cpus"`
	Discards   int            `json:"discards"`
	Disturbed  int            `json:"disturbed"`
	ErrorKinds map[string]int `json:"error_kinds,omitempty"`
	runStats
	Runs []runStats `json:"runs"`
}

// bench is one scenario with everything it runs on.
type bench struct {
	config
	scenario
	provider *provider
	workers  []*worker
	procs    map[string]int
	kinds    map[string]int // errors by kind
}

// run prepares the workers, warms up, and repeats the scenario until enough
// undisturbed runs are there.
func run(ctx context.Context, c config) (*result, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	procs, err := parsePIDs(c.pids)
	if err != nil {
		return nil, err
	}
	p, err := newProvider(ctx, c)
	if err != nil {
		return nil, err
	}
	b := &bench{config: c, scenario: scenarios[c.scenario], provider: p, procs: procs, kinds: map[string]int{}}
	if err := b.enlist(ctx); err != nil {
		return nil, err
	}
	if c.warmup > 0 {
		b.once(ctx, c.warmup)
		clear(b.kinds)
	}
	var all []runStats
	for quiet := 0; quiet < c.repeat && len(all) < c.repeat+c.maxDiscards; {
		st := b.once(ctx, c.duration)
		if st.CPUShare["other"] <= c.maxOther {
			quiet++
		}
		all = append(all, st)
		if err := pause(ctx, c.pause); err != nil {
			return nil, err
		}
	}
	return b.summary(all), nil
}

// enlist makes the workers and lets each prepare itself.
func (b *bench) enlist(ctx context.Context) error {
	for i := range b.config.workers {
		w := newWorker(b.provider, i)
		b.workers = append(b.workers, w)
		if b.prepare == nil {
			continue
		}
		if err := b.bounded(ctx, func(ctx context.Context) error { return b.prepare(ctx, w) }); err != nil {
			return fmt.Errorf("prepare worker %d: %w", i, err)
		}
	}
	return nil
}

func (b *bench) bounded(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	return f(ctx)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func (b *bench) summary(all []runStats) *result {
	slices.SortStableFunc(all, func(x, y runStats) int { return cmp.Compare(x.CPUShare["other"], y.CPUShare["other"]) })
	kept := all[:b.repeat]
	r := &result{
		Label: b.label, Scenario: b.config.scenario, Workers: b.config.workers, CPUs: runtime.NumCPU(),
		ErrorKinds: b.kinds, Runs: kept, Discards: len(all) - b.repeat, runStats: medians(kept),
	}
	for _, st := range kept {
		if st.CPUShare["other"] > b.maxOther {
			r.Disturbed++
		}
	}
	return r
}

// tally is what the workers of one run report.
type tally struct {
	mu        sync.Mutex
	latencies []time.Duration // guarded by mu
	kinds     map[string]int  // guarded by mu
	errors    atomic.Int64    // read by all workers, to end early
}

// once runs the scenario for the given time.
func (b *bench) once(ctx context.Context, d time.Duration) runStats {
	t := &tally{kinds: b.kinds}
	before := b.gauge(ctx)
	deadline := before.at.Add(d)
	var wg sync.WaitGroup
	for _, w := range b.workers {
		wg.Go(func() { b.work(ctx, w, t, deadline) })
	}
	wg.Wait()
	after := b.gauge(ctx)
	slices.Sort(t.latencies)
	return b.stats(t, before, after)
}

// work is one worker's loop. It keeps its own figures until the end, so that
// workers do not wait for one another.
func (b *bench) work(ctx context.Context, w *worker, t *tally, deadline time.Time) {
	var own []time.Duration
	ownErrors := map[string]int{}
	for ctx.Err() == nil && time.Now().Before(deadline) && int(t.errors.Load()) < b.maxErrors {
		began := time.Now()
		err := b.bounded(ctx, func(ctx context.Context) error { return b.op(ctx, w) })
		took := time.Since(began)
		switch {
		case errors.Is(err, errNotMeasured):
		case err != nil:
			t.errors.Add(1)
			ownErrors[errorKind(err)]++
		default:
			own = append(own, took)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.latencies = append(t.latencies, own...)
	for kind, n := range ownErrors {
		t.kinds[kind] += n
	}
}

// gauge is the state of every counter at one moment.
type gauge struct {
	at                time.Time
	cpu               map[string]float64
	requests, reseeds int64
	roundTrips        float64
}

func (b *bench) gauge(ctx context.Context) gauge {
	g := gauge{requests: b.provider.requests.Load(), reseeds: b.provider.reseeds.Load()}
	if b.metrics != "" {
		// A server without the counter shows 0 round trips, which nobody will believe.
		g.roundTrips, _ = readCounter(ctx, b.metrics, roundTripsMetric)
	}
	g.cpu, g.at = readCPU(b.procs), time.Now()
	return g
}

func (b *bench) stats(t *tally, before, after gauge) runStats {
	elapsed := after.at.Sub(before.at).Seconds()
	st := runStats{
		Ops:      len(t.latencies),
		Errors:   int(t.errors.Load()),
		Reseeds:  int(after.reseeds - before.reseeds),
		Elapsed:  round(elapsed, 3),
		RPS:      round(float64(len(t.latencies))/elapsed, 1),
		P50:      quantileMS(t.latencies, 0.50),
		P95:      quantileMS(t.latencies, 0.95),
		P99:      quantileMS(t.latencies, 0.99),
		Max:      quantileMS(t.latencies, 1),
		CPUShare: map[string]float64{}, CPUPerOpMS: map[string]float64{},
	}
	if n := st.Ops + st.Errors; n > 0 {
		st.HTTPPerOp = round(float64(after.requests-before.requests)/float64(n), 2)
		st.RoundTrips = round((after.roundTrips-before.roundTrips)/float64(n), 2)
	}
	for name, was := range before.cpu {
		is, ok := after.cpu[name]
		if !ok {
			continue
		}
		st.CPUShare[name] = round((is-was)/(elapsed*float64(runtime.NumCPU())), 3)
		if st.Ops > 0 {
			st.CPUPerOpMS[name] = round((is-was)*1000/float64(st.Ops), 3)
		}
	}
	return st
}
