package desk_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/idptest"
	"surety/idp/postgres/db"
	"surety/idp/postgres/desk"
	"surety/idp/procedure"
	"surety/idp/profile"
)

// policyText is a policy of two levels; strict asks for more than a password
// at the upper one.
func policyText(version int, strict bool) string {
	login := "[[password]]"
	if strict {
		login = "[[password, otp]]"
	}
	return fmt.Sprintf(`version: %d
levels:
  - name: basic
    acr: https://id.example.org/level/basic
    identity: simplified
    login: [[password]]
  - name: checked
    acr: https://id.example.org/level/checked
    identity: standard
    login: %s
steps:
  - action: login
    method: password
    takes: 1m
`, version, login)
}

// known is a person whose identity was checked and who used a password.
func known(now time.Time) assurance.Situation {
	return assurance.Situation{
		Now: now, Civil: now, Stage: assurance.StageStandard,
		Proofings: []assurance.Proofing{{Method: assurance.ProofingRegistry, Stage: assurance.StageStandard, At: now}},
		Uses:      []assurance.Use{{Method: assurance.MethodPassword, At: now, AMR: []string{"pwd"}}},
	}
}

type policyBench struct {
	t     *testing.T
	db    *idptest.DB
	store *desk.Policies
	clock *idptest.Clock // of the machine on which operators work
}

func setupPolicies(t *testing.T) *policyBench {
	t.Helper()
	d := idptest.Database(t)
	return &policyBench{t: t, db: d, store: desk.NewPolicies(d.DB), clock: idptest.NewClock(idptest.Start)}
}

