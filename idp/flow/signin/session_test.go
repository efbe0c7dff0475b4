package signin_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/flow/signin"
	"surety/idp/idptest/citizens"
	"surety/idp/postgres/db"
	"surety/idp/session"
)

// told registers a client that wants to be told, and gives it a grant in the session.
func told(w *citizens.World, id idp.ClientID, account idp.AccountID, t session.Ticket) *client.Client {
	w.Helper()
	c := w.Client(id, `,"backchannel_logout_uri":"https://`+string(id)+`.example/logout"`)
	granted(w, id, account, t)
	return c
}

func granted(w *citizens.World, id idp.ClientID, account idp.AccountID, t session.Ticket) {
	w.Helper()
	v, err := w.SignIn.Visitor(w.Context(), t.Secret, w.Clock.Now())
	citizens.Must(w.TB, v, err)
	_, err = w.Exec(w.Context(), `
		INSERT INTO oauth_grant (grant_id, client_id, account_id, session_id, subject, sid, scopes, audience, offline,
			level, acr, amr, method, auth_time, policy_version, uses, created_at, expires_at)
		VALUES ($1, $2, $3, $4, 'sub-' || $2::text, 'sid-' || $2::text, '{openid}', '{}', false,
			'basic', 'basic', '{pwd}', 'password', $5, 1, '[]', $5, $6)`,
		idp.NewID(), id, account, v.SessionID, w.Clock.Now(), w.Clock.Now().Add(time.Hour))
	if err != nil {
		w.Fatal(err)
	}
}

func logouts(w *citizens.World) map[idp.ClientID]idp.LogoutNotice {
	w.Helper()
	all := map[idp.ClientID]idp.LogoutNotice{}
	for _, n := range w.Outbox() {
		if n.Channel == idp.ChannelBackchannelLogout {
			all[idp.ClientID(n.Logout.Subject[len("sub-"):])] = *n.Logout
		}
	}
	return all
}

func TestVisitorIsOneRoundTripAndCostsNothingForABrokenCookie(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	done := w.Register(browser(), email)
	for secret, want := range map[string]struct {
		trips int
		known bool
	}{
		done.Ticket.Secret: {1, true}, session.NewSecret(): {1, false}, "": {0, false}, "broken": {0, false},
		done.Ticket.Secret + "A": {0, false}, string(make([]byte, 1<<20)): {0, false},
	} {
		ctx, trips := db.Count(t.Context())
		v, err := w.SignIn.Visitor(ctx, secret, w.Clock.Now())
		if err != nil || trips.Trips() != want.trips || v.Known() != want.known {
			t.Errorf("%.50q: %d trips, known %v, %v", secret, trips.Trips(), v.Known(), err)
		}
	}
	ctx, trips := db.Count(t.Context())
	if _, err := w.SignIn.Consent(ctx, done.AccountID, "tax"); err != nil || trips.Trips() != 1 {
		t.Errorf("consent: %d trips, %v", trips.Trips(), err)
	}
}

