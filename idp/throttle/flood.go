package throttle

import (
	"sync"
	"time"

	"surety/idp"

	"golang.org/x/time/rate"
)

// Flood limits requests of one source in this process, whatever they ask for.
// It is for floods only: its memory ends with the process and is bounded, so a
// very wide flood makes it forget. It is safe for concurrent use.
type Flood struct {
	every rate.Limit
	burst int
	most  int

	mu         sync.Mutex
	young, old map[string]*rate.Limiter // guarded by mu
}

// floodSources bounds each of the two generations of sources, 100 bytes or so each.
const floodSources = 16 << 10

// NewFlood allows perSecond requests of one source in the long run and burst
// at once. perSecond 0 allows everything.
func NewFlood(perSecond float64, burst int) *Flood {
	return &Flood{every: rate.Limit(perSecond), burst: max(burst, 1), most: floodSources, young: map[string]*rate.Limiter{}}
}

// Allow takes a request of a source (as Source gives it). It fails with code
// throttled and the arguments until and wait.
func (f *Flood) Allow(now time.Time, source string) error {
	if f.every == 0 {
		return nil
	}
	r := f.limiter(source).ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	r.CancelAt(now) // who is refused does not push the next one back
	return idp.E(idp.CodeThrottled, "error.flood").With("until", now.Add(wait)).With("wait", wait)
}

// limiter finds the source's limiter. When the young generation is full it
// becomes the old one and the old one is forgotten: who comes often stays.
func (f *Flood) limiter(source string) *rate.Limiter {
	f.mu.Lock()
	defer f.mu.Unlock()
	l, ok := f.young[source]
	if ok {
		return l
	}
	if l = f.old[source]; l == nil {
		l = rate.NewLimiter(f.every, f.burst)
	}
	if len(f.young) >= f.most {
		f.old, f.young = f.young, map[string]*rate.Limiter{}
	}
	f.young[source] = l
	return l
}

// Sources is how many sources are remembered, for the metrics.
func (f *Flood) Sources() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.young) + len(f.old)
}
