package factor

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"time"

	"surety/idp"
	"surety/idp/authn/otp"
	"surety/idp/interaction"
	"surety/idp/message"
	"surety/idp/session"
	"surety/idp/throttle"
)

// The messages with a code: Code, Valid. SMS hold no links (RULES R6).
const (
	msgLogIn   = "login_code"
	msgBind    = "bind_code"
	msgUnknown = "login_unknown" // nobody logs in with this number
)

var (
	errNoContact = idp.E(idp.CodeNotFound, "error.contact.unknown")
	errCodeShape = idp.E(idp.CodeInvalid, "error.code.format").In("code")
	errCodeWrong = idp.E(idp.CodeInvalid, "error.code.left").In("code")
	errCodeOld   = idp.E(idp.CodeExpired, "error.code.expired").In("code")
	errCodeSpent = idp.E(idp.CodeThrottled, "error.code.tries").In("code")
	errCodeUsed  = idp.E(idp.CodeExpired, "error.code.used").In("code")
)

// newCode is a code to be sent from this place.
func newCode(p idp.CodePurpose, place [32]byte, form idp.CodeForm, now time.Time) idp.ContactCode {
	return idp.ContactCode{
		ID: idp.NewID(), Purpose: p, Binding: place, Form: form, Sends: 1, SentAt: now,
		CodeExpiresAt: now.Add(codeLife), CreatedAt: now, ExpiresAt: now.Add(codeForm),
	}
}

// begin stores a code and sends it. Whether there is somebody whose code it
// is makes no difference in what is done, only in what is written to them.
func (f *Flow) begin(ctx context.Context, tx idp.Tx, now time.Time, b session.Browser, c idp.ContactCode) error {
	if err := f.limit(ctx, tx, now, throttle.ForSending(c.Form.Key, throttle.Source(b.Source))); err != nil {
		return err
	}
	digits := f.write(&c)
	if err := f.p.Codes.BeginCode(ctx, tx, c); err != nil {
		return err
	}
	return f.sendCode(ctx, tx, now, c, digits)
}

// again sends a new code in the place of one.
func (f *Flow) again(ctx context.Context, b session.Browser, p idp.CodePurpose, place [32]byte, id CodeID) (Sent, error) {
	now := f.p.Now()
	c, err := f.live(ctx, p, place, id, now)
	if err != nil || !c.UsedAt.IsZero() {
		return f.sent(c, now), err
	}
	c.Sends, c.SentAt, c.CodeExpiresAt = c.Sends+1, now, now.Add(codeLife)
	err = f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		if err := f.limit(ctx, tx, now, throttle.ForSending(c.Form.Key, throttle.Source(b.Source))); err != nil {
			return err
		}
		digits := f.write(&c)
		if ok, err := f.p.Codes.CodeSentAgain(ctx, tx, c); err != nil || !ok {
			return orAttempt(err)
		}
		return f.sendCode(ctx, tx, now, c, digits)
	})
	return f.sent(c, now), err
}

// write makes the digits of a code and puts in what recognises them. For
// nobody they are made all the same, and nothing recognises them.
func (f *Flow) write(c *idp.ContactCode) string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	digits := fmt.Sprintf("%06d", n.Int64())
	mac := f.codeMAC(c.ID, digits)
	if c.MAC = mac[:]; c.AccountID == "" {
		c.MAC = nil
	}
	return digits
}

// codeMAC is the form in which a code is kept: good for one row, and nobody
// can try guesses on a stolen database.
func (f *Flow) codeMAC(id, digits string) [32]byte {
	return f.p.Ring.MAC("code to contact", []byte(id), []byte(digits))
}

func (f *Flow) sendCode(ctx context.Context, tx idp.Tx, now time.Time, c idp.ContactCode, digits string) error {
	m := message.Message{
		Key: "code/" + c.ID + "/" + fmt.Sprint(c.Sends), Kind: msgLogIn, Via: c.Form.Kind, To: c.Form.To, Lang: c.Form.Language,
		Account: c.AccountID, Args: map[string]any{"Code": digits, "Valid": codeLife},
	}
	switch {
	case c.AccountID == "":
		m.Kind, m.Args = msgUnknown, nil
	case c.Purpose == idp.CodeToBind:
		m.Kind = msgBind
		m.Args["Link"] = f.config.Issuer + "/methods" // in an e-mail; SMS hold no links
	}
	if err := f.messages().Send(ctx, tx, now, m); err != nil {
		return err
	}
	e := codeEvent("contact_code.sent", c)
	e.Personal = map[string]string{"contact": c.Form.To}
	return f.p.Audit.Append(ctx, tx, now, e)
}

// live returns a code of this place if its page can still go on. Errors: ErrAttempt.
func (f *Flow) live(ctx context.Context, p idp.CodePurpose, place [32]byte, id CodeID, now time.Time) (idp.ContactCode, error) {
	if !idp.ValidID(string(id)) {
		return idp.ContactCode{}, ErrAttempt
	}
	c, err := f.p.Codes.Code(ctx, nil, p, string(id), place)
	if err == nil && !c.Live(now) {
		return idp.ContactCode{}, ErrAttempt
	}
	return c, err
}

