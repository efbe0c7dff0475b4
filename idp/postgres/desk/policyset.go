package desk

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/postgres/db"
)

// The times of a change of policy (DESIGN §3).
const (
	// policyLookAgain is how often the policies are read when nothing was said.
	policyLookAgain = 2 * time.Second
	// PolicyConfirmed is how long a reading is good for. A process that could
	// not read for longer may have missed a change, and stops issuing.
	PolicyConfirmed = 10 * time.Second
	// PolicyOverlap is how long after the change both policies must agree: one
	// process's clock may be behind another's by assurance.Skew, and the change
	// may have reached it as late as a reading is good for.
	PolicyOverlap = PolicyConfirmed + assurance.Skew
	// policyPatience bounds one reading.
	policyPatience = 2 * time.Second
)

// ParsePolicy reads the text of a policy; idp/profile has one.
type ParsePolicy func(file string, source []byte) (assurance.Policy, error)

// PolicySet knows which policy is in force, and the one before or after it
// while they must agree. It may be used by many goroutines; each process has
// one, and all of them on one database switch at the same time, each by its
// own clock.
type PolicySet struct {
	store   *Policies
	profile string
	parse   ParsePolicy
	clock   func() time.Time
	log     *slog.Logger
	wake    chan struct{} // holds one: a change was told
	known   atomic.Pointer[policies]

	mu     sync.Mutex
	asking *reading // guarded by mu: the one reading under way
}

// reading is one look at the database that several may wait for.
type reading struct {
	done chan struct{} // closed when err is there
	err  error
}

// policies is what one reading found. It never changes.
type policies struct {
	all  []policyVersion // by version; never empty
	read time.Time       // when the reading began
}

// policyVersion is one version, or why it cannot be used.
type policyVersion struct {
	number      int
	effectiveAt time.Time
	policy      assurance.Policy
	err         error
}

// NewPolicySet returns a set that has read nothing yet: the first Rules does,
// or Run. profile is the one whose policies this process understands.
func NewPolicySet(s *Policies, profile string, parse ParsePolicy, clock func() time.Time, log *slog.Logger) *PolicySet {
	return &PolicySet{store: s, profile: profile, parse: parse, clock: clock, log: log, wake: make(chan struct{}, 1)}
}

var errUnconfirmed = idp.E(idp.CodeUnavailable, "error.unavailable")

// Rules are the policy in force by this process's clock, with those that must
// agree with it. Between readings it costs no round trip; when the last one is
// too old it reads once, for all who wait, before it gives up.
//
// Errors: unavailable when the policy in force could not be confirmed for ten
// seconds or is not one that this program can read; not_found when there is none.
func (s *PolicySet) Rules() (assurance.Rules, error) {
	// Known before the clock: what was read cannot then lie in the future.
	known, now := s.known.Load(), s.clock()
	if !known.confirmed(now) {
		var err error
		if known, now, err = s.confirm(); err != nil {
			return assurance.Rules{}, err
		}
	}
	return known.rules(now)
}

// Current is the policy in force as far as is known, confirmed or not: for what
// is only shown. It is false when nothing was ever read.
func (s *PolicySet) Current() (assurance.Policy, bool) {
	known := s.known.Load()
	if known == nil {
		return assurance.Policy{}, false
	}
	for i := known.inForce(s.clock()); i >= 0; i-- {
		if known.all[i].err == nil {
			return known.all[i].policy, true
		}
	}
	return assurance.Policy{}, false
}

// Run keeps the set in step until ctx ends: when a change is told, and every
// two seconds. What cannot be read is tried again.
func (s *PolicySet) Run(ctx context.Context, l Listener) {
	go l.Listen(ctx, PolicyChanged, func(string) {
		select {
		case s.wake <- struct{}{}:
		default: // one is waiting already
		}
	})
	lost := false
	for tick := time.NewTicker(policyLookAgain); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-s.wake:
		case <-tick.C:
		}
		err := s.ask()
		switch {
		case err != nil && !lost && ctx.Err() == nil:
			s.log.ErrorContext(ctx, "the policy in force cannot be confirmed; no token is issued from ten seconds on", "error", err)
		case err == nil && lost:
			s.log.InfoContext(ctx, "the policy in force is confirmed again")
		}
		lost = err != nil
	}
}

