package signin

import (
	"context"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/audit"
	"surety/idp/interaction"
	"surety/idp/session"
)

// Visitor returns who is behind the value of the session cookie, in one round
// trip. Nobody, without error, when the secret is unknown or its session over.
func (f *Flow) Visitor(ctx context.Context, secret string, now time.Time) (interaction.Visitor, error) {
	hash, ok := session.HashSecret(secret)
	if !ok {
		return interaction.Visitor{}, nil
	}
	return f.p.Sessions.Visitor(ctx, hash, now)
}

// here returns who is in the browser, for a page: it keeps the session alive,
// and a person whose account is frozen or closed is nobody.
func (f *Flow) here(ctx context.Context, b session.Browser) (interaction.Visitor, error) {
	now := f.p.Now()
	v, err := f.Visitor(ctx, b.Session, now)
	if err != nil {
		return v, err
	}
	if !v.Known() || !v.Account.Usable() {
		return interaction.Visitor{}, nil
	}
	touched, changed := v.Session.Touch(now, f.config.Lifetimes, f.highest(v))
	if changed {
		v.Session, err = touched, f.p.Sessions.Touch(ctx, touched)
	}
	return v, err
}

// situation is everything that is known about the visitor at this moment.
func (f *Flow) situation(v interaction.Visitor) assurance.Situation {
	return v.Situation(f.p.Now(), f.p.Civil())
}

// held is the level that the visitor's evidence reaches now; empty for none.
func (f *Flow) held(r assurance.Rules, v interaction.Visitor) assurance.LevelName {
	return r.Held(f.situation(v))
}

// highest reports whether the session is at the policy's highest level, where
// it ends sooner when nobody uses it (RULES R11). While the rules cannot be
// told it is not: the idle end must not hang on them.
func (f *Flow) highest(v interaction.Visitor) bool {
	rules, err := f.config.Rules()
	if err != nil {
		return false
	}
	return len(rules.Levels) > 0 && f.held(rules, v) == rules.Levels[len(rules.Levels)-1].Name
}

// Begin opens a session for somebody who has just logged in, as part of the
// caller's unit of work. In a browser where the same person is logged in
// already the session goes on with a use more; another person's session there
// ends, and its agencies are told. In both cases the browser gets a new secret.
func (f *Flow) Begin(ctx context.Context, tx idp.Tx, now time.Time, a session.Arrival) (session.Ticket, error) {
	ses, err := f.carryOn(ctx, tx, now, a)
	if err != nil {
		return session.Ticket{}, err
	}
	kind := "session.renewed"
	if ses.ID == "" {
		kind = "session.started"
		ses = session.Begin(idp.SessionID(idp.NewID()), a.AccountID, a.Use, a.Shared, now, f.config.Lifetimes)
	}
	secret := session.NewSecret()
	hash, _ := session.HashSecret(secret)
	if err := f.p.Sessions.SaveSession(ctx, tx, ses, hash, a.Browser.Device()); err != nil {
		return session.Ticket{}, err
	}
	if !ses.Shared && a.Browser.Bound() {
		if err := f.p.Logins.KnowDevice(ctx, tx, a.AccountID, a.Browser.Hash, now); err != nil {
			return session.Ticket{}, err
		}
	}
	if a.EndOthers != "" {
		parties, err := f.p.Sessions.EndSessions(ctx, tx, a.AccountID, ses.ID, a.EndOthers, now)
		if err != nil {
			return session.Ticket{}, err
		}
		if err := f.tell(ctx, tx, now, a.AccountID, parties); err != nil {
			return session.Ticket{}, err
		}
	}
	err = f.p.Audit.Append(ctx, tx, now, audit.Event{
		Type: kind, AccountID: a.AccountID, SessionID: ses.ID, Attrs: map[string]string{"method": string(a.Use.Method)},
		Personal: personal(a.Browser),
	})
	return session.Ticket{Secret: secret, Shared: ses.Shared, ExpiresAt: ses.ExpiresAt}, err
}

