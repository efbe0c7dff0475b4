package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/procedure"

	"github.com/google/uuid"
)

// Question asks how a decision comes about: for an account, for whoever
// has a login name, or for somebody made up.
type Question struct {
	Policy  assurance.Policy // under which it is decided
	Account idp.AccountID
	Login   string
	// Acts are the log-ins that are looked at, each by what the person has of
	// that method. None: everything that an account has, used now; for somebody
	// made up, none.
	Acts []Act
	// Situation is that of somebody made up. Its times and uses are filled in.
	Situation assurance.Situation
	// Procedure is whose requirement is asked for; zero: none.
	Procedure procedure.Key
	// Requirement is asked for besides.
	Requirement assurance.Requirement
}

// Act is one log-in.
type Act struct {
	Method assurance.Method
	Age    time.Duration
}

// Answer is a decision and how it came about.
type Answer struct {
	Account     idp.AccountID // empty for somebody made up
	State       idp.AccountState
	Situation   assurance.Situation
	Requirement assurance.Requirement
	Procedure   procedure.Procedure // zero: none was asked for
	Trace       assurance.Trace
}

// Explain tells how the rules come to their answer. It changes nothing.
//
// Errors: not_found for an account, login name or procedure that is not there;
// invalid for a log-in that the account does not have; unavailable.
func (s *Service) Explain(ctx context.Context, q Question) (Answer, error) {
	a := Answer{Account: q.Account, Situation: q.Situation, Requirement: q.Requirement}
	now, civil := s.Clock(), s.Civil()
	a.Situation.Now, a.Situation.Civil = now, civil
	if q.Procedure != (procedure.Key{}) {
		var err error
		if a.Procedure, err = s.procedureNow(ctx, q.Procedure, civil); err != nil {
			return a, err
		}
		a.Requirement = askedOf(q.Policy, a.Procedure.Requirement, q.Requirement)
	}
	if q.Login != "" {
		owner, err := s.Standings.LoginOwner(ctx, s.Contacts.LoginKey(q.Login))
		if idp.CodeOf(err) == idp.CodeNotFound {
			err = errNotFound.Because(errors.New("nobody has this login name"))
		}
		if err != nil {
			return a, err
		}
		a.Account = owner
	}
	if a.Account != "" {
		if err := s.standsAs(ctx, &a, now, civil); err != nil {
			return a, err
		}
	}
	if err := a.act(q.Acts); err != nil {
		return a, err
	}
	a.Trace = assurance.Explain(q.Policy, a.Requirement, a.Situation)
	return a, nil
}

// askedOf is a procedure's requirement with a stricter level or age, as a
// client or a request may add them.
func askedOf(p assurance.Policy, procedure, more assurance.Requirement) assurance.Requirement {
	all := p.AtLeast(procedure, more.Level)
	if more.MaxAge > 0 {
		all = all.Within(more.MaxAge, time.Time{})
	}
	return all
}

// standsAs fills in the situation of a real account.
func (s *Service) standsAs(ctx context.Context, a *Answer, now, civil time.Time) error {
	errNobody := errNotFound.Because(fmt.Errorf("there is no account %q", a.Account))
	if uuid.Validate(string(a.Account)) != nil {
		return errNobody
	}
	standing, err := s.Standings.Standing(ctx, a.Account, now)
	if idp.CodeOf(err) == idp.CodeNotFound {
		return errNobody
	}
	if err != nil {
		return err
	}
	made := a.Situation
	a.State, a.Situation = standing.State, standing.Situation(now, civil)
	a.Situation.Acting, a.Situation.Rights = made.Acting, made.Rights
	return nil
}

// act takes the log-ins that are looked at in place of all.
func (a *Answer) act(acts []Act) error {
	if len(acts) == 0 {
		return nil
	}
	a.Situation.Uses = nil
	for _, act := range acts {
		had := false
		for _, one := range a.Situation.Authenticators {
			if one.Method.Is(act.Method) {
				a.Situation.Uses, had = append(a.Situation.Uses, one.UsedAt(a.Situation.Now.Add(-act.Age))), true
			}
		}
		if !had {
			return errInvalid.Because(fmt.Errorf("this account cannot log in by %s; it has: %s", act.Method, methods(a.Situation.Authenticators)))
		}
	}
	return nil
}

func methods(list []assurance.Authenticator) string {
	var names []string
	for _, a := range list {
		names = append(names, string(a.Method))
	}
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

// procedureNow is the version of the procedure that counts now.
func (s *Service) procedureNow(ctx context.Context, k procedure.Key, civil time.Time) (procedure.Procedure, error) {
	versions, err := s.Procedures.Versions(ctx, nil, k)
	if err != nil {
		return procedure.Procedure{}, err
	}
	p, ok := procedure.At(versions, civil)
	switch {
	case ok:
		return p, nil
	case len(versions) > 0:
		return p, errNotFound.Because(fmt.Errorf("no version of procedure %s/%s is in force now", k.Agency, k.Code))
	}
	return p, errNotFound.Because(fmt.Errorf("there is no procedure %s/%s", k.Agency, k.Code))
}
