package signin_test

import (
	"errors"
	"net/url"
	"reflect"
	"slices"
	"testing"
	"time"

	"surety/consent"
	"surety/idp"
	"surety/idp/flow/signin"
	"surety/idp/idptest/citizens"
	"surety/idp/interaction"
	"surety/idp/session"
)

// asks opens a request of the client "tax" in the browser.
func asks(w *citizens.World, b session.Browser, change func(*interaction.Request)) idp.InteractionID {
	w.Helper()
	now := w.Clock.Now()
	i := interaction.Interaction{
		ID: idp.InteractionID(idp.NewID()), CreatedAt: now, ExpiresAt: now.Add(interaction.Lifetime),
		Request: interaction.Request{
			ClientID: "tax", RedirectURI: "https://tax.example/cb", Scopes: []string{"openid", "profile", "email"},
			ConsentClaims: []string{"name", "email", "email_verified", "phone_number"}, ReceivedAt: now,
		},
		Form: url.Values{"client_id": {"tax"}},
	}
	if change != nil {
		change(&i.Request)
	}
	if err := w.SignIn.Open(w.Context(), b.Hash, i); err != nil {
		w.Fatal(err)
	}
	return i.ID
}

// page is one of the pages of a request, shown or sent.
type page struct {
	name string
	call func(w *citizens.World, b session.Browser, id idp.InteractionID) error
}

// pages are all of them. Those of one step stand together.
var pages = []page{
	{"sign_in", func(w *citizens.World, b session.Browser, id idp.InteractionID) error {
		_, err := w.SignIn.LogInScreen(w.Context(), b, id)
		return err
	}},
	{"sign_in", func(w *citizens.World, b session.Browser, id idp.InteractionID) error {
		_, err := w.SignIn.LogIn(w.Context(), signin.LogIn{Browser: b, Interaction: id, Login: email, Password: "guess"})
		return err
	}},
	{"select_account", func(w *citizens.World, b session.Browser, id idp.InteractionID) error {
		_, err := w.SignIn.AccountScreen(w.Context(), b, id)
		return err
	}},
	{"select_account", func(w *citizens.World, b session.Browser, id idp.InteractionID) error {
		return w.SignIn.ChooseAccount(w.Context(), b, id, "nobody")
	}},
	{"terms", func(w *citizens.World, b session.Browser, id idp.InteractionID) error {
		_, err := w.SignIn.TermsScreen(w.Context(), b, id)
		return err
	}},
	{"terms", func(w *citizens.World, b session.Browser, id idp.InteractionID) error {
		return w.SignIn.AcceptTerms(w.Context(), b, id, "other")
	}},
	{"consent", func(w *citizens.World, b session.Browser, id idp.InteractionID) error {
		_, err := w.SignIn.ConsentScreen(w.Context(), b, id)
		return err
	}},
	{"consent", func(w *citizens.World, b session.Browser, id idp.InteractionID) error {
		return w.SignIn.Allow(w.Context(), b, id, nil)
	}},
}

// TestNoStepOutOfTurn asks for every page at every step.
func TestNoStepOutOfTurn(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	w.Client("tax", "")
	in := browser()
	in.Session = w.Register(in, email).Ticket.Secret
	w.Clock.Advance(time.Minute) // a log-in in the same moment would be part of the request
	for due, c := range map[string]struct {
		browser session.Browser
		prompts []interaction.Prompt
		terms   string
		allowed []string
	}{
		"sign_in":        {browser(), nil, "", []string{"sign_in"}},
		"select_account": {in, []interaction.Prompt{interaction.PromptSelectAccount}, "", []string{"select_account", "sign_in"}},
		"terms":          {in, nil, "1999-01-01", []string{"terms"}},
		"consent":        {in, nil, "", []string{"consent"}},
	} {
		if c.terms == "" {
			c.terms = w.Profile.Terms.Version
		}
		if _, err := w.Exec(t.Context(), `UPDATE account SET terms_version = $1`, c.terms); err != nil {
			t.Fatal(err)
		}
		for _, p := range pages {
			id := asks(w, c.browser, func(r *interaction.Request) { r.Prompts = c.prompts })
			before := count(w, `SELECT count(*) FROM audit_event`)
			err := p.call(w, c.browser, id)
			elsewhere := errors.Is(err, signin.ErrElsewhere)
			if elsewhere && before != count(w, `SELECT count(*) FROM audit_event`) {
				t.Errorf("%s is due, page of %s refused and did something", due, p.name)
			}
			// An account that is not the one shown is refused in the same way.
			if elsewhere == slices.Contains(c.allowed, p.name) && p.name != "select_account" {
				t.Errorf("%s is due, page of %s: %v", due, p.name, err)
			}
			wantGone(t, p.name+" in another browser", p.call(w, browser(), id))
			stranger := in
			stranger.Hash = session.BrowserHash("somebody else's")
			wantGone(t, p.name+" with a session but another browser", p.call(w, stranger, id))
		}
	}
	for _, p := range pages {
		for _, bogus := range []idp.InteractionID{"x", idp.InteractionID(idp.NewID()), "' OR true --"} {
			wantGone(t, p.name+" of no request", p.call(w, in, bogus))
		}
	}
}