// carryOn returns the browser's session with the new use, if it is the same
// person's; it ends another person's and returns the zero session.
func (f *Flow) carryOn(ctx context.Context, tx idp.Tx, now time.Time, a session.Arrival) (session.Session, error) {
	hash, ok := session.HashSecret(a.Browser.Session)
	if !ok {
		return session.Session{}, alone(a)
	}
	ses, err := f.p.Sessions.LockSession(ctx, tx, hash, now)
	switch {
	case err != nil:
		return session.Session{}, err
	case ses.ID == "", a.Continues && ses.AccountID != a.AccountID:
		return session.Session{}, alone(a)
	case ses.AccountID != a.AccountID:
		return session.Session{}, f.end(ctx, tx, now, ses, session.EndReplaced)
	}
	// Once shared, always shared: forgetting the tick must not keep a session
	// on a computer that was said to be everybody's.
	ses.Shared = ses.Shared || a.Shared
	return ses.Add(a.Use, now, f.config.Lifetimes), nil
}

// alone is for an arrival that finds no session of its person: a new one
// begins, unless it was to go on with one.
func alone(a session.Arrival) error {
	if a.Continues {
		return ErrNobody
	}
	return nil
}

func (f *Flow) end(ctx context.Context, tx idp.Tx, now time.Time, ses session.Session, why session.EndReason) error {
	parties, err := f.p.Sessions.EndSession(ctx, tx, ses.ID, why, now)
	if err != nil {
		return err
	}
	if err := f.tell(ctx, tx, now, ses.AccountID, parties); err != nil {
		return err
	}
	return f.p.Audit.Append(ctx, tx, now, audit.Event{
		Type: "session.ended", AccountID: ses.AccountID, SessionID: ses.ID, Attrs: map[string]string{"reason": string(why)},
	})
}

// tell queues one logout token for each client of an ended session.
func (f *Flow) tell(ctx context.Context, tx idp.Tx, now time.Time, account idp.AccountID, parties []session.Party) error {
	for _, p := range parties {
		err := f.p.Notices.Enqueue(ctx, tx, now, idp.Notice{
			// A session ends once, so this key is used once, however often ending it is tried.
			EventKey: "logout/" + string(p.SessionID) + "/" + string(p.ClientID),
			Channel:  idp.ChannelBackchannelLogout, Kind: "logout", AccountID: account, ClientID: p.ClientID,
			Logout: &idp.LogoutNotice{URI: p.URI, Subject: p.Subject, SID: p.SID, Algorithm: p.Algorithm, Development: p.Development},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// LogOut ends the browser's session and tells the agencies. No session is no error.
func (f *Flow) LogOut(ctx context.Context, b session.Browser) error {
	hash, ok := session.HashSecret(b.Session)
	if !ok {
		return nil
	}
	now := f.p.Now()
	return f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		ses, err := f.p.Sessions.LockSession(ctx, tx, hash, now)
		if err != nil || ses.ID == "" {
			return err
		}
		return f.end(ctx, tx, now, ses, session.EndLogout)
	})
}

// LogOutEverywhere ends all sessions of the person, and all grants, those
// that would have survived the session included.
func (f *Flow) LogOutEverywhere(ctx context.Context, b session.Browser) error {
	v, err := f.here(ctx, b)
	if err != nil {
		return err
	}
	if !v.Known() {
		return ErrNobody
	}
	now, account := f.p.Now(), v.Account.ID
	return f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		if err := f.p.Logins.RevokeBefore(ctx, tx, account, now); err != nil {
			return err
		}
		parties, err := f.p.Sessions.EndSessions(ctx, tx, account, "", session.EndLogoutEverywhere, now)
		if err != nil {
			return err
		}
		if err := f.tell(ctx, tx, now, account, parties); err != nil {
			return err
		}
		return f.p.Audit.Append(ctx, tx, now, audit.Event{
			Type: "account.logged_out_everywhere", AccountID: account, SessionID: v.SessionID, Personal: personal(b),
		})
	})
}

// personal is what an event keeps, sealed, of the browser it came from.
func personal(b session.Browser) map[string]string {
	d := b.Device()
	return map[string]string{"source": d.Source, "user_agent": d.UserAgent}
}
