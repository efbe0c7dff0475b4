package operator

import (
	"context"
	"errors"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/audit"
	"surety/idp/client"
	"surety/idp/keys"
)

// Deps is what the use cases stand on. All members but Policy, Rotation and
// Passkeys are needed; without Passkeys nobody can be invited or log in.
type Deps struct {
	InTx      idp.InTx
	Clients   Clients
	Keys      Keys
	Operators Operators
	Sessions  Sessions
	Audit     Audit
	Ring      *keys.Ring
	Passkeys  Passkeys
	Clock     func() time.Time // protocol time
	// Policy is the one in force, for minimum_level; nil: not checked.
	// Its errors: unavailable.
	Policy     func() (assurance.Policy, error)
	Procedures Procedures       // for the use cases about procedures
	Zone       *time.Location   // in which the days of procedures begin; nil: UTC
	Civil      func() time.Time // time of documents and proofings; nil: Clock
	Rotation   keys.Rotation    // zero: every algorithm, 90 days
	Issuer     string           // invitations lead below it
}

// Service is the operator's use cases. It is safe for concurrent use.
type Service struct {
	Deps
	hash client.Hasher
}

// keyAge is how long a key signs unless told otherwise: four changes a year
// keep the change itself in good health.
const keyAge = 90 * 24 * time.Hour

// New returns the use cases.
func New(d Deps) *Service {
	if len(d.Rotation.Algorithms) == 0 {
		d.Rotation.Algorithms = keys.Algorithms()
	}
	if d.Rotation.Age == 0 {
		d.Rotation.Age = keyAge
	}
	return &Service{Deps: d, hash: client.HashWith(d.Ring)}
}

// Actor says who does something, for the audit: an operator's id, or one of
// the constants.
type Actor string

// Who acts without being a person in a browser.
const (
	ActorCommand Actor = "command" // somebody at the server's command line
	ActorSystem  Actor = "system"  // a worker
)

// Audit keeps what happened, in the transaction in which it happened.
type Audit interface {
	// Append writes the events. Errors: unavailable.
	Append(ctx context.Context, tx idp.Tx, now time.Time, events ...audit.Event) error
}

// errRehearsed ends the transaction of a rehearsal.
var errRehearsed = errors.New("rehearsed")

// change runs f in one transaction, and drops everything it did if it is only
// a rehearsal.
func (s *Service) change(ctx context.Context, dryRun bool, f func(ctx context.Context, tx idp.Tx, now time.Time) error) error {
	now := s.Clock().UTC().Truncate(time.Microsecond) // what the database keeps of it
	err := s.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		if err := f(ctx, tx, now); err != nil {
			return err
		}
		if dryRun {
			return errRehearsed
		}
		return nil
	})
	if dryRun && errors.Is(err, errRehearsed) {
		return nil
	}
	return err
}

// knows reports whether the policy in force has the level; without a policy at
// hand every level passes. Errors: unavailable.
func (s *Service) knows(level assurance.LevelName) (bool, error) {
	if level == "" || s.Policy == nil {
		return true, nil
	}
	p, err := s.Policy()
	if err != nil {
		return false, err
	}
	_, ok := p.Level(level)
	return ok, nil
}

// civil is the time of documents and proofings.
func (s *Service) civil() time.Time {
	if s.Civil != nil {
		return s.Civil()
	}
	return s.Clock()
}
