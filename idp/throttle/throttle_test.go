package throttle_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/throttle"

	"pgregory.net/rapid"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// table keeps states as the database does.
type table map[[32]byte]throttle.State

func fingerprint(purpose string, parts ...[]byte) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%q %q", purpose, parts))
}

func (t table) load(counters []throttle.Counter) []throttle.State {
	states := make([]throttle.State, len(counters))
	for i, c := range counters {
		states[i] = t[c.Key(fingerprint)]
	}
	return states
}

func (t table) save(counters []throttle.Counter, states []throttle.State) {
	for i, c := range counters {
		t[c.Key(fingerprint)] = states[i]
	}
}

func (t table) take(at time.Time, counters []throttle.Counter) error {
	states, err := throttle.Take(counters, t.load(counters), at)
	t.save(counters, states)
	return err
}

func (t table) success(counters []throttle.Counter) {
	t.save(counters, throttle.Success(counters, t.load(counters)))
}

func refused(t *testing.T, err error, key string, until time.Time) {
	t.Helper()
	var e *idp.Error
	if !errors.As(err, &e) || e.Code != idp.CodeThrottled || e.Key != key {
		t.Fatalf("%v, want throttled (%s)", err, key)
	}
	if got, _ := e.Args["until"].(time.Time); !got.Equal(until) {
		t.Fatalf("until %v, want %v", got, until)
	}
}

var (
	home   = throttle.Source("192.0.2.1")
	laptop = [32]byte{1}
	anna   = throttle.ForPassword("anna@example.org", home, laptop, false)
)

func TestPassword_SixThenGrowing(t *testing.T) {
	t.Parallel()
	rows, at := table{}, now
	for i := range 6 {
		if err := rows.take(at, anna); err != nil {
			t.Fatalf("try %d: %v", i+1, err)
		}
	}
	for _, minutes := range []int{15, 30, 60, 120, 240, 480, 960, 1440, 1440} {
		block := time.Duration(minutes) * time.Minute
		refused(t, rows.take(at, anna), "error.password.throttled", at.Add(block))
		// Trying on does not lengthen it, or a stranger could keep it up for ever.
		refused(t, rows.take(at.Add(block-1), anna), "error.password.throttled", at.Add(block))
		at = at.Add(block)
		if err := rows.take(at, anna); err != nil {
			t.Fatalf("after %v: %v", block, err)
		}
	}
	at = at.Add(2 * 24 * time.Hour) // a day after the last block all is forgotten
	for i := range 6 {
		if err := rows.take(at, anna); err != nil {
			t.Fatalf("a day later, try %d: %v", i+1, err)
		}
	}
}

func TestPassword_SuccessForgets(t *testing.T) {
	t.Parallel()
	rows := table{}
	for range 5 {
		for range 6 { // the sixth blocks, and is right
			if err := rows.take(now, anna); err != nil {
				t.Fatal(err)
			}
		}
		rows.success(anna)
	}
}

// However many strangers try, from wherever: who has logged in with this
// browser before still can.
func TestPassword_StrangersCannotLockAKnownDevice(t *testing.T) {
	t.Parallel()
	rows := table{}
	for i := range 1000 {
		_ = rows.take(now, throttle.ForPassword("anna@example.org", fmt.Sprint("stranger ", i%200), [32]byte{byte(i), 2}, false))
	}
	if err := rows.take(now, anna); err == nil {
		t.Error("a thousand tries from two hundred sources block nobody")
	}
	known := throttle.ForPassword("anna@example.org", home, laptop, true)
	for range 6 {
		if err := rows.take(now, known); err != nil {
			t.Fatalf("locked out of a known device: %v", err)
		}
	}
	// The cookie is no licence to guess.
	refused(t, rows.take(now, known), "error.password.throttled", now.Add(15*time.Minute))
}

// A success of the person must not give an attacker a new start.
func TestPassword_SuccessDoesNotWipeOutStrangersTries(t *testing.T) {
	t.Parallel()
	rows, tries := table{}, 0
	for i := 0; ; i++ {
		attacker := throttle.ForPassword("anna@example.org", fmt.Sprint("stranger ", i), [32]byte{}, false)
		if rows.take(now, attacker) != nil {
			break
		}
		tries++
		if i%2 == 0 { // the person logs in all the time
			if err := rows.take(now, anna); err == nil {
				rows.success(anna)
			}
		}
		if tries > 200 {
			t.Fatal("an attacker with many sources is never blocked while the person logs in")
		}
	}
}

