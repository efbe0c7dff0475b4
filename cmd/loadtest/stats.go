package main

import (
	"math"
	"slices"
	"time"
)

func round(v float64, digits int) float64 {
	f := math.Pow10(digits)
	return math.Round(v*f) / f
}

// quantileMS is the nearest-rank quantile of sorted latencies.
func quantileMS(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	i = max(0, min(i, len(sorted)-1))
	return round(float64(sorted[i])/float64(time.Millisecond), 3)
}

func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	slices.Sort(values)
	if n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[n/2]
}

// medians joins runs: medians of rates and latencies, sums of counts.
func medians(runs []runStats) runStats {
	of := func(get func(runStats) float64) float64 {
		var values []float64
		for _, r := range runs {
			values = append(values, get(r))
		}
		return median(values)
	}
	byName := func(get func(runStats) map[string]float64) map[string]float64 {
		out := map[string]float64{}
		for _, r := range runs {
			for name := range get(r) {
				out[name] = of(func(r runStats) float64 { return get(r)[name] })
			}
		}
		return out
	}
	m := runStats{
		RPS:        of(func(r runStats) float64 { return r.RPS }),
		P50:        of(func(r runStats) float64 { return r.P50 }),
		P95:        of(func(r runStats) float64 { return r.P95 }),
		P99:        of(func(r runStats) float64 { return r.P99 }),
		Max:        of(func(r runStats) float64 { return r.Max }),
		HTTPPerOp:  of(func(r runStats) float64 { return r.HTTPPerOp }),
		RoundTrips: of(func(r runStats) float64 { return r.RoundTrips }),
		Elapsed:    of(func(r runStats) float64 { return r.Elapsed }),
		CPUShare:   byName(func(r runStats) map[string]float64 { return r.CPUShare }),
		CPUPerOpMS: byName(func(r runStats) map[string]float64 { return r.CPUPerOpMS }),
	}
	for _, r := range runs {
		m.Ops += r.Ops
		m.Errors += r.Errors
		m.Reseeds += r.Reseeds
	}
	return m
}