func (f *Flow) sent(c idp.ContactCode, now time.Time) Sent {
	return Sent{
		ID: CodeID(c.ID), Kind: c.Form.Kind, Contact: c.Form.Display, CodeValid: max(0, c.CodeExpiresAt.Sub(now)),
		ResendAfter: max(0, c.SentAt.Add(resendAfter).Sub(now)), Confirmed: !c.UsedAt.IsZero(), Interaction: c.Form.InteractionID,
	}
}

// typed is a code as it was typed, on the page of this purpose and place.
type typed struct {
	purpose idp.CodePurpose
	place   [32]byte
	id      CodeID
	digits  string
	// limits count wrong codes beyond the tries of this one, so that asking for
	// code after code wins nothing.
	limits func(idp.ContactCode) []throttle.Counter
	failed func(ctx context.Context, tx idp.Tx, c idp.ContactCode, why error) error
}

// check takes a try, compares, and hands a right code, used up, to what it is
// for. What it found out is said only after the unit of work was committed, so
// that a try is never given back by a crash.
func (f *Flow) check(ctx context.Context, now time.Time, in typed, right func(ctx context.Context, tx idp.Tx, c idp.ContactCode) error) error {
	digits := otp.Clean(in.digits)
	switch {
	case !idp.ValidID(string(in.id)):
		return ErrAttempt
	case !otp.IsCode(digits):
		return errCodeShape // a slip: no try
	}
	var refused error
	err := f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		refused = nil // of a unit of work that collided and is done again
		c, err := f.p.Codes.TakeCodeTry(ctx, tx, in.purpose, string(in.id), in.place, throttle.CodeTries, now)
		if err != nil {
			return err
		}
		if c.ID == "" {
			refused, err = f.noTry(ctx, tx, in, now)
			return err
		}
		if refused, err = f.takeTry(ctx, tx, now, in.limits(c)); err != nil || refused != nil {
			return err
		}
		mac := f.codeMAC(c.ID, digits)
		if len(c.MAC) == 0 || !hmac.Equal(mac[:], c.MAC) {
			refused = errCodeSpent
			if left := throttle.CodeTries - c.Tries; left > 0 {
				refused = errCodeWrong.With("count", left)
			}
			return in.failed(ctx, tx, c, refused)
		}
		if err := f.giveBack(ctx, tx, now, in.limits(c)); err != nil {
			return err
		}
		if ok, err := f.p.Codes.UseCode(ctx, tx, c.ID, now); err != nil || !ok {
			return orAttempt(err)
		}
		return right(ctx, tx, c)
	})
	if err == nil {
		err = refused
	}
	return err
}

// noTry says why no try could be taken.
func (f *Flow) noTry(ctx context.Context, tx idp.Tx, in typed, now time.Time) (refused, err error) {
	c, err := f.p.Codes.Code(ctx, tx, in.purpose, string(in.id), in.place)
	switch {
	case err != nil:
		return nil, err
	case !c.Live(now):
		return ErrAttempt, nil
	case !c.UsedAt.IsZero():
		return errCodeUsed, nil
	case !now.Before(c.CodeExpiresAt):
		return errCodeOld, nil
	}
	return errCodeSpent, nil
}

// orAttempt is err, or that the attempt is over.
func orAttempt(err error) error {
	if err == nil {
		return ErrAttempt
	}
	return err
}

// toContact sends a code to one of the visitor's own contacts.
func (f *Flow) toContact(ctx context.Context, b session.Browser, v interaction.Visitor, p idp.CodePurpose, i idp.InteractionID, c idp.Contact) (Sent, error) {
	now := f.p.Now()
	parsed, err := f.config.Contacts.Parse(c.Value)
	if err != nil {
		return Sent{}, err // a country that messages no longer go to
	}
	if !idp.ValidID(string(i)) {
		i = ""
	}
	code := newCode(p, place(b, v), idp.CodeForm{
		To: c.Value, Display: mask(c), Key: parsed.Key(), Kind: c.Kind, Language: b.Language, InteractionID: i,
	}, now)
	code.AccountID, code.ContactID = v.Account.ID, c.ID
	err = f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error { return f.begin(ctx, tx, now, b, code) })
	if err != nil {
		return Sent{}, err
	}
	return f.sent(code, now), nil
}

// own returns one of the visitor's contacts. Errors: not_found, unavailable.
func (f *Flow) own(ctx context.Context, tx idp.Tx, v interaction.Visitor, id idp.ContactID, may func(idp.Contact) bool) (idp.Contact, error) {
	person, err := f.p.People.Person(ctx, tx, v.Account.ID)
	if err != nil {
		return idp.Contact{}, err
	}
	n := slices.IndexFunc(person.Contacts, func(c idp.Contact) bool { return c.ID == id && may(c) })
	if n < 0 {
		return idp.Contact{}, errNoContact
	}
	return person.Contacts[n], nil
}