func wantGone(t *testing.T, what string, err error) {
	t.Helper()
	if idp.CodeOf(err) != idp.CodeNotFound {
		t.Errorf("%s: %v", what, err)
	}
}

func TestAnotherBrowserSeesNothingOfARequest(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	id := asks(w, b, func(r *interaction.Request) { r.LoginHint = "hint@example.org" })
	i, err := w.SignIn.Load(t.Context(), b.Hash, id)
	if err != nil || i.Request.LoginHint != "hint@example.org" || i.Form.Get("client_id") != "tax" {
		t.Fatalf("%+v, %v", i, err)
	}
	for _, other := range [][32]byte{browser().Hash, {}} {
		i, err = w.SignIn.Load(t.Context(), other, id)
		if idp.CodeOf(err) != idp.CodeForbidden || i.ID != id || i.Request.ClientID != "tax" || i.Request.LoginHint != "" || i.Form != nil {
			t.Errorf("%+v, %v", i, err)
		}
		if err := w.SignIn.Finish(t.Context(), other, id, interaction.OutcomeDenied, w.Clock.Now()); idp.CodeOf(err) != idp.CodeConflict {
			t.Errorf("finish: %v", err)
		}
	}
}

func TestARequestEndsOnce(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	w.Client("tax", "")
	b := browser()
	id := asks(w, b, nil)
	if err := w.SignIn.Deny(t.Context(), b, id); err != nil {
		t.Fatal(err)
	}
	wantCode(t, w.SignIn.Deny(t.Context(), b, id), idp.CodeConflict, "error.interaction.completed")
	_, err := w.SignIn.LogInScreen(t.Context(), b, id)
	wantCode(t, err, idp.CodeConflict, "error.interaction.completed")
	late := asks(w, b, nil)
	w.Clock.Advance(time.Hour)
	_, err = w.SignIn.LogInScreen(t.Context(), b, late)
	wantCode(t, err, idp.CodeExpired, "error.interaction.expired")
	wantCode(t, w.SignIn.Deny(t.Context(), b, late), idp.CodeExpired, "error.interaction.expired")
}

// TestAWholeRequest goes from nobody to ready for its code.
func TestAWholeRequest(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	w.Client("tax", "")
	done := w.Register(browser(), email)
	b := browser()
	id := asks(w, b, func(r *interaction.Request) {
		r.Prompts = []interaction.Prompt{interaction.PromptSelectAccount, interaction.PromptConsent}
		r.LoginHint = email
	})
	screen, err := w.SignIn.LogInScreen(t.Context(), b, id)
	if err != nil || screen.LoginHint != email || screen.Client.ID != "tax" || screen.Again {
		t.Fatalf("%+v, %v", screen, err)
	}
	w.Clock.Advance(time.Minute)
	ticket, err := w.SignIn.LogIn(t.Context(), signin.LogIn{Browser: b, Interaction: id, Login: email, Password: citizens.Password})
	if err != nil {
		t.Fatal(err)
	}
	b.Session = ticket.Secret
	if _, err := w.Exec(t.Context(), `UPDATE account SET terms_version = '1999-01-01'`); err != nil {
		t.Fatal(err)
	}
	terms, err := w.SignIn.TermsScreen(t.Context(), b, id)
	if err != nil || terms.Version != w.Profile.Terms.Version {
		t.Fatalf("%+v, %v", terms, err)
	}
	wantCode(t, w.SignIn.AcceptTerms(t.Context(), b, id, "1999-01-01"), idp.CodeConflict, "error.terms.changed")
	if err := w.SignIn.AcceptTerms(t.Context(), b, id, terms.Version); err != nil {
		t.Fatal(err)
	}
	if err := w.SignIn.Allow(t.Context(), b, id, []string{"name", "email", "phone_number"}); err != nil {
		t.Fatal(err)
	}
	i, err := w.SignIn.Load(t.Context(), b.Hash, id)
	if err != nil || i.AccountID != done.AccountID || i.ConsentedAt.IsZero() || i.ConsentID == "" {
		t.Errorf("%+v, %v", i, err)
	}
	// Everything is done: no page has anything to ask.
	for _, p := range pages {
		if err := p.call(w, b, id); !errors.Is(err, signin.ErrElsewhere) {
			t.Errorf("page of %s: %v", p.name, err)
		}
	}
}

