package account

import (
	"context"
	"crypto/sha256"
	"time"

	"surety/idp"
	"surety/idp/audit"
	"surety/idp/session"
	"surety/idp/throttle"
)

// confirm takes a typed code. What it found out is said only after the unit of
// work was committed, so that a try is never given back by a crash.
func (f *Flow) confirm(ctx context.Context, purpose idp.ProofPurpose, b session.Browser, id idp.ProofID, typed string) (idp.ContactProof, error) {
	now := f.p.Now()
	if !idp.ValidID(string(id)) || !b.Bound() {
		return idp.ContactProof{}, errNoAttempt
	}
	if !wellFormed(cleanCode(typed)) {
		return idp.ContactProof{}, errCodeShape
	}
	var p idp.ContactProof
	var refused error
	err := f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		var err error
		if p, err = f.p.Proofs.TakeTry(ctx, tx, purpose, id, b.Hash, throttle.CodeTries, now); err != nil {
			return err
		}
		if p.ID == "" {
			p, refused, err = f.noTry(ctx, tx, purpose, b, id, now)
			return err
		}
		refused, err = f.compare(ctx, tx, &p, typed, now)
		return err
	})
	if err == nil {
		err = refused
	}
	return p, err
}

// compare compares a code for which a try was taken. Wrong ones count for the
// contact as well, so that asking for code after code wins nothing.
func (f *Flow) compare(ctx context.Context, tx idp.Tx, p *idp.ContactProof, typed string, now time.Time) (refused, err error) {
	if err := f.takeWrong(ctx, tx, now, p.Key); idp.CodeOf(err) == idp.CodeThrottled {
		return blame(err, "code"), nil
	} else if err != nil {
		return nil, err
	}
	if !f.right(*p, typed) {
		err := f.p.Audit.Append(ctx, tx, now, proofEvent("contact_proof.failed", *p))
		if left := throttle.CodeTries - p.Tries; left > 0 {
			return errCodeWrong.With("count", left), err
		}
		return errCodeSpent, err
	}
	if err := f.returnWrong(ctx, tx, now, p.Key); err != nil {
		return nil, err
	}
	return nil, f.prove(ctx, tx, p, now)
}

// noTry says why no try could be taken. A confirmed attempt goes on: somebody
// pressed the button twice.
func (f *Flow) noTry(ctx context.Context, tx idp.Tx, purpose idp.ProofPurpose, b session.Browser, id idp.ProofID, now time.Time) (idp.ContactProof, error, error) {
	p, err := f.p.Proofs.Proof(ctx, tx, purpose, id, b.Hash)
	switch {
	case err != nil:
		return p, nil, err
	case p.ID == "":
		return p, errNoAttempt, nil
	case !p.Live(now):
		return p, errOver, nil
	case !p.ConfirmedAt.IsZero():
		return p, nil, nil
	case !now.Before(p.CodeExpiresAt):
		return p, errCodeOld, nil
	}
	return p, errCodeSpent, nil
}

// prove records that the contact was proven, in the browser that began.
func (f *Flow) prove(ctx context.Context, tx idp.Tx, p *idp.ContactProof, now time.Time) error {
	expires := now.Add(finishWithin)
	if p.Purpose == idp.ProveToRegister && p.ExpiresAt.After(expires) {
		expires = p.ExpiresAt
	}
	ok, err := f.p.Proofs.ConfirmProof(ctx, tx, p.ID, p.Browser, expires, now)
	if err != nil || !ok {
		return orOver(err)
	}
	p.ConfirmedAt, p.ExpiresAt = now, expires
	return f.p.Audit.Append(ctx, tx, now, proofEvent("contact_proof.confirmed", *p))
}

// link finds the attempt of a link, in whatever browser it is opened. Links
// that are unknown, used, replaced or too old are all the same.
func (f *Flow) link(ctx context.Context, tx idp.Tx, purpose idp.ProofPurpose, b session.Browser, token string, now time.Time) (idp.ContactProof, error) {
	if _, ok := session.HashSecret(token); !ok {
		return idp.ContactProof{}, errLinkDead
	}
	p, err := f.p.Proofs.ProofByLink(ctx, tx, purpose, sha256.Sum256([]byte(token)))
	if err != nil {
		return p, err
	}
	mine := b.Bound() && p.Browser == b.Hash
	fresh := p.ConfirmedAt.IsZero() && now.Before(p.CodeExpiresAt)
	if !p.Live(now) || !fresh && (!mine || p.ConfirmedAt.IsZero()) {
		return p, errLinkDead
	}
	return p, nil
}

// open says what the page of a link shows. It changes nothing: mail scanners
// open links, and so do people in the wrong browser.
func (f *Flow) open(ctx context.Context, purpose idp.ProofPurpose, b session.Browser, token string) (Landing, error) {
	p, err := f.link(ctx, nil, purpose, b, token, f.p.Now())
	if err != nil {
		return Landing{}, err
	}
	return landing(p, b), nil
}

// press is the button of the page of a link. In the browser that began it
// confirms; in any other it shows the code to type there and changes nothing,
// so that nobody confirms a stranger's attempt by pressing a button.
func (f *Flow) press(ctx context.Context, purpose idp.ProofPurpose, b session.Browser, token string) (Landing, idp.ContactProof, error) {
	now := f.p.Now()
	p, err := f.link(ctx, nil, purpose, b, token, now)
	if err != nil {
		return Landing{}, p, err
	}
	l := landing(p, b)
	switch {
	case l.OtherBrowser:
		l.Code = f.codeOf(token, p.ID)
		return l, p, nil
	case l.Confirmed:
		return l, p, nil
	}
	err = f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error { return f.prove(ctx, tx, &p, now) })
	if idp.CodeOf(err) == idp.CodeExpired {
		return Landing{}, p, errLinkDead
	}
	return landing(p, b), p, err
}

func landing(p idp.ContactProof, b session.Browser) Landing {
	if !b.Bound() || p.Browser != b.Hash {
		return Landing{OtherBrowser: true}
	}
	return Landing{ID: p.ID, Confirmed: !p.ConfirmedAt.IsZero(), Interaction: p.InteractionID}
}

func proofEvent(kind string, p idp.ContactProof) audit.Event {
	return audit.Event{Type: kind, Attrs: map[string]string{"proof_id": string(p.ID), "purpose": string(p.Purpose), "kind": string(p.Kind)}}
}
