package stories_test

import (
	"html"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/idp/idptest/world"
)

// TestBadInput_AnExpiredRequest: whichever of its pages is opened or sent, the
// person is told that it has ended, gets back to the agency, or begins again
// and ends where they were going.
func TestBadInput_AnExpiredRequest(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	a, b, login := newAgency(w, ""), person(w), email()
	w.Seed(login)
	signIn := b.Get(a.authorize("login_hint", login))
	in, other := entered(w)
	asked := in.Get(a.authorize())
	wantPath(t, asked, "/consent")
	chosen := in.Get(a.authorize("prompt", "select_account"))
	registering := person(w)
	contact := email()
	code := begin(registering, contact, interactionOf(registering.Get(a.authorize())))
	w.Advance(59 * time.Minute)
	want(t, b.Get(signIn.URL.String()), http.StatusOK, a.name)
	w.Advance(time.Minute + time.Second)
	home := "https://" + mustParse(t, a.redirect).Host + "/home"
	for name, p := range map[string]world.Page{
		"the log-in page":     b.Get(signIn.URL.String()),
		"its form":            logIn(b, signIn, login),
		"its cancel":          b.Submit(signIn, "cancel"),
		"the dispatcher":      b.Get("/continue" + interactionOf(signIn)),
		"the consent page":    in.Get(asked.URL.String()),
		"the form of it":      in.Submit(asked, "allow"),
		"its refusal":         in.Submit(asked, "deny"),
		"the accounts":        in.Get(chosen.URL.String()),
		"the form of them":    in.Submit(chosen, "continue"),
		"somebody else there": in.Submit(chosen, "other"),
	} {
		if p.Away || p.Status != http.StatusGone {
			t.Fatalf("%s: %d %s\n%s", name, p.Status, p.URL, p.Body)
		}
		want(t, p, http.StatusGone, "Too much time has passed", `id="restart"`, `id="return" href="`+home, a.name, `id="reference"`)
	}
	// Begin again: the same request, to the same end.
	again := b.Get(linkOf(t, b.Get(signIn.URL.String()), "restart"))
	wantPath(t, again, "/sign-in")
	want(t, again, http.StatusOK, a.name, `value="`+login+`"`)
	page := logIn(b, again, login)
	a.redeem(b.Submit(page, "allow"))
	if other == login {
		t.Error("two people of one name")
	}
	// A registration begun in it may still be finished: the account is made,
	// and only then the person learns that the agency must be gone to anew.
	page = registering.Submit(code, "continue", "code", w.Mail(contact, 0).Code)
	page = registering.Submit(page, "continue", names...)
	want(t, page, http.StatusGone, `id="restart"`, a.name)
	page = registering.Get(linkOf(t, page, "restart"))
	a.redeem(registering.Submit(page, "allow"))
	// Long after, when nothing is known of it any more, it is told as well.
	w.Advance(2 * time.Hour)
	want(t, b.Get("/continue?interaction=0190d8a2-0000-7000-8000-000000000001"), http.StatusGone, "Too much time has passed")
}

// linkOf is the address of the link with the id.
func linkOf(t *testing.T, p world.Page, id string) string {
	t.Helper()
	_, after, ok := strings.Cut(p.Body, `id="`+id+`" href="`)
	if !ok {
		t.Fatalf("no link %q:\n%s", id, p.Body)
	}
	href, _, _ := strings.Cut(after, `"`)
	return html.UnescapeString(href)
}

// TestBadInput_AnotherBrowsersRequest gives its finder neither page nor
// answer, whether they are logged in or not, and does not disturb its owner.
func TestBadInput_AnotherBrowsersRequest(t *testing.T) {
	t.Parallel()
	w := house(t)
	a := newAgency(w, "")
	victim, login := entered(w)
	hint := secret("hint-" + world.Random())
	page := victim.Get(a.authorize("login_hint", hint))
	id := interactionOf(page)
	thief, _ := entered(w)
	for _, b := range []*world.Browser{thief, person(w)} {
		for _, path := range []string{"/consent", "/continue", "/select-account", "/terms/accept", "/sign-in"} {
			p := b.Get(path + id)
			want(t, p, http.StatusGone, `id="return"`)
			lacks(t, p, login, "Kavalenka", hint, `id="restart"`)
		}
		for _, button := range []string{"allow", "deny"} {
			p := b.Submit(page, button) // with the victim's form token
			if p.Away || p.Status != http.StatusForbidden {
				t.Errorf("%s of another browser: %d %s", button, p.Status, p.URL)
			}
			_, own := b.Form(b.Get("/terms"), "lang")
			p = b.Submit(page, button, "csrf", own.Get("csrf"))
			if p.Away || p.Status != http.StatusGone {
				t.Errorf("%s of another browser with its own token: %d %s", button, p.Status, p.URL)
			}
		}
		p := b.Get("/register" + id)
		lacks(t, p, a.name)
	}
	// A registration cannot be led into somebody else's request either.
	contact := email()
	stranger := person(w)
	p := stranger.Submit(begin(stranger, contact, id), "continue", "code", w.Mail(contact, 0).Code)
	p = stranger.Submit(p, "continue", names...)
	want(t, p, http.StatusGone)
	a.redeem(victim.Submit(page, "allow"))
}