func TestChoosingTheAccountIsRememberedForThisPerson(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	w.Client("tax", "")
	b := browser()
	done := w.Register(b, email)
	b.Session = done.Ticket.Secret
	w.Clock.Advance(time.Minute)
	id := asks(w, b, func(r *interaction.Request) { r.Prompts = []interaction.Prompt{interaction.PromptSelectAccount} })
	s, err := w.SignIn.AccountScreen(t.Context(), b, id)
	if err != nil || s.AccountID != done.AccountID || s.Name != "Ганна Іваноўская" || s.Login == email {
		t.Fatalf("%+v, %v", s, err)
	}
	if err := w.SignIn.ChooseAccount(t.Context(), b, id, "another"); !errors.Is(err, signin.ErrElsewhere) {
		t.Errorf("an account that is not logged in: %v", err)
	}
	if err := w.SignIn.ChooseAccount(t.Context(), b, id, s.AccountID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.SignIn.ConsentScreen(t.Context(), b, id); err != nil {
		t.Errorf("the next step: %v", err)
	}
}

func TestR10_ConsentShowsValuesAndKeepsWhatIsLeftOutBack(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	w.Client("tax", "")
	b := browser()
	done := w.Register(b, email)
	b.Session = done.Ticket.Secret
	id := asks(w, b, nil)
	s, err := w.SignIn.ConsentScreen(t.Context(), b, id)
	if err != nil {
		t.Fatal(err)
	}
	want := []signin.Shared{{Claim: "name", Value: "Ганна Іваноўская", Given: true}, {Claim: "email", Value: email, Given: true}, {Claim: "phone_number", Given: true}}
	if !reflect.DeepEqual(s.Optional, want) || !s.Remembered.IsZero() {
		t.Errorf("%+v", s)
	}
	if err := w.SignIn.Allow(t.Context(), b, id, []string{"name", "national_id"}); err != nil {
		t.Fatal(err)
	}
	r, err := w.SignIn.Consent(t.Context(), done.AccountID, "tax")
	if err != nil || !slices.Equal(r.Claims, []string{"name"}) || !slices.Equal(r.LeftOut, []string{"email", "email_verified", "phone_number"}) {
		t.Fatalf("%+v, %v", r, err)
	}
	// The same request again asks for nothing; one with prompt=consent does, and remembers.
	if _, err := w.SignIn.ConsentScreen(t.Context(), b, asks(w, b, nil)); !errors.Is(err, signin.ErrElsewhere) {
		t.Errorf("asked again: %v", err)
	}
	again := asks(w, b, func(r *interaction.Request) { r.Prompts = []interaction.Prompt{interaction.PromptConsent} })
	if s, err = w.SignIn.ConsentScreen(t.Context(), b, again); err != nil || s.Optional[1].Given || s.Remembered.IsZero() {
		t.Fatalf("%+v, %v", s, err)
	}
	if err := w.SignIn.Allow(t.Context(), b, again, []string{"name", "email"}); err != nil {
		t.Fatal(err)
	}
	second, err := w.SignIn.Consent(t.Context(), done.AccountID, "tax")
	if err != nil || !slices.Equal(second.Claims, []string{"email", "email_verified", "name"}) || second.ID == r.ID {
		t.Errorf("%+v, %v", second, err)
	}
	if n := count(w, `SELECT count(*) FROM consent WHERE superseded_by = $1`, second.ID); n != 1 {
		t.Errorf("%d superseded", n)
	}
	o, err := w.SignIn.Overview(t.Context(), b)
	if err != nil || len(o.Agencies) != 1 || o.Agencies[0].Client.ID != "tax" || !slices.Equal(o.Agencies[0].Claims, []string{"email", "name"}) {
		t.Errorf("%+v, %v", o.Agencies, err)
	}
}

func TestTwoTabsConsentOnce(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	w.Client("tax", "")
	b := browser()
	done := w.Register(b, email)
	b.Session = done.Ticket.Secret
	id := asks(w, b, nil)
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() { errs <- w.SignIn.Allow(t.Context(), b, id, []string{"name"}) }()
	}
	for range cap(errs) {
		if err := <-errs; err != nil && !errors.Is(err, signin.ErrElsewhere) {
			t.Error(err)
		}
	}
	n := count(w, `SELECT count(*) FROM consent WHERE withdrawn_at IS NULL AND superseded_by IS NULL`)
	if r, err := w.SignIn.Consent(t.Context(), done.AccountID, "tax"); n != 1 || err != nil || r.State(w.Clock.Now()) != consent.StateInForce {
		t.Errorf("%d in force, %+v, %v", n, r, err)
	}
}
