package operator

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"surety/idp"
	"surety/idp/audit"
	"surety/idp/session"
)

// Errors of the use cases about operators. That an invitation was used or is
// over is told only to those who hold its 256-bit token.
var (
	ErrInviteUnknown = idp.E(idp.CodeNotFound, "error.invitation.unknown")
	ErrInviteUsed    = idp.E(idp.CodeExpired, "error.invitation.used")
	ErrInviteOver    = idp.E(idp.CodeExpired, "error.invitation.expired")
	ErrName          = idp.E(idp.CodeInvalid, "error.operator.name").In("name")
	ErrPasskey       = idp.E(idp.CodeInvalid, "error.passkey.wrong")
	ErrAttemptOver   = idp.E(idp.CodeInvalid, "error.passkey.expired")
	ErrNobody        = idp.E(idp.CodeForbidden, "error.session.nobody")
)

const (
	// InviteLife is how long an invitation can be taken up.
	InviteLife = 24 * time.Hour
	// bootstrapEnds is the number of operators from which on the command line
	// invites nobody: two can invite one another (RULES R5).
	bootstrapEnds = 2
	maxName       = 100 // characters
	namePurpose   = "operator name"
)

// Invitation is a link to hand to somebody. It is shown once.
type Invitation struct {
	Link      string
	ExpiresAt time.Time
}

// Bootstrap invites the first operator, from the command line. It works while
// there are fewer than two operators, and makes one link at a time; replace
// voids one that is still open, as when it was lost.
//
// Errors: invalid (field "name"); forbidden when two operators exist; conflict
// when a link is open; unavailable, also when the issuer allows no passkeys.
func (s *Service) Bootstrap(ctx context.Context, name string, replace, dryRun bool) (Invitation, error) {
	if s.Passkeys == nil {
		return Invitation{}, errNoPasskeys // before a link is made that nobody could take up
	}
	name, err := cleanName(name)
	if err != nil {
		return Invitation{}, err
	}
	var out Invitation
	err = s.change(ctx, dryRun, func(ctx context.Context, tx idp.Tx, now time.Time) error {
		n, err := s.Operators.Count(ctx, tx)
		if err != nil {
			return err
		}
		if n >= bootstrapEnds {
			return errForbidden.Because(fmt.Errorf("%d operators exist: they invite others in the browser", n))
		}
		if err := s.Operators.VoidBootstrap(ctx, tx, replace, now); err != nil {
			return err
		}
		out, err = s.invite(ctx, tx, now, ActorCommand, idp.OperatorInvite{Bootstrap: true}, name)
		return err
	})
	if err != nil {
		return Invitation{}, err
	}
	return out, nil
}

// InviteAnother invites an operator on another's word.
//
// Errors: forbidden when the session is over; invalid (field "name"); unavailable.
func (s *Service) InviteAnother(ctx context.Context, secret, name string) (Invitation, error) {
	me, err := s.Who(ctx, secret)
	if err != nil {
		return Invitation{}, err
	}
	if name, err = cleanName(name); err != nil {
		return Invitation{}, err
	}
	var out Invitation
	err = s.change(ctx, false, func(ctx context.Context, tx idp.Tx, now time.Time) error {
		if _, err := s.Operators.Count(ctx, tx); err != nil {
			return err
		}
		out, err = s.invite(ctx, tx, now, Actor(me.ID), idp.OperatorInvite{By: me.ID}, name)
		return err
	})
	if err != nil {
		return Invitation{}, err
	}
	return out, nil
}

func (s *Service) invite(ctx context.Context, tx idp.Tx, now time.Time, by Actor, i idp.OperatorInvite, name string) (Invitation, error) {
	token := session.NewSecret()
	i.Hash, _ = session.HashSecret(token)
	i.Name = s.Ring.Seal(namePurpose, i.Hash[:], []byte(name))
	i.CreatedAt, i.ExpiresAt = now, now.Add(InviteLife)
	if err := s.Operators.Invite(ctx, tx, i); err != nil {
		if i.Bootstrap && idp.CodeOf(err) == idp.CodeConflict {
			err = errConflict.Because(errors.New("a bootstrap invitation is open already; -replace voids it"))
		}
		return Invitation{}, err
	}
	kind := "operator"
	if i.Bootstrap {
		kind = "bootstrap"
	}
	e := audit.Event{Type: "operator.invited", ActorID: string(by), Attrs: map[string]string{"kind": kind}}
	link := strings.TrimSuffix(s.Issuer, "/") + "/operator/invite?token=" + url.QueryEscape(token)
	return Invitation{Link: link, ExpiresAt: i.ExpiresAt}, s.Audit.Append(ctx, tx, now, e)
}

func cleanName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	control := strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f })
	if name == "" || utf8.RuneCountInString(name) > maxName || !utf8.ValidString(name) || control {
		return "", ErrName.Because(fmt.Errorf("a name of 1 to %d characters is needed", maxName))
	}
	return name, nil
}

// InvitePage is what the page of an invitation needs.
type InvitePage struct {
	Name    string
	Options []byte // for the passkey script
	Attempt string // comes back with the answer
}

