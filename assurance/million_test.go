package assurance_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// How many random cases a run of the tests tries. The race detector makes each
// many times dearer and finds nothing here that it does not find in a few.
const million = 1_000_000

// Every law of DESIGN §3 on each of a million random cases. A failure names
// its case; LAWS_CASE=seed:number repeats that one alone.
func TestLaws_OnAMillionSituations(t *testing.T) {
	t.Parallel()
	if one := os.Getenv("LAWS_CASE"); one != "" {
		var seed, number uint64
		if _, err := fmt.Sscanf(one, "%d:%d", &seed, &number); err != nil {
			t.Fatalf("LAWS_CASE is %q, not seed:number", one)
		}
		for _, broken := range tryAll(seed, number, tally{}) {
			t.Error(broken)
		}
		return
	}
	cases := uint64(million)
	switch {
	case testing.Short():
		cases /= 100
	case raceEnabled:
		cases /= 20
	}
	seed := rand.Uint64()
	t.Logf("seed %d, %d cases", seed, cases)
	seen := shards(t, seed, cases)

	// The generator must be worth something: of each kind enough.
	for what, floor := range floors {
		if share := float64(seen[what]) / float64(cases); share < floor {
			t.Errorf("%s in %.4f of the cases, want at least %.4f", what, share, floor)
		}
	}
	t.Logf("seen %v", seen)
}

// tally counts what the cases were.
type tally map[string]int

// floors are the least shares of what the laws speak of.
var floors = map[string]float64{
	"granted": 0.10, "ways": 0.05, "refused": 0.10,
	"acting first": 0.002, "wrong capacity": 0.01, "conflict": 0.0005,
	"document ended": 0.002, "within grace": 0.005,
	"two policies grant": 0.03, "two policies lower": 0.002,
	"raised": 0.005, "added": 0.05, "enrols": 0.003, "both met": 0.01, "fresh enough": 0.01, "stays closed": 0.002,
}

// shards tries the cases on all processors and stops at the first few failures.
func shards(t *testing.T, seed, cases uint64) tally {
	all, n := tally{}, uint64(runtime.GOMAXPROCS(0))
	var mu sync.Mutex
	var wg sync.WaitGroup
	for shard := range n {
		wg.Go(func() {
			seen := tally{}
			for number := shard; number < cases; number += n {
				if broken := tryAll(seed, number, seen); len(broken) > 0 {
					t.Errorf("LAWS_CASE=%d:%d\n%s", seed, number, strings.Join(broken, "\n"))
					break
				}
			}
			mu.Lock()
			defer mu.Unlock()
			for what, times := range seen {
				all[what] += times
			}
		})
	}
	wg.Wait()
	return all
}

// tryAll draws a case and tries every law on it; it tells which are broken.
func tryAll(seed, number uint64, seen tally) (broken []string) {
	law := "drawing"
	defer func() {
		if p := recover(); p != nil {
			broken = append(broken, fmt.Sprintf("%s: panic: %v", law, p))
		}
	}()
	w := draw(seed, number)
	for _, l := range laws {
		law = l.name
		if err := l.try(w, seen); err != nil {
			broken = append(broken, fmt.Sprintf("%s: %v", law, err))
		}
	}
	return broken
}
