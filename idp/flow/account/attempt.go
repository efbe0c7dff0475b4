package account

import (
	"context"
	"strconv"
	"time"

	"surety/idp"
	"surety/idp/audit"
	"surety/idp/contact"
	"surety/idp/message"
	"surety/idp/session"
)

var (
	errNoAttempt = idp.E(idp.CodeNotFound, "error.attempt.unknown")
	errOver      = idp.E(idp.CodeExpired, "error.attempt.expired")
	errNoBrowser = idp.E(idp.CodeForbidden, "error.form")
	errCodeShape = idp.E(idp.CodeInvalid, "error.code.format").In("code")
	errCodeWrong = idp.E(idp.CodeInvalid, "error.code.left").In("code")
	errCodeOld   = idp.E(idp.CodeExpired, "error.code.expired").In("code")
	errCodeSpent = idp.E(idp.CodeThrottled, "error.code.tries").In("code")
	errLinkDead  = idp.E(idp.CodeExpired, "error.link.expired")
)

// newAttempt is an attempt of this browser to prove a contact.
func (f *Flow) newAttempt(purpose idp.ProofPurpose, b session.Browser, i idp.InteractionID, typed string, now time.Time) (idp.ContactProof, error) {
	if !b.Bound() {
		return idp.ContactProof{}, errNoBrowser
	}
	c, err := f.config.Contacts.Parse(typed)
	if err != nil {
		return idp.ContactProof{}, blame(err, "contact")
	}
	if !idp.ValidID(string(i)) {
		i = ""
	}
	return idp.ContactProof{
		ID: idp.ProofID(idp.NewID()), Purpose: purpose, Browser: b.Hash, Kind: idp.ContactKind(c.Kind),
		Value: c.Value, Display: c.Display, Key: c.Key(), Language: b.Language, InteractionID: i,
		Sends: 1, SentAt: now, CodeExpiresAt: now.Add(codeLife(c.Kind)), CreatedAt: now, ExpiresAt: now.Add(attemptLife),
	}, nil
}

// codeLife is how long a code is good, by how it travels.
func codeLife(k contact.Kind) time.Duration {
	if k == contact.Phone {
		return smsLife
	}
	return emailLife
}

// chosen is what a message says, by what the contact is to us. The person in
// the browser is not told which it was.
type chosen struct {
	kind string // of the message
	// link is the page that a message without a code leads to: then no code and
	// no link is good for the attempt. Empty for a message with both.
	link string
}

// choose finds out which message an attempt gets.
type choose func(ctx context.Context, tx idp.Tx, p idp.ContactProof) (chosen, error)

// begin stores an attempt and sends its message. Whatever choose finds, the
// work is the same: one look, one code made, one row, one message, one event.
func (f *Flow) begin(ctx context.Context, p idp.ContactProof, source string, which choose, now time.Time) (Attempt, error) {
	err := f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		if err := f.maySend(ctx, tx, now, p.Key, source); err != nil {
			return err
		}
		c, err := which(ctx, tx, p)
		if err != nil {
			return err
		}
		s := f.newSecret(p.Kind, p.ID)
		if f.store(s, &p); c.link != "" {
			p.CodeMAC, p.LinkHash = nil, nil
		}
		if err := f.p.Proofs.BeginProof(ctx, tx, p); err != nil {
			return err
		}
		return f.sendSecret(ctx, tx, now, p, s, c)
	})
	if err != nil {
		return Attempt{}, err
	}
	return attempt(p, now), nil
}