// TestBadInput_TwoTabsRacingOnOneRequest: consent is pressed in both at once,
// and in many more; one code is given, the others say what has happened.
func TestBadInput_TwoTabsRacingOnOneRequest(t *testing.T) {
	t.Parallel()
	w := house(t)
	a := newAgency(w, "")
	b, _ := entered(w)
	for _, tabs := range []int{2, 8} {
		page := b.Get(a.authorize("prompt", "consent"))
		ends := make([]world.Page, tabs)
		var group sync.WaitGroup
		for i := range ends {
			group.Go(func() { ends[i] = tab(b).Submit(page, "allow") })
		}
		group.Wait()
		codes := map[string]bool{}
		for _, p := range ends {
			if p.Away {
				codes[a.wantBack(p).Get("code")] = true
				continue
			}
			want(t, p, http.StatusConflict, "This is already done", `id="return"`, a.name)
		}
		delete(codes, "")
		if len(codes) != 1 {
			t.Errorf("%d tabs got the codes %v", tabs, codes)
		}
		grants := count(w, `SELECT count(*) FROM oauth_grant WHERE client_id = $1`, a.id)
		if want := map[int]int{2: 1, 8: 2}[tabs]; grants != want {
			t.Errorf("%d grants after %d tabs, want %d", grants, tabs, want)
		}
	}
	// One allows and the other refuses: whichever was first stands.
	page := b.Get(a.authorize("prompt", "consent"))
	allowed := b.Submit(page, "allow")
	want(t, tab(b).Submit(page, "deny"), http.StatusConflict, "This is already done")
	a.redeem(allowed)
	page = b.Get(a.authorize("prompt", "consent"))
	a.wantBack(b.Submit(page, "deny"), "error", "access_denied")
	a.wantBack(tab(b).Submit(page, "allow"), "error", "access_denied")
	// Two log-ins in two tabs of one browser are one request's end and one session.
	c, login := person(w), email()
	w.Seed(login)
	first, second := c.Get(a.authorize()), c.Get(a.authorize())
	a.wantBack(c.Submit(logIn(c, first, login), "allow"))
	late := logIn(c, second, login) // the page is of before: it leads on
	a.wantBack(late)
}

// TestBadInput_TheBackButton: forms that were sent and pages that are over
// lead on, and never do a thing twice.
func TestBadInput_TheBackButton(t *testing.T) {
	t.Parallel()
	w := house(t)
	a, b, login := newAgency(w, ""), person(w), email()
	w.Seed(login)
	signIn := b.Get(a.authorize())
	page := logIn(b, signIn, login)
	wantPath(t, page, "/consent")
	wantPath(t, b.Get(signIn.URL.String()), "/consent")
	wantPath(t, logIn(b, signIn, login), "/consent")
	code := a.wantBack(b.Submit(page, "allow")).Get("code")
	for _, p := range []world.Page{b.Get(signIn.URL.String()), b.Get(page.URL.String()), b.Submit(page, "allow"), b.Get("/continue" + interactionOf(page))} {
		want(t, p, http.StatusConflict, "This is already done", `id="return"`)
		lacks(t, p, code)
	}
	if n := count(w, `SELECT count(*) FROM consent WHERE client_id = $1`, a.id); n != 1 {
		t.Errorf("%d consents", n)
	}
}

// TestConsent_WhatIsLeftOutIsNotSent, now and later, until the person says
// otherwise.
func TestConsent_WhatIsLeftOutIsNotSent(t *testing.T) {
	t.Parallel()
	w := house(t)
	a := newAgency(w, "")
	b, login := entered(w)
	page := b.Get(a.authorize())
	want(t, page, http.StatusOK, login, "Hanna", "Kavalenka", "Piatrouna")
	action, form := b.Form(page, "allow")
	form["share"] = slices.DeleteFunc(form["share"], func(claim string) bool { return claim == "email" })
	info := a.userinfo(a.redeem(b.Post(action, form)))
	if _, sent := info.values["email"]; sent || info.values["email_verified"] != nil || info.text("family_name") != "Kavalenka" {
		t.Errorf("the agency got %s", info.Body)
	}
	info = a.userinfo(a.redeem(b.Get(a.authorize()))) // remembered
	if strings.Contains(info.Body, login) {
		t.Errorf("later the agency got %s", info.Body)
	}
	page = b.Get(a.authorize("prompt", "consent"))
	action, form = b.Form(page, "allow")
	if slices.Contains(form["share"], "email") {
		t.Error("what was left out is ticked again")
	}
	form["share"] = append(form["share"], "email", "phone_number", "national_id")
	info = a.userinfo(a.redeem(b.Post(action, form)))
	if info.text("email") != login || info.values["national_id"] != nil {
		t.Errorf("the agency got %s", info.Body)
	}
}

// TestBadInput_TheLastStepSentTwice at the same moment makes one account.
func TestBadInput_TheLastStepSentTwice(t *testing.T) {
	t.Parallel()
	w := house(t)
	b, contact := person(w), email()
	page := b.Submit(begin(b, contact, ""), "continue", "code", w.Mail(contact, 0).Code)
	ends := make([]world.Page, 4)
	var group sync.WaitGroup
	for i := range ends {
		group.Go(func() { ends[i] = tab(b).Submit(page, "continue", names...) })
	}
	group.Wait()
	made := 0
	for _, p := range ends {
		switch {
		case p.URL.Path == "/account" && p.Status == http.StatusOK:
			made++
		case p.Status != http.StatusConflict && p.Status != http.StatusGone:
			t.Errorf("another of them: %d %s\n%s", p.Status, p.URL, p.Body)
		}
	}
	if made != 1 {
		t.Errorf("%d of them were the one", made)
	}
	wantPath(t, b.Get("/account"), "/account")
	_, form := b.Form(page, "continue")
	if n := count(w, `SELECT count(*) FROM contact WHERE fingerprint = (SELECT fingerprint FROM contact_proof WHERE proof_id = $1)`, form.Get("attempt")); n != 1 {
		t.Errorf("%d accounts have the address", n)
	}
}