// OpenInvite shows an invitation. It changes nothing.
// Errors: not_found for a link that is none; expired when it was used, voided
// or is over; unavailable.
func (s *Service) OpenInvite(ctx context.Context, token string) (InvitePage, error) {
	now := s.Clock()
	i, name, err := s.invitation(ctx, token, now)
	if err != nil {
		return InvitePage{}, err
	}
	if s.Passkeys == nil {
		return InvitePage{}, errNoPasskeys
	}
	id := idp.OperatorID(idp.NewID())
	options, state, err := s.Passkeys.Register(id, name)
	if err != nil {
		return InvitePage{}, fmt.Errorf("ask for a passkey: %w", err)
	}
	text, err := s.sealAttempt(attempt{Invite: i.Hash[:], Operator: id, State: state, ExpiresAt: now.Add(attemptLife)})
	return InvitePage{Name: name, Options: options, Attempt: text}, err
}

func (s *Service) invitation(ctx context.Context, token string, now time.Time) (idp.OperatorInvite, string, error) {
	hash, ok := session.HashSecret(token)
	if !ok {
		return idp.OperatorInvite{}, "", ErrInviteUnknown
	}
	i, err := s.Operators.Invitation(ctx, hash)
	if idp.CodeOf(err) == idp.CodeNotFound {
		return idp.OperatorInvite{}, "", ErrInviteUnknown.Because(err)
	}
	if err != nil {
		return idp.OperatorInvite{}, "", err
	}
	switch {
	case !i.UsedAt.IsZero():
		return idp.OperatorInvite{}, "", ErrInviteUsed
	case !i.Open(now):
		return idp.OperatorInvite{}, "", ErrInviteOver
	}
	name, err := s.Ring.Open(namePurpose, i.Hash[:], i.Name)
	return i, string(name), err
}

// TakeUp is what the page of an invitation sends.
type TakeUp struct {
	Token   string
	Attempt string
	Name    string // as the invited person writes it
	Answer  []byte // of the passkey
}

// TakeUpInvite makes an operator of whoever holds the link and has set a
// passkey, and logs them in.
//
// Errors: as OpenInvite; invalid for the name (field "name") and the passkey;
// forbidden when bootstrap is off meanwhile; unavailable.
func (s *Service) TakeUpInvite(ctx context.Context, in TakeUp) (session.Ticket, error) {
	now := s.Clock()
	i, _, err := s.invitation(ctx, in.Token, now)
	if err != nil {
		return session.Ticket{}, err
	}
	name, err := cleanName(in.Name)
	if err != nil {
		return session.Ticket{}, err
	}
	a, hash, err := s.openAttempt(in.Attempt, i.Hash[:], now)
	if err != nil {
		return session.Ticket{}, err
	}
	if s.Passkeys == nil {
		return session.Ticket{}, errNoPasskeys
	}
	passkey, err := s.Passkeys.Registered(a.State, in.Answer)
	if err != nil {
		return session.Ticket{}, ErrPasskey.Because(err)
	}
	var ticket session.Ticket
	err = s.change(ctx, false, func(ctx context.Context, tx idp.Tx, now time.Time) error {
		n, err := s.Operators.Count(ctx, tx)
		if err != nil {
			return err
		}
		if i.Bootstrap && n >= bootstrapEnds {
			return errForbidden.Because(fmt.Errorf("%d operators exist: the bootstrap invitation is void", n))
		}
		if err := s.Sessions.Answer(ctx, tx, hash, a.ExpiresAt); err != nil {
			return usedAttempt(err)
		}
		o := idp.Operator{ID: a.Operator, Name: s.Ring.Seal(namePurpose, []byte(a.Operator), []byte(name)), CreatedAt: now}
		passkey.Operator = o.ID
		ticket, err = s.join(ctx, tx, now, i, o, passkey)
		return err
	})
	if err != nil {
		return session.Ticket{}, err
	}
	return ticket, nil
}

// join writes the new operator. The invitation is used last, by a conditional
// update: of two browsers with the same link one fails here and keeps nothing.
func (s *Service) join(ctx context.Context, tx idp.Tx, now time.Time, i idp.OperatorInvite, o idp.Operator, p idp.OperatorPasskey) (session.Ticket, error) {
	if err := s.Operators.Add(ctx, tx, o); err != nil {
		return session.Ticket{}, err
	}
	if err := s.Sessions.AddPasskey(ctx, tx, p, now); err != nil {
		if idp.CodeOf(err) == idp.CodeConflict {
			err = ErrPasskey.Because(err)
		}
		return session.Ticket{}, err
	}
	if err := s.Operators.TakeUp(ctx, tx, i.Hash, o.ID, now); err != nil {
		if idp.CodeOf(err) == idp.CodeConflict {
			err = ErrInviteUsed.Because(err)
		}
		return session.Ticket{}, err
	}
	invitedBy := string(ActorCommand)
	if i.By != "" {
		invitedBy = string(i.By)
	}
	e := audit.Event{Type: "operator.joined", ActorID: string(o.ID), Attrs: map[string]string{"invited_by": invitedBy}}
	if err := s.Audit.Append(ctx, tx, now, e); err != nil {
		return session.Ticket{}, err
	}
	return s.startSession(ctx, tx, now, o)
}

func usedAttempt(err error) error {
	if idp.CodeOf(err) == idp.CodeConflict {
		return ErrAttemptOver.Because(err)
	}
	return err
}
