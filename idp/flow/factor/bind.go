package factor

import (
	"context"

	"surety/idp"
	"surety/idp/audit"
	"surety/idp/interaction"
	"surety/idp/session"
	"surety/idp/throttle"
)

// SendBindCode sends a code to one of the person's Anchors, so that the method
// that is added next in this session counts fully.
// Errors: ErrNobody, ErrAgain; not_found; throttled with "wait"; unavailable.
func (f *Flow) SendBindCode(ctx context.Context, b session.Browser, contact idp.ContactID) (Sent, error) {
	v, err := f.person(ctx, b)
	if err != nil {
		return Sent{}, err
	}
	if _, _, err := f.bound(v, ""); err != nil {
		return Sent{}, err
	}
	rules, err := f.config.Rules()
	if err != nil {
		return Sent{}, err
	}
	c, err := f.own(ctx, nil, v, contact, func(c idp.Contact) bool { return !c.AnchoredAt.IsZero() && f.lifts(rules, v, c.ID) })
	if err != nil {
		return Sent{}, err
	}
	return f.toContact(ctx, b, v, idp.CodeToBind, "", c)
}

// BindCode returns a code that was sent so. Errors: ErrNobody; ErrAttempt; unavailable.
func (f *Flow) BindCode(ctx context.Context, b session.Browser, id CodeID) (Sent, error) {
	return f.shownCode(ctx, b, idp.CodeToBind, id)
}

// shownCode returns a code of the visitor for its page.
func (f *Flow) shownCode(ctx context.Context, b session.Browser, p idp.CodePurpose, id CodeID) (Sent, error) {
	v, err := f.person(ctx, b)
	if err != nil {
		return Sent{}, err
	}
	now := f.p.Now()
	c, err := f.live(ctx, p, place(b, v), id, now)
	return f.sent(c, now), err
}

// ResendBindCode sends a new one; the one before is good no more.
// Errors: as SendBindCode; ErrAttempt.
func (f *Flow) ResendBindCode(ctx context.Context, b session.Browser, id CodeID) (Sent, error) {
	return f.resend(ctx, b, idp.CodeToBind, id)
}

func (f *Flow) resend(ctx context.Context, b session.Browser, p idp.CodePurpose, id CodeID) (Sent, error) {
	v, err := f.person(ctx, b)
	if err != nil {
		return Sent{}, err
	}
	return f.again(ctx, b, p, place(b, v), id)
}

// ConfirmBindCode takes the code. For ten minutes the next method that is
// added in this session is bound to the contact instead of limited.
// Errors: ErrNobody; ErrAttempt; invalid, expired or throttled (field "code"); unavailable.
func (f *Flow) ConfirmBindCode(ctx context.Context, in TypedCode) error {
	v, err := f.person(ctx, in.Browser)
	if err != nil {
		return err
	}
	now := f.p.Now()
	return f.check(ctx, now, f.typedHere(idp.CodeToBind, in, v), func(ctx context.Context, tx idp.Tx, c idp.ContactCode) error {
		return f.p.Audit.Append(ctx, tx, now, event("contact_code.confirmed", in.Browser, v, map[string]string{
			"code_id": c.ID, "purpose": string(c.Purpose), "contact_id": string(c.ContactID),
		}))
	})
}

// typedHere is a code that a person who is logged in typed. Wrong ones count for
// the account.
func (f *Flow) typedHere(p idp.CodePurpose, in TypedCode, v interaction.Visitor) typed {
	return typed{
		purpose: p, place: place(in.Browser, v), id: in.ID, digits: in.Code,
		limits: func(idp.ContactCode) []throttle.Counter { return throttle.ForCode(string(v.Account.ID)) },
		failed: func(ctx context.Context, tx idp.Tx, c idp.ContactCode, why error) error {
			return f.p.Audit.Append(ctx, tx, f.p.Now(), event("factor.failed", in.Browser, v, map[string]string{
				"method": "sms", "reason": reason(why), "code_id": c.ID, "purpose": string(p),
			}))
		},
	}
}

func codeEvent(kind string, c idp.ContactCode) audit.Event {
	return audit.Event{Type: kind, AccountID: c.AccountID, Attrs: map[string]string{
		"code_id": c.ID, "purpose": string(c.Purpose), "kind": string(c.Form.Kind), "contact_id": string(c.ContactID),
	}}
}
