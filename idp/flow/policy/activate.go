package policy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"surety/assurance"
	"surety/idp"
)

// Lead is how long before it comes into force a policy is told to all
// processes (DESIGN §3): long enough for each to have read it, or to have
// stopped issuing because it cannot.
const Lead = 10 * time.Second

// Activated is a policy that was brought into force.
type Activated struct {
	Policy idp.StoredPolicy
	Diff   Difference
	Report Report
}

// Activate brings a policy into force on all processes at once, ten
// seconds from now. It is refused while there is a mistake in it, or while it
// would break a procedure or a client that works.
//
// Errors: invalid, whose cause is of type strict.Problems; conflict when its
// version is not above the one in force, another one waits for its time, or the
// policy was changed meanwhile; forbidden when the database runs another
// profile; unavailable.
func (s *Service) Activate(ctx context.Context, by, file string, source []byte, dryRun bool) (Activated, error) {
	report, err := s.Lint(ctx, file, source)
	if err != nil {
		return Activated{}, err
	}
	done := Activated{Report: report}
	if problems := append(report.Problems, report.Broken...); len(problems) > 0 {
		return done, errInvalid.Because(problems)
	}
	before, err := s.current(ctx, nil, s.Clock())
	if err != nil {
		return done, err
	}
	if err := s.mayFollow(before, report.Policy); err != nil {
		return done, err
	}
	// Counting all accounts may take minutes. It is done before anything is
	// locked, and counts for nothing if the policy was changed meanwhile.
	if done.Diff, err = s.Diff(ctx, s.parsed(before), report.Policy); err != nil {
		return done, err
	}
	err = s.add(ctx, dryRun, func(ctx context.Context, tx idp.Tx, now time.Time) error {
		latest, err := s.current(ctx, tx, now)
		if err != nil {
			return err
		}
		if latest.Version != before.Version {
			return errConflict.Because(fmt.Errorf("policy %d came into force meanwhile: look at the differences again", latest.Version))
		}
		done.Policy = idp.StoredPolicy{
			Version: report.Policy.Version, Profile: s.Profile, Source: string(source),
			EffectiveAt: now.Add(Lead), ActivatedAt: now, ActivatedBy: by,
		}
		return s.write(ctx, tx, now, done.Policy, done.Diff.attributes(source))
	})
	return done, err
}

// current is the stored policy in force; zero when there is none yet.
//
// Errors: conflict while another one waits for its time; unavailable.
func (s *Service) current(ctx context.Context, tx idp.Tx, now time.Time) (idp.StoredPolicy, error) {
	found, err := s.Policies.Since(ctx, tx, now)
	if err != nil || len(found) == 0 {
		return idp.StoredPolicy{}, err
	}
	if last := found[len(found)-1]; last.EffectiveAt.After(now) {
		return idp.StoredPolicy{}, errConflict.Because(fmt.Errorf("policy %d comes into force at %s: wait for it",
			last.Version, last.EffectiveAt.UTC().Format(time.RFC3339)))
	}
	return found[0], nil
}

// mayFollow refuses what is no next version of the policy in force.
func (s *Service) mayFollow(before idp.StoredPolicy, next assurance.Policy) error {
	switch {
	case before.Version == 0:
		return nil
	case before.Profile != s.Profile:
		return errForbidden.Because(fmt.Errorf("the policy in force belongs to profile %q, and this is profile %q", before.Profile, s.Profile))
	case next.Version <= before.Version:
		return errConflict.Because(fmt.Errorf("the file's version is %d and version %d is in force: give it version %d or a later one",
			next.Version, before.Version, before.Version+1))
	}
	return nil
}

func nameOf(version int) string { return fmt.Sprintf("policy %d", version) }

// State says what a stored policy is doing.
type State string

// The states.
const (
	StatePending State = "pending"
	StateInForce State = "in force"
	StatePast    State = "past"
)

// Listed is a stored policy in a list, without its text.
type Listed struct {
	idp.StoredPolicy
	State State
}

// List lists versions below the given one, newest first; zero begins
// with the newest. next is zero on the last page, else what to ask for below.
//
// Errors: unavailable.
func (s *Service) List(ctx context.Context, below, limit int) (page []Listed, next int, err error) {
	limit = min(max(limit, 1), MaxPage)
	rows, err := s.Policies.List(ctx, below, limit+1) // one more tells whether there are more
	if err != nil {
		return nil, 0, err
	}
	if len(rows) > limit {
		next, rows = rows[limit-1].Version, rows[:limit]
	}
	now := s.Clock()
	current, err := s.Policies.Since(ctx, nil, now)
	if err != nil {
		return nil, 0, err
	}
	for _, row := range rows {
		state := StatePast
		switch {
		case row.Version == current[0].Version:
			state = StateInForce
		case row.EffectiveAt.After(now):
			state = StatePending
		}
		page = append(page, Listed{row, state})
	}
	return page, next, nil
}

// Stored reads a version with its text; zero is the one in force.
//
// Errors: not_found, unavailable.
func (s *Service) Stored(ctx context.Context, version int) (idp.StoredPolicy, error) {
	if version == 0 {
		found, err := s.Policies.Since(ctx, nil, s.Clock())
		if err == nil && len(found) == 0 {
			err = errNotFound.Because(errors.New("there is no policy yet: the first idp serve begins with the profile's"))
		}
		if err != nil {
			return idp.StoredPolicy{}, err
		}
		return found[0], nil
	}
	p, err := s.Policies.Find(ctx, version)
	if idp.CodeOf(err) == idp.CodeNotFound {
		err = errNotFound.Because(fmt.Errorf("there is no policy %d", version))
	}
	return p, err
}