func (b *policyBench) add(version int, text string, at time.Time) {
	b.t.Helper()
	err := b.db.InTx(b.t.Context(), func(ctx context.Context, tx idp.Tx) error {
		return b.store.Insert(ctx, tx, stored(version, text, at))
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func stored(version int, text string, at time.Time) idp.StoredPolicy {
	return idp.StoredPolicy{
		Version: version, Profile: "demo", Source: text, EffectiveAt: at, ActivatedAt: at.Add(-10 * time.Second), ActivatedBy: "command",
	}
}

// replica is a process with a clock of its own.
func (b *policyBench) replica(clock *idptest.Clock, log io.Writer) *desk.PolicySet {
	return desk.NewPolicySet(b.store, "demo", profile.ParsePolicy, clock.Now, slog.New(slog.NewTextHandler(log, nil)))
}

// granted is the level that this replica would put into a token now.
func granted(t *testing.T, s *desk.PolicySet, now time.Time) (level assurance.LevelName, version int) {
	t.Helper()
	r, err := s.Rules()
	if err != nil {
		t.Fatal(err)
	}
	g, ok := r.Decide(assurance.Requirement{}, known(now)).(assurance.Granted)
	if !ok {
		t.Fatalf("policy %d grants nothing", r.Version)
	}
	return g.Level, r.Version
}

// TestPolicy_IsNeverChanged: what was in force can be shown for ever, because
// the role that serves may add a version and nothing else.
func TestPolicy_IsNeverChanged(t *testing.T) {
	t.Parallel()
	b := setupPolicies(t)
	b.add(1, policyText(1, false), idptest.Start)
	for _, sql := range []string{`UPDATE policy SET source = ''`, `DELETE FROM policy`, `TRUNCATE policy`} {
		if _, err := b.db.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	err := b.db.InTx(t.Context(), func(ctx context.Context, tx idp.Tx) error {
		return b.store.Insert(ctx, tx, stored(1, policyText(1, true), idptest.Start))
	})
	if idp.CodeOf(err) != idp.CodeConflict {
		t.Errorf("the same version again: %v", err)
	}
	found, err := b.store.Find(t.Context(), 1)
	if err != nil || found.Source != policyText(1, false) {
		t.Errorf("read back %+v, %v", found, err)
	}
	if _, err := b.store.Find(t.Context(), 2); idp.CodeOf(err) != idp.CodeNotFound {
		t.Errorf("a version that is not there: %v", err)
	}
}

// TestPolicy_SinceReadsTheOneInForceAndThoseThatWait, and nothing of the past.
func TestPolicy_SinceReadsTheOneInForceAndThoseThatWait(t *testing.T) {
	t.Parallel()
	b := setupPolicies(t)
	numbers := func(moment time.Time) (out []int) {
		rows, err := b.store.Since(t.Context(), nil, moment)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			out = append(out, r.Version)
		}
		return out
	}
	if got := numbers(idptest.Start); got != nil {
		t.Errorf("of an empty table: %v", got)
	}
	for i, at := range []time.Duration{0, time.Hour, 2 * time.Hour} {
		b.add(i+1, policyText(i+1, false), idptest.Start.Add(at))
	}
	for after, want := range map[time.Duration][]int{
		-time.Second: {1, 2, 3}, // nothing is in force yet: all wait
		0:            {1, 2, 3}, time.Hour - time.Microsecond: {1, 2, 3}, time.Hour: {2, 3}, 5 * time.Hour: {3},
	} {
		if got := numbers(idptest.Start.Add(after)); !slices.Equal(got, want) {
			t.Errorf("%s after the first: %v, want %v", after, got, want)
		}
	}
	list, err := b.store.List(t.Context(), 3, 1)
	if err != nil || len(list) != 1 || list[0].Version != 2 {
		t.Errorf("list below 3: %+v, %v", list, err)
	}
}

// TestPolicySet_TwoReplicasWhoseClocksDiffer walks two processes, one of whose
// clocks is ten seconds behind, through a change second by second: whatever a
// token says is true under both policies, from the moment at which the first
// knows of the change until the second has made it.
func TestPolicySet_TwoReplicasWhoseClocksDiffer(t *testing.T) {
	t.Parallel()
	b := setupPolicies(t)
	fast, slow := idptest.NewClock(idptest.Start), idptest.NewClock(idptest.Start.Add(-10*time.Second))
	b.add(1, policyText(1, false), idptest.Start.Add(-time.Hour))
	one, other := b.replica(fast, t.Output()), b.replica(slow, t.Output())
	for _, s := range []*desk.PolicySet{one, other} {
		if level, version := granted(t, s, slow.Now()); level != "checked" || version != 1 {
			t.Fatalf("before: %s under policy %d", level, version)
		}
	}
	effective := fast.Now().Add(10 * time.Second)
	b.add(2, policyText(2, true), effective)
	// The second process hears of it as late as its reading is good for; this
	// is the case without any notification.
	for second := range 60 {
		at := fmt.Sprintf("second %d", second)
		level, version := granted(t, one, fast.Now())
		if want := fast.Now().Before(effective); (version == 1) != want {
			t.Errorf("%s: the fast one decides by policy %d", at, version)
		}
		if second >= 10 && level != "basic" { // by then its first reading was too old
			t.Errorf("%s: the fast one grants %s, which is not true under policy 2", at, level)
		}
		level, version = granted(t, other, slow.Now())
		if want := slow.Now().Before(effective); (version == 1) != want {
			t.Errorf("%s: the slow one decides by policy %d", at, version)
		}
		if second >= 10 && level != "basic" {
			t.Errorf("%s: the slow one grants %s, which is not true under policy 2", at, level)
		}
		fast.Advance(time.Second)
		slow.Advance(time.Second)
	}
	// The other way round: the next policy is easier, and must not count before
	// all have made the change.
	effective = fast.Now().Add(10 * time.Second)
	b.add(3, policyText(3, false), effective)
	for second := range 60 {
		raised := map[*desk.PolicySet]bool{}
		for s, clock := range map[*desk.PolicySet]*idptest.Clock{one: fast, other: slow} {
			level, _ := granted(t, s, clock.Now())
			raised[s] = level == "checked"
			if want := clock.Now().Before(effective.Add(desk.PolicyOverlap)); raised[s] == want {
				t.Errorf("second %d: granted %s", second, level)
			}
		}
		if raised[one] && slow.Now().Before(effective) {
			t.Errorf("second %d: one grants by the new policy alone and the other still decides by the old", second)
		}
		fast.Advance(time.Second)
		slow.Advance(time.Second)
	}
}

// TestPolicySet_ABlindReplicaHasStoppedBeforeTheOldPolicyIsForgotten: a process
// that lost the database a moment before the change goes on by the old policy
// for ten seconds. As long as it does, everybody else holds to the old one too,
// however far clocks may be apart.
func TestPolicySet_ABlindReplicaHasStoppedBeforeTheOldPolicyIsForgotten(t *testing.T) {
	t.Parallel()
	for _, apart := range []struct{ blind, seeing time.Duration }{
		{0, 0}, {0, 10 * time.Second}, {0, -10 * time.Second}, {-10 * time.Second, 0}, {10 * time.Second, 0}, {-5 * time.Second, 5 * time.Second},
	} {
		t.Run(fmt.Sprint(apart), func(t *testing.T) {
			t.Parallel()
			b := setupPolicies(t)
			b.add(1, policyText(1, false), idptest.Start.Add(-time.Hour))
			own, err := db.Open(t.Context(), db.Config{URL: b.db.URL, MaxConns: 1})
			if err != nil {
				t.Fatal(err)
			}
			blindClock, seeingClock := idptest.NewClock(idptest.Start.Add(apart.blind)), idptest.NewClock(idptest.Start.Add(apart.seeing))
			blind := desk.NewPolicySet(desk.NewPolicies(own), "demo", profile.ParsePolicy, blindClock.Now, slog.New(slog.DiscardHandler))
			seeing := b.replica(seeingClock, io.Discard)
			if _, err := blind.Rules(); err != nil {
				t.Fatal(err)
			}
			own.Close()
			b.add(2, policyText(2, true), idptest.Start.Add(10*time.Second))
			stopped := false
			for second := range 60 {
				_, err := blind.Rules()
				if stopped = err != nil; stopped && idp.CodeOf(err) != idp.CodeUnavailable {
					t.Errorf("second %d: %v", second, err)
				}
				r, err := seeing.Rules()
				if err != nil {
					t.Fatal(err)
				}
				holds := r.Version == 1 || slices.ContainsFunc(r.Also, func(p assurance.Policy) bool { return p.Version == 1 })
				if !stopped && !holds {
					t.Errorf("second %d: one decides by policy 1 alone, the other has forgotten it", second)
				}
				blindClock.Advance(time.Second)
				seeingClock.Advance(time.Second)
			}
			if r, err := seeing.Rules(); !stopped || err != nil || r.Version != 2 || len(r.Also) != 0 {
				t.Errorf("in the end: stopped %t, policy %d and %d more, %v", stopped, r.Version, len(r.Also), err)
			}
		})
	}
}

// TestPolicySet_BothPoliciesCountFromTheirPreloading until twenty seconds
// after the change, and Also is empty outside of that.
func TestPolicySet_BothPoliciesCountFromTheirPreloading(t *testing.T) {
	t.Parallel()
	b := setupPolicies(t)
	b.add(1, policyText(1, false), idptest.Start.Add(-time.Hour))
	s := b.replica(b.clock, t.Output())
	effective := idptest.Start.Add(10 * time.Second)
	b.add(2, policyText(2, true), effective)
	for _, row := range []struct {
		at      time.Duration
		version int
		also    []int
	}{
		{-10 * time.Second, 1, []int{2}}, {-time.Microsecond, 1, []int{2}}, {0, 2, []int{1}},
		{20*time.Second - time.Microsecond, 2, []int{1}}, {20 * time.Second, 2, nil}, {time.Hour, 2, nil},
	} {
		b.clock.Set(effective.Add(row.at))
		r, err := s.Rules()
		if err != nil {
			t.Fatal(err)
		}
		var also []int
		for _, p := range r.Also {
			also = append(also, p.Version)
		}
		if r.Version != row.version || !slices.Equal(also, row.also) {
			t.Errorf("%s from the change: policy %d and %v, want %d and %v", row.at, r.Version, also, row.version, row.also)
		}
		if current, ok := s.Current(); !ok || current.Version != row.version {
			t.Errorf("%s from the change: pages show policy %d", row.at, current.Version)
		}
	}
}

// TestPolicySet_StopsIssuingWhenItCannotConfirm: eleven seconds without the
// database, and it comes back by itself.
func TestPolicySet_StopsIssuingWhenItCannotConfirm(t *testing.T) {
	t.Parallel()
	b := setupPolicies(t)
	b.add(1, policyText(1, false), idptest.Start)
	s := b.replica(b.clock, t.Output())
	granted(t, s, b.clock.Now())
	back := b.db.Lose(t)
	b.clock.Advance(10*time.Second - time.Microsecond)
	if _, err := s.Rules(); err != nil {
		t.Errorf("within ten seconds: %v", err)
	}
	b.clock.Advance(time.Second)
	if _, err := s.Rules(); idp.CodeOf(err) != idp.CodeUnavailable {
		t.Errorf("after eleven seconds: %v", err)
	}
	if p, ok := s.Current(); !ok || p.Version != 1 {
		t.Errorf("pages that only show something show policy %d", p.Version)
	}
	back()
	if level, _ := granted(t, s, b.clock.Now()); level != "checked" {
		t.Errorf("when it is back: %s", level)
	}
	b.clock.Advance(-time.Minute) // a clock that was set back confirms nothing
	back = b.db.Lose(t)
	if _, err := s.Rules(); idp.CodeOf(err) != idp.CodeUnavailable {
		t.Errorf("with a clock that was set back: %v", err)
	}
	back()
}

// TestPolicySet_CostsNoRoundTripBetweenReadings, and one reading serves all who wait.
func TestPolicySet_CostsNoRoundTripBetweenReadings(t *testing.T) {
	t.Parallel()
	b := setupPolicies(t)
	b.add(1, policyText(1, false), idptest.Start)
	s := b.replica(b.clock, t.Output())
	for i, want := range []int64{1, 0} {
		before := b.db.Trips()
		errs := make(chan error, 50)
		for range cap(errs) {
			go func() { _, err := s.Rules(); errs <- err }()
		}
		for range cap(errs) {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		// Who asks just after the reading has ended needs none, and who asks while
		// it goes on joins it; a second one is begun only by a caller that found
		// the clock moved on.
		if got := b.db.Trips() - before; got > want+1 {
			t.Errorf("round %d: %d round trips for 50 requests", i, got)
		}
	}
}

// TestPolicySet_APolicyThatItCannotRead: a newer program brought something into
// force that this one does not understand. It goes on with what it has, says so
// loudly, and stops issuing when the time has come.
func TestPolicySet_APolicyThatItCannotRead(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(p *idp.StoredPolicy){
		"of a newer program":   func(p *idp.StoredPolicy) { p.Source += "moon_phase: full\n" },
		"of another profile":   func(p *idp.StoredPolicy) { p.Profile = "by" },
		"that is no YAML":      func(p *idp.StoredPolicy) { p.Source = "\x00" },
		"that is empty":        func(p *idp.StoredPolicy) { p.Source = "" },
		"with a broken level ": func(p *idp.StoredPolicy) { p.Source = strings.ReplaceAll(p.Source, "otp", "ottp") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupPolicies(t)
			b.add(1, policyText(1, false), idptest.Start)
			log := &strings.Builder{}
			s := b.replica(b.clock, log)
			granted(t, s, b.clock.Now())
			bad := stored(2, policyText(2, true), idptest.Start.Add(time.Minute))
			spoil(&bad)
			if bad.Source == "\x00" {
				bad.Source = "{" // a zero byte is no text to PostgreSQL
			}
			if err := b.db.InTx(t.Context(), func(ctx context.Context, tx idp.Tx) error { return b.store.Insert(ctx, tx, bad) }); err != nil {
				t.Fatal(err)
			}
			b.clock.Advance(30 * time.Second)
			if level, version := granted(t, s, b.clock.Now()); level != "checked" || version != 1 {
				t.Errorf("before its time: %s under policy %d", level, version)
			}
			if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "version=2") {
				t.Errorf("the log says %q", log)
			}
			b.clock.Advance(30 * time.Second)
			_, err := s.Rules()
			if idp.CodeOf(err) != idp.CodeUnavailable || !strings.Contains(err.Error(), "policy 2") {
				t.Errorf("when its time has come: %v", err)
			}
			if p, ok := s.Current(); !ok || p.Version != 1 {
				t.Errorf("pages show policy %d", p.Version)
			}
			// The way out is a next version that this program can read.
			b.add(3, policyText(3, false), b.clock.Now().Add(10*time.Second))
			b.clock.Advance(10*time.Second + desk.PolicyOverlap)
			if _, version := granted(t, s, b.clock.Now()); version != 3 {
				t.Errorf("policy %d is in force", version)
			}
		})
	}
}

// TestPolicySet_WithoutAnyPolicyNothingIsDecided.
func TestPolicySet_WithoutAnyPolicyNothingIsDecided(t *testing.T) {
	t.Parallel()
	b := setupPolicies(t)
	s := b.replica(b.clock, t.Output())
	if _, err := s.Rules(); idp.CodeOf(err) != idp.CodeNotFound {
		t.Errorf("on an empty table: %v", err)
	}
	if _, ok := s.Current(); ok {
		t.Error("there is something to show")
	}
	// Another process with a faster clock has begun: its policy counts at once.
	b.add(1, policyText(1, false), idptest.Start.Add(5*time.Second))
	if level, _ := granted(t, s, b.clock.Now()); level != "checked" {
		t.Errorf("granted %s", level)
	}
}

// TestPublished_IsWhatANextPolicyMustNotBreak: the version that counts and those
// to come, of every agency, a page at a time.
func TestPublished_IsWhatANextPolicyMustNotBreak(t *testing.T) {
	t.Parallel()
	b := setupPolicies(t)
	store := desk.NewProcedures(b.db.DB)
	publish := func(agency, code string, from, until time.Duration, disabled bool) {
		p := procedure.Procedure{Agency: agency, Code: code, ValidFrom: idptest.Start.Add(from), Disabled: disabled}
		if until != 0 {
			p.ValidUntil = idptest.Start.Add(until)
		}
		err := b.db.InTx(t.Context(), func(ctx context.Context, tx idp.Tx) error { return store.Insert(ctx, tx, p, idptest.Start) })
		if err != nil {
			t.Fatal(err)
		}
	}
	publish("tax", "1", -2*time.Hour, 0, false) // covered by the next
	publish("tax", "1", -time.Hour, 0, false)
	publish("tax", "1", time.Hour, 0, false)
	publish("tax", "2", -time.Hour, 0, true)
	publish("tax", "3", -time.Hour, -time.Minute, false)
	publish("registry", "1", -time.Hour, time.Hour, false)
	var got []string
	for last := (procedure.Procedure{}); ; {
		page, err := store.Published(t.Context(), idptest.Start, last, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		last = page[0]
		got = append(got, fmt.Sprint(last.Agency, "/", last.Code, " ", last.ValidFrom.Sub(idptest.Start)))
	}
	if want := []string{"registry/1 -1h0m0s", "tax/1 -1h0m0s", "tax/1 1h0m0s"}; !slices.Equal(got, want) {
		t.Errorf("published %q, want %q", got, want)
	}
}

// signals passes on what is logged.
type signals chan string

// Write passes a line on.
func (s signals) Write(p []byte) (int, error) { s <- string(p); return len(p), nil }

// TestPolicySet_IsToldOfAChange: nobody waits for the next look.
func TestPolicySet_IsToldOfAChange(t *testing.T) {
	t.Parallel()
	b := setupPolicies(t)
	b.add(1, policyText(1, false), idptest.Start)
	lines := make(signals, 64)
	s := b.replica(b.clock, lines)
	granted(t, s, b.clock.Now())
	ctx, stop := context.WithCancelCause(t.Context())
	ended := make(chan struct{})
	listening := make(listener, 1)
	go func() { defer close(ended); s.Run(ctx, listening) }()
	heard := <-listening
	b.add(2, policyText(2, true), idptest.Start.Add(10*time.Second))
	heard("")
	if line := <-lines; !strings.Contains(line, "a policy was loaded") || !strings.Contains(line, "version=2") {
		t.Errorf("logged %q", line)
	}
	if r, err := s.Rules(); err != nil || len(r.Also) != 1 {
		t.Errorf("%d policies must agree besides, %v", len(r.Also), err)
	}
	back := b.db.Lose(t)
	heard("")
	if line := <-lines; !strings.Contains(line, "level=ERROR") || !strings.Contains(line, "cannot be confirmed") {
		t.Errorf("logged %q", line)
	}
	back()
	heard("")
	if line := <-lines; !strings.Contains(line, "confirmed again") {
		t.Errorf("logged %q", line)
	}
	stop(errors.New("over"))
	<-ended
}

// listener gives the test the function to call, in place of a connection.
type listener chan func(string)

// Listen hands over heard.
func (l listener) Listen(ctx context.Context, channel string, heard func(string)) {
	if channel == desk.PolicyChanged {
		l <- heard
	}
	<-ctx.Done()
}

// TestPolicy_IsToldWhenItIsCommitted: on the real line between two processes.
func TestPolicy_IsToldWhenItIsCommitted(t *testing.T) {
	t.Parallel()
	b := setupPolicies(t)
	heard := make(chan string, 8)
	go b.db.Listen(t.Context(), desk.PolicyChanged, func(p string) { heard <- p })
	<-heard // connected
	rollback := errors.New("rolled back")
	err := b.db.InTx(t.Context(), func(ctx context.Context, tx idp.Tx) error {
		if err := b.store.Insert(ctx, tx, stored(1, policyText(1, false), idptest.Start)); err != nil {
			return err
		}
		return rollback
	})
	if !errors.Is(err, rollback) || len(heard) > 0 {
		t.Errorf("%v; a change that never was is told", err)
	}
	b.add(2, policyText(2, false), idptest.Start)
	<-heard
}
