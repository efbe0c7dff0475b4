package operator

import (
	"context"
	"fmt"
	"time"

	"surety/idp"
	"surety/idp/audit"
	"surety/idp/session"
)

// An operator's session is short: what it opens is everything.
const (
	sessionIdle  = 15 * time.Minute
	sessionLife  = 8 * time.Hour
	sessionTouch = time.Minute // how often a live session is written
)

// SignInPage is what the log-in page of operators needs.
type SignInPage struct {
	Options []byte // for the passkey script
	Attempt string // comes back with the answer
}

// OpenSignIn asks for a passkey. It changes nothing.
func (s *Service) OpenSignIn(context.Context) (SignInPage, error) {
	if s.Passkeys == nil {
		return SignInPage{}, errNoPasskeys
	}
	options, state, err := s.Passkeys.Ask()
	if err != nil {
		return SignInPage{}, fmt.Errorf("ask for a passkey: %w", err)
	}
	text, err := s.sealAttempt(attempt{State: state, ExpiresAt: s.Clock().Add(attemptLife)})
	return SignInPage{Options: options, Attempt: text}, err
}

// SignIn logs an operator in by the answer of a passkey.
//
// Errors: invalid whatever is wrong: an unknown passkey,
// a disabled operator, a used or overdue challenge; unavailable.
func (s *Service) SignIn(ctx context.Context, attemptText string, answer []byte) (session.Ticket, error) {
	a, hash, err := s.openAttempt(attemptText, nil, s.Clock())
	if err != nil {
		return session.Ticket{}, err
	}
	if s.Passkeys == nil {
		return session.Ticket{}, errNoPasskeys
	}
	id, err := s.Passkeys.CredentialID(answer)
	if err != nil {
		return session.Ticket{}, ErrPasskey.Because(err)
	}
	var ticket session.Ticket
	err = s.change(ctx, false, func(ctx context.Context, tx idp.Tx, now time.Time) error {
		p, o, err := s.Sessions.Passkey(ctx, tx, id)
		switch {
		case idp.CodeOf(err) == idp.CodeNotFound:
			return ErrPasskey.Because(err)
		case err != nil:
			return err
		case !o.DisabledAt.IsZero():
			return ErrPasskey.Because(fmt.Errorf("operator %s is disabled", o.ID))
		}
		if p, err = s.Passkeys.Asked(a.State, answer, p); err != nil {
			return ErrPasskey.Because(err)
		}
		if err := s.Sessions.Answer(ctx, tx, hash, a.ExpiresAt); err != nil {
			return usedAttempt(err)
		}
		if err := s.Sessions.UsePasskey(ctx, tx, p, now); err != nil {
			return err
		}
		e := audit.Event{Type: "operator.signed_in", ActorID: string(o.ID)}
		if err := s.Audit.Append(ctx, tx, now, e); err != nil {
			return err
		}
		ticket, err = s.startSession(ctx, tx, now, o)
		return err
	})
	if err != nil {
		return session.Ticket{}, err
	}
	return ticket, nil
}

func (s *Service) startSession(ctx context.Context, tx idp.Tx, now time.Time, o idp.Operator) (session.Ticket, error) {
	secret := session.NewSecret()
	hash, _ := session.HashSecret(secret)
	started := idp.OperatorSession{Hash: hash, Operator: o, CreatedAt: now, IdleExpiresAt: now.Add(sessionIdle), ExpiresAt: now.Add(sessionLife)}
	if err := s.Sessions.Start(ctx, tx, started); err != nil {
		return session.Ticket{}, err
	}
	// Shared: the cookie ends with the browser, whoever's computer it is.
	return session.Ticket{Secret: secret, Shared: true, ExpiresAt: started.ExpiresAt}, nil
}

// Me is the operator who is logged in.
type Me struct {
	ID   idp.OperatorID
	Name string
}

// Who returns who is behind the secret of an operator's session, and moves
// its idle end on. Errors: forbidden when nobody is; unavailable.
func (s *Service) Who(ctx context.Context, secret string) (Me, error) {
	hash, ok := session.HashSecret(secret)
	if !ok {
		return Me{}, ErrNobody
	}
	now := s.Clock()
	got, err := s.Sessions.Session(ctx, hash)
	switch {
	case idp.CodeOf(err) == idp.CodeNotFound:
		return Me{}, ErrNobody.Because(err)
	case err != nil:
		return Me{}, err
	case !got.Open(now):
		return Me{}, ErrNobody
	}
	if end := now.Add(sessionIdle); end.Sub(got.IdleExpiresAt) >= sessionTouch {
		if err := s.Sessions.Touch(ctx, hash, end); err != nil {
			return Me{}, err
		}
	}
	name, err := s.name(got.Operator)
	return Me{ID: got.Operator.ID, Name: name}, err
}

func (s *Service) name(o idp.Operator) (string, error) {
	plain, err := s.Ring.Open(namePurpose, []byte(o.ID), o.Name)
	if err != nil {
		return "", fmt.Errorf("name of operator %s: %w", o.ID, err)
	}
	return string(plain), nil
}

// SignOut ends the session. It is no error if there is none.
// Errors: unavailable.
func (s *Service) SignOut(ctx context.Context, secret string) error {
	hash, ok := session.HashSecret(secret)
	if !ok {
		return nil
	}
	return s.change(ctx, false, func(ctx context.Context, tx idp.Tx, now time.Time) error {
		return s.Sessions.End(ctx, tx, hash, now)
	})
}

// Row is an operator, or somebody invited, in the list.
type Row struct {
	ID        idp.OperatorID // empty for an invitation
	Name      string
	Since     time.Time // when they joined, or were invited
	SeenAt    time.Time // last login; zero: never
	ExpiresAt time.Time // of the invitation; zero for an operator
	Disabled  bool
}

// ListOperators lists operators and open invitations, for an operator.
// Errors: forbidden when the session is over; unavailable.
func (s *Service) ListOperators(ctx context.Context, secret string) (Me, []Row, error) {
	me, err := s.Who(ctx, secret)
	if err != nil {
		return Me{}, nil, err
	}
	all, err := s.Operators.List(ctx)
	if err != nil {
		return Me{}, nil, err
	}
	var rows []Row
	for _, o := range all {
		name, err := s.name(o)
		if err != nil {
			return Me{}, nil, err
		}
		rows = append(rows, Row{ID: o.ID, Name: name, Since: o.CreatedAt, SeenAt: o.SeenAt, Disabled: !o.DisabledAt.IsZero()})
	}
	open, err := s.Operators.Invitations(ctx, s.Clock())
	if err != nil {
		return Me{}, nil, err
	}
	for _, i := range open {
		name, err := s.Ring.Open(namePurpose, i.Hash[:], i.Name)
		if err != nil {
			return Me{}, nil, fmt.Errorf("name in an invitation: %w", err)
		}
		rows = append(rows, Row{Name: string(name), Since: i.CreatedAt, ExpiresAt: i.ExpiresAt})
	}
	return me, rows, nil
}