// What is counted does not depend on whether the login name exists; names,
// sources and browsers are kept apart.
func TestPassword_CountersAreKeptApart(t *testing.T) {
	t.Parallel()
	seen := map[[32]byte]string{}
	for name, counters := range map[string][]throttle.Counter{
		"anna":           anna,
		"nobody":         throttle.ForPassword("nobody@example.org", home, laptop, false),
		"known":          throttle.ForPassword("anna@example.org", home, laptop, true),
		"other browser":  throttle.ForPassword("anna@example.org", home, [32]byte{9}, true),
		"message":        throttle.ForSending("anna@example.org", home),
		"code":           throttle.ForCode("anna@example.org"),
		"source of none": throttle.ForPassword("", "anna@example.org"+home, laptop, false)[:1],
	} {
		for i, c := range counters {
			key := c.Key(fingerprint)
			if other, taken := seen[key]; taken {
				t.Errorf("%s (%d) and %s share a state", name, i, other)
			}
			seen[key] = name
		}
	}
}

func TestSending(t *testing.T) {
	t.Parallel()
	rows, at := table{}, now
	for i := range 10 {
		counters := throttle.ForSending("+375297706413", home)
		if err := rows.take(at, counters); err != nil {
			t.Fatalf("message %d: %v", i+1, err)
		}
		if i < 9 {
			refused(t, rows.take(at.Add(30*time.Second-1), counters), "error.send.throttled", at.Add(30*time.Second))
			at = at.Add(30 * time.Second)
		}
	}
	refused(t, rows.take(at.Add(time.Minute), throttle.ForSending("+375297706413", "elsewhere")), "error.send.throttled", now.Add(time.Hour))
	if err := rows.take(now.Add(time.Hour), throttle.ForSending("+375297706413", home)); err != nil {
		t.Errorf("an hour later: %v", err)
	}
	// One source does not write to the whole country.
	sent := 0
	for i := range 1000 {
		if rows.take(at, throttle.ForSending(fmt.Sprint("+37529", i), "sender")) == nil {
			sent++
		}
	}
	if sent != 120 {
		t.Errorf("%d messages from one source", sent)
	}
}

// A refused message must not use up what other counters have left.
func TestTake_AllOrNone(t *testing.T) {
	t.Parallel()
	rows := table{}
	counters := throttle.ForSending("a@example.org", home)
	if err := rows.take(now, counters); err != nil {
		t.Fatal(err)
	}
	before := rows.load(counters)
	for range 500 {
		if rows.take(now, counters) == nil {
			t.Fatal("sent twice at once")
		}
	}
	if after := rows.load(counters); after[0] != before[0] || after[1] != before[1] {
		t.Errorf("refused tries were counted: %+v", after)
	}
}

func TestCode_TwentyADay(t *testing.T) {
	t.Parallel()
	rows := table{}
	for i := range 20 {
		if err := rows.take(now.Add(time.Duration(i)*time.Minute), throttle.ForCode("account")); err != nil {
			t.Fatalf("try %d: %v", i+1, err)
		}
	}
	refused(t, rows.take(now.Add(23*time.Hour), throttle.ForCode("account")), "error.code.throttled", now.Add(24*time.Hour))
	if err := rows.take(now.Add(24*time.Hour), throttle.ForCode("account")); err != nil {
		t.Errorf("the next day: %v", err)
	}
}