// again sends a new code and link of an attempt; those before are good no more.
func (f *Flow) again(ctx context.Context, purpose idp.ProofPurpose, b session.Browser, id idp.ProofID, which choose) (Attempt, error) {
	now := f.p.Now()
	p, err := f.live(ctx, purpose, b, id, now)
	if err != nil {
		return Attempt{}, err
	}
	if !p.ConfirmedAt.IsZero() {
		return attempt(p, now), nil
	}
	p.Sends, p.SentAt, p.CodeExpiresAt = p.Sends+1, now, now.Add(codeLife(contact.Kind(p.Kind)))
	err = f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		if err := f.maySend(ctx, tx, now, p.Key, b.Source); err != nil {
			return err
		}
		c, err := which(ctx, tx, p)
		if err != nil {
			return err
		}
		s := f.newSecret(p.Kind, p.ID)
		if f.store(s, &p); c.link != "" {
			p.CodeMAC, p.LinkHash = nil, nil
		}
		if ok, err := f.p.Proofs.SentAgain(ctx, tx, p); err != nil || !ok {
			return orOver(err)
		}
		return f.sendSecret(ctx, tx, now, p, s, c)
	})
	if err != nil {
		return Attempt{}, err
	}
	return attempt(p, now), nil
}

// live returns the browser's attempt if something may still become of it.
func (f *Flow) live(ctx context.Context, purpose idp.ProofPurpose, b session.Browser, id idp.ProofID, now time.Time) (idp.ContactProof, error) {
	if !idp.ValidID(string(id)) || !b.Bound() {
		return idp.ContactProof{}, errNoAttempt
	}
	p, err := f.p.Proofs.Proof(ctx, nil, purpose, id, b.Hash)
	switch {
	case err != nil:
		return p, err
	case p.ID == "":
		return p, errNoAttempt
	case !p.Live(now):
		return p, errOver
	}
	return p, nil
}

// confirmed returns the browser's attempt if its contact is proven.
func (f *Flow) confirmed(ctx context.Context, purpose idp.ProofPurpose, b session.Browser, id idp.ProofID, now time.Time) (idp.ContactProof, error) {
	p, err := f.live(ctx, purpose, b, id, now)
	if err == nil && !p.Confirmed(now) {
		return p, errNoAttempt
	}
	return p, err
}

func attempt(p idp.ContactProof, now time.Time) Attempt {
	return Attempt{
		ID: p.ID, Kind: p.Kind, Contact: p.Display, CodeValid: max(0, p.CodeExpiresAt.Sub(now)),
		ResendAfter: max(0, p.SentAt.Add(resendAfter).Sub(now)), Confirmed: !p.ConfirmedAt.IsZero(), Interaction: p.InteractionID,
	}
}

// sendSecret queues the message and records that it was sent.
func (f *Flow) sendSecret(ctx context.Context, tx idp.Tx, now time.Time, p idp.ContactProof, s secret, c chosen) error {
	args := map[string]any{"Link": f.config.Issuer + c.link}
	if c.link == "" {
		args = map[string]any{"Code": s.code, "Valid": codeLife(contact.Kind(p.Kind))}
	}
	if c.link == "" && s.token != "" { // by e-mail: SMS hold no links (RULES R6)
		args["Link"] = f.config.Issuer + "/" + string(p.Purpose) + "/link?t=" + s.token
	}
	err := f.messages().Send(ctx, tx, now, message.Message{
		Key: "proof/" + string(p.ID) + "/" + strconv.Itoa(p.Sends), Kind: c.kind, Via: p.Kind, To: p.Value, Lang: p.Language, Args: args,
	})
	if err != nil {
		return err
	}
	return f.p.Audit.Append(ctx, tx, now, audit.Event{
		Type:     "contact_proof.sent",
		Attrs:    map[string]string{"proof_id": string(p.ID), "purpose": string(p.Purpose), "kind": string(p.Kind)},
		Personal: map[string]string{"contact": p.Value},
	})
}

// blame names the form field of an error that says something to the person.
func blame(err error, field string) error {
	if e, ok := err.(*idp.Error); ok {
		return e.In(field)
	}
	return err
}

// orOver is err, or that the attempt is over.
func orOver(err error) error {
	if err == nil {
		return errOver
	}
	return err
}
