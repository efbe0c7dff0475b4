package policy

import (
	"context"
	"errors"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/audit"
	"surety/idp/contact"
)

// Deps is what the use cases stand on. Clock and Parse are always needed, and
// are enough to look at a policy alone; the rest is for what is stored.
type Deps struct {
	Clock func() time.Time // protocol time
	Civil func() time.Time // time of documents and proofings; nil: Clock
	// Parse reads a policy file; idp/profile does. Its error is of type strict.Problems.
	Parse      func(file string, source []byte) (assurance.Policy, error)
	Profile    string // name of the profile that this installation runs
	InTx       idp.InTx
	Policies   Policies
	Procedures Procedures
	Clients    Clients
	Standings  Standings
	Audit      Audit
	Contacts   contact.Rules // how login names are read
	// InForce is the policy by which this process decides. Errors: unavailable.
	InForce func() (assurance.Policy, error)
}

// Service is the use cases. It is safe for concurrent use.
type Service struct{ Deps }

// New returns the use cases.
func New(d Deps) *Service {
	if d.Civil == nil {
		d.Civil = d.Clock
	}
	return &Service{d}
}

// Audit keeps what happened, in the transaction in which it happened.
type Audit interface {
	// Append writes the events. Errors: unavailable.
	Append(ctx context.Context, tx idp.Tx, now time.Time, events ...audit.Event) error
}

// bySystem is who activates the first policy.
const bySystem = "system"

// MaxPage is how many policies one page of the list may hold.
const MaxPage = 500

// What is wrong, for pages; the cause says it in the operator's words.
var (
	errInvalid   = idp.E(idp.CodeInvalid, "error.invalid")
	errForbidden = idp.E(idp.CodeForbidden, "error.forbidden")
	errConflict  = idp.E(idp.CodeConflict, "error.conflict")
	errNotFound  = idp.E(idp.CodeNotFound, "error.not_found")
)

// errRehearsed ends the transaction of a rehearsal.
var errRehearsed = errors.New("rehearsed")

// now is protocol time as precise as the database keeps it.
func (s *Service) now() time.Time { return s.Clock().UTC().Truncate(time.Microsecond) }

// add runs f while nobody else can add a policy, and drops what it did if it is
// only a rehearsal. The time is that at which the lock was there: waiting for
// it may have taken a while.
func (s *Service) add(ctx context.Context, dryRun bool, f func(ctx context.Context, tx idp.Tx, now time.Time) error) error {
	err := s.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		if err := s.Policies.Lock(ctx, tx); err != nil {
			return err
		}
		if err := f(ctx, tx, s.now()); err != nil {
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