// For any times of trying, without success: never more tries in a window than
// the rule gives, blocks end when they say, and a refusal changes nothing.
func TestRule_NeverGivesMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rule := throttle.Rule{
			Tries: rapid.IntRange(1, 8).Draw(t, "tries"), Window: time.Hour, Key: "k",
			Pause: time.Duration(rapid.IntRange(0, 60).Draw(t, "pause")) * time.Second,
		}
		if rapid.Bool().Draw(t, "grows") {
			rule.Block, rule.MostBlock = 10*time.Minute, 40*time.Minute
		}
		var s throttle.State
		var taken []time.Time
		at := now
		for range 100 {
			next, err := rule.Take(s, at)
			switch {
			case err != nil && (next != s || !at.Before(s.BlockedUntil)):
				t.Fatalf("refused at %v: %+v became %+v", at, s, next)
			case err == nil && at.Before(s.BlockedUntil):
				t.Fatalf("taken while blocked: %+v", s)
			case err == nil:
				taken = append(taken, at)
				if !next.ExpiresAt.After(at) || next.BlockedUntil.After(next.ExpiresAt) {
					t.Fatalf("forgotten too early: %+v", next)
				}
			}
			s = next
			at = at.Add(time.Duration(rapid.IntRange(0, 900).Draw(t, "seconds")) * time.Second)
		}
		most := rule.Tries
		if rule.Block > 0 {
			most += 3 // after 10, 20 and 40 minutes: the hour has room for two, and one begins
		}
		for i := range taken {
			// A fixed window allows its number twice around its end.
			if j := i + 2*most; j < len(taken) && taken[j].Sub(taken[i]) < time.Hour {
				t.Fatalf("%d tries within %v", j-i+1, taken[j].Sub(taken[i]))
			}
		}
	})
}

func TestRule_GiveBack(t *testing.T) {
	t.Parallel()
	rule := throttle.Rule{Tries: 3, Window: time.Hour, Block: time.Minute, MostBlock: time.Hour, Forget: true, Key: "k"}
	var s throttle.State
	for range 50 { // the house is busy: nothing was compared
		taken, err := rule.Take(s, now)
		if err != nil {
			t.Fatal(err)
		}
		s = rule.GiveBack(taken)
	}
	if !s.Empty(now) {
		t.Errorf("left over: %+v", s)
	}
	for range 2 {
		s, _ = rule.Take(s, now)
	}
	if third, err := rule.Take(s, now); err != nil || rule.GiveBack(third).Tries != 2 {
		t.Errorf("gave back more than its own: %+v, %v", third, err)
	}
}

func TestSource(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.1":                 "192.0.2.1",
		"::ffff:192.0.2.1":          "192.0.2.1",
		"2001:db8:1:2:3:4:5:6":      "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::1":      "2001:db8:1:2::/64",
		"fe80::1%eth0":              "fe80::/64",
		"::1":                       "::/64",
		"unix socket":               "unix socket",
		"":                          "",
		fmt.Sprintf("%0100d", 7):    fmt.Sprintf("%064d", 0),
		"2001:db8:1:3::1":           "2001:db8:1:3::/64",
		"2001:0db8:0001:0003::0001": "2001:db8:1:3::/64",
	} {
		if got := throttle.Source(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

func TestFlood(t *testing.T) {
	t.Parallel()
	f := throttle.NewFlood(2, 10)
	for i := range 10 {
		if err := f.Allow(now, "a"); err != nil {
			t.Fatalf("request %d: %v", i+1, err)
		}
	}
	for range 100 { // refused ones do not push the next one back
		refused(t, f.Allow(now, "a"), "error.flood", now.Add(500*time.Millisecond))
	}
	if err := f.Allow(now, "b"); err != nil {
		t.Errorf("another source: %v", err)
	}
	if err := f.Allow(now.Add(500*time.Millisecond), "a"); err != nil {
		t.Errorf("when it said: %v", err)
	}
	off := throttle.NewFlood(0, 0)
	for range 10_000 {
		if err := off.Allow(now, "a"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFlood_MemoryIsBounded(t *testing.T) {
	t.Parallel()
	f := throttle.NewFlood(1, 1)
	var wg sync.WaitGroup
	for part := range 4 {
		wg.Go(func() {
			for i := range 50_000 {
				_ = f.Allow(now, fmt.Sprint(part, i))
				if i%1000 == 0 { // one who comes often is not forgotten
					_ = f.Allow(now, "often")
				}
			}
		})
	}
	wg.Wait()
	if n := f.Sources(); n > 2*(16<<10) {
		t.Errorf("%d sources are remembered", n)
	}
	if f.Allow(now, "often") == nil {
		t.Error("a wide flood made it forget one who comes often")
	}
}

func BenchmarkFlood(b *testing.B) {
	f := throttle.NewFlood(1e9, 1e9)
	b.ReportAllocs()
	for b.Loop() {
		_ = f.Allow(now, "192.0.2.1")
	}
}