// confirm reads until what is known is fresh. A reading that was under way may
// have begun too early, so there is a second one.
func (s *PolicySet) confirm() (*policies, time.Time, error) {
	for range 2 {
		err := s.ask()
		known, now := s.known.Load(), s.clock()
		if known.confirmed(now) {
			return known, now, nil
		}
		switch {
		case idp.CodeOf(err) == idp.CodeNotFound:
			return nil, now, err
		case err != nil: // whatever it was, it may be over the next time
			return nil, now, errUnconfirmed.Because(err)
		}
	}
	return nil, time.Time{}, errUnconfirmed.Because(fmt.Errorf("the policy in force could not be confirmed for %s", PolicyConfirmed))
}

// ask reads, or waits for the reading under way: however many requests find
// the policy unconfirmed, the database is asked once. It runs apart from the
// caller, whose request may end, because others wait for it too.
func (s *PolicySet) ask() error {
	s.mu.Lock()
	r := s.asking
	if r == nil {
		r = &reading{done: make(chan struct{})}
		s.asking = r
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), policyPatience)
			defer cancel()
			r.err = s.reload(ctx)
			s.mu.Lock()
			s.asking = nil
			s.mu.Unlock()
			close(r.done)
		}()
	}
	s.mu.Unlock()
	<-r.done
	return r.err
}

// reload reads what counts now, what will, and what did until a moment ago.
// Only ask calls it, one at a time.
func (s *PolicySet) reload(ctx context.Context) error {
	now, before := s.clock(), s.known.Load()
	var have []int
	if before != nil {
		for _, v := range before.all {
			have = append(have, v.number)
		}
	}
	rows, err := s.store.since(ctx, s.store.db, now.Add(-PolicyOverlap), have)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return policyErrors[db.NoRows].Because(fmt.Errorf("there is no policy in the database yet"))
	}
	next := &policies{read: now}
	for _, row := range rows {
		v, ok := before.version(row.Version)
		if !ok {
			v = s.version(row)
		}
		next.all = append(next.all, v)
	}
	s.known.Store(next)
	for _, v := range next.all {
		if _, ok := before.version(v.number); !ok {
			s.tell(v, before != nil)
		}
	}
	return nil
}

// version makes a version of a row. One that this program cannot use keeps the
// reason in its place: its number and its time still count.
func (s *PolicySet) version(row idp.StoredPolicy) policyVersion {
	v := policyVersion{number: row.Version, effectiveAt: row.EffectiveAt}
	if row.Profile != s.profile {
		v.err = fmt.Errorf("policy %d belongs to profile %q, and this process runs profile %q", row.Version, row.Profile, s.profile)
		return v
	}
	v.policy, v.err = s.parse(fmt.Sprintf("policy %d", row.Version), []byte(row.Source))
	if v.err != nil {
		v.err = fmt.Errorf("policy %d: this program cannot read it: %w", row.Version, v.err)
	}
	return v
}

// tell logs a version that is seen for the first time.
func (s *PolicySet) tell(v policyVersion, change bool) {
	switch {
	case v.err != nil:
		s.log.Error("a policy cannot be used: from its time on this process issues nothing",
			"version", v.number, "effective_at", v.effectiveAt, "error", v.err)
	case change:
		s.log.Info("a policy was loaded", "version", v.number, "effective_at", v.effectiveAt)
	}
}

// confirmed reports whether the reading is young enough, by the wall and, where
// the clock has one, by the steady time beside it: neither a clock that was set
// back nor a machine that slept may make it look younger. It is false for nil.
func (p *policies) confirmed(now time.Time) bool {
	if p == nil {
		return false
	}
	age := max(now.Sub(p.read), now.Round(0).Sub(p.read.Round(0)))
	return age >= 0 && age < PolicyConfirmed
}

// version finds a version by its number; none in nil.
func (p *policies) version(number int) (policyVersion, bool) {
	if p != nil {
		for _, v := range p.all {
			if v.number == number {
				return v, true
			}
		}
	}
	return policyVersion{}, false
}

// inForce is the position of the newest version whose time has come. Where none
// has, it is the first: the one that another process with a faster clock has
// just begun with.
func (p *policies) inForce(now time.Time) int {
	for i := len(p.all) - 1; i > 0; i-- {
		if !p.all[i].effectiveAt.After(now) {
			return i
		}
	}
	return 0
}

// rules are what decides at this moment.
func (p *policies) rules(now time.Time) (assurance.Rules, error) {
	at := p.inForce(now)
	r := assurance.One(p.all[at].policy)
	for i, v := range p.all {
		waits := i > at
		over := i < at && !now.Before(p.all[i+1].effectiveAt.Add(PolicyOverlap))
		switch {
		case over, waits && v.err != nil: // the second has been told, and its time has not come
		case v.err != nil:
			return assurance.Rules{}, errUnconfirmed.Because(v.err)
		case i != at:
			r.Also = append(r.Also, v.policy)
		}
	}
	return r, nil
}