func TestR11_APageKeepsTheSessionAlive(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	b.Session = w.Register(b, email).Ticket.Secret
	for range 4 {
		w.Clock.Advance(29 * time.Minute)
		if _, err := w.SignIn.Overview(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	w.Clock.Advance(30 * time.Minute)
	if _, err := w.SignIn.Overview(t.Context(), b); err == nil {
		t.Error("the session goes on after 30 idle minutes")
	}
}

func TestLogOutTellsTheAgenciesOnce(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	done := w.Register(b, email)
	told(w, "tax", done.AccountID, done.Ticket)
	granted(w, "tax", done.AccountID, done.Ticket) // a second grant of the same client
	w.Client("silent", "")
	granted(w, "silent", done.AccountID, done.Ticket)
	b.Session = done.Ticket.Secret
	for range 2 {
		if err := w.SignIn.LogOut(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if who(w, done.Ticket) != "" {
		t.Error("still logged in")
	}
	want := idp.LogoutNotice{URI: "https://tax.example/logout", Subject: "sub-tax", SID: "sid-tax", Algorithm: "ES256"}
	if got := logouts(w); len(got) != 1 || got["tax"] != want {
		t.Errorf("told %+v", got)
	}
	if n := count(w, `SELECT count(*) FROM outbox WHERE channel = 'backchannel_logout'`); n != 1 {
		t.Errorf("%d rows in the outbox", n)
	}
}

func TestLogOutEverywhereEndsSessionsAndGrants(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	home := browser()
	first := w.Register(home, email)
	second, err := w.LogIn(browser(), email)
	if err != nil {
		t.Fatal(err)
	}
	stranger := w.Register(browser(), "boris@example.org")
	told(w, "tax", first.AccountID, first.Ticket)
	told(w, "land", first.AccountID, second)
	told(w, "other", stranger.AccountID, stranger.Ticket)
	w.Clock.Advance(time.Second)
	home.Session = second.Secret
	if err := w.SignIn.LogOutEverywhere(t.Context(), home); err != nil {
		t.Fatal(err)
	}
	if who(w, first.Ticket) != "" || who(w, second) != "" || who(w, stranger.Ticket) == "" {
		t.Error("the wrong sessions ended")
	}
	if got := logouts(w); len(got) != 2 || got["tax"].SID != "sid-tax" || got["land"].SID != "sid-land" {
		t.Errorf("told %+v", got)
	}
	var from time.Time
	if err := w.QueryRow(t.Context(), `SELECT tokens_valid_from FROM account WHERE account_id = $1`, first.AccountID).Scan(&from); err != nil || !from.Equal(w.Clock.Now()) {
		t.Errorf("grants count from %v, %v", from, err)
	}
	if err := w.SignIn.LogOutEverywhere(t.Context(), home); err != signin.ErrNobody {
		t.Errorf("again: %v", err)
	}
}

func TestAnotherPersonEndsTheSessionBefore(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	anna := w.Register(b, email)
	told(w, "tax", anna.AccountID, anna.Ticket)
	boris := w.Register(browser(), "boris@example.org")
	b.Session = anna.Ticket.Secret
	ticket, err := w.LogIn(b, "boris@example.org")
	if err != nil {
		t.Fatal(err)
	}
	if who(w, anna.Ticket) != "" || who(w, ticket) != boris.AccountID || who(w, boris.Ticket) == "" {
		t.Error("the wrong session ended")
	}
	if len(logouts(w)) != 1 {
		t.Error("the agency was not told")
	}
	if n := count(w, `SELECT count(*) FROM session WHERE ended_reason = 'replaced'`); n != 1 {
		t.Errorf("%d replaced sessions", n)
	}
}

func TestSessionsAreListedAPageAtATime(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	done := w.Register(b, email)
	b.Session = done.Ticket.Secret
	fill(w, done.AccountID, 44)
	seen, pages, current := map[idp.SessionID]bool{}, 0, 0
	for after := ""; ; pages++ {
		p, err := w.SignIn.Sessions(t.Context(), b, after)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Sessions {
			seen[s.ID] = true
			if s.Current {
				current++
			}
			if s.Device != "Firefox, Linux" || s.Source != "192.0.2.7" {
				t.Errorf("session %+v", s)
			}
		}
		if after = p.Next; after == "" {
			break
		}
	}
	if len(seen) != 45 || pages != 2 || current != 1 {
		t.Errorf("%d sessions on %d further pages, %d current", len(seen), pages, current)
	}
	for _, broken := range []string{"x", "////", "bm90IGEgY3Vyc29y"} {
		if p, err := w.SignIn.Sessions(t.Context(), b, broken); err != nil || len(p.Sessions) != 20 {
			t.Errorf("a broken cursor: %v", err)
		}
	}
}

// fill opens sessions without the cost of a hash each, some of them at the same moment.
func fill(w *citizens.World, account idp.AccountID, n int) {
	w.Helper()
	for i := range n {
		err := w.InTx(w.Context(), func(ctx context.Context, tx idp.Tx) error {
			_, err := w.SignIn.Begin(ctx, tx, w.Clock.Now().Add(-time.Duration(i/3)*time.Second), session.Arrival{AccountID: account, Browser: browser()})
			return err
		})
		if err != nil {
			w.Fatal(fmt.Errorf("session %d: %w", i, err))
		}
	}
}

func TestOverviewShowsOnesOwn(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	b.Session = w.Register(b, email).Ticket.Secret
	o, err := w.SignIn.Overview(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if o.Name != "Ганна Іваноўская" || o.Level != "basic" || o.Logins[0] != email || len(o.Methods) != 1 {
		t.Errorf("%+v", o)
	}
	if c := o.Contacts[0]; c.Masked == email || !c.Login || !c.Main {
		t.Errorf("contact %+v", c)
	}
	if _, err := w.SignIn.Overview(t.Context(), browser()); err != signin.ErrNobody {
		t.Errorf("somebody else: %v", err)
	}
}

// A session may end while a code for it is being compared.
func TestWhatContinuesASessionOpensNone(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	done, other := w.Register(browser(), "anna@example.org"), w.Register(browser(), "vera@example.org")
	for name, secret := range map[string]string{"none": "", "unknown": session.NewSecret(), "another person's": other.Ticket.Secret} {
		b := browser()
		b.Session = secret
		err := w.InTx(w.Context(), func(ctx context.Context, tx idp.Tx) error {
			_, err := w.SignIn.Begin(ctx, tx, w.Clock.Now(), session.Arrival{AccountID: done.AccountID, Browser: b, Continues: true})
			return err
		})
		if !errors.Is(err, signin.ErrNobody) {
			t.Errorf("with the session of %s: %v", name, err)
		}
	}
}
