package stories_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"surety/idp/idptest/world"
)

// step is something that somebody does while the database is away, and what
// they do again when it is back.
type step struct {
	name string
	do   func() world.Page
	then func(t *testing.T, p world.Page) // of the second time; nil: any page but an error
}

// wantDown fails unless the page says that we are away, until when, and in a
// way that staff can look up.
func wantDown(t *testing.T, w *world.World, name string, p world.Page) {
	t.Helper()
	wait, err := strconv.Atoi(p.Header.Get("Retry-After"))
	if p.Away || p.Status != http.StatusServiceUnavailable || err != nil || wait < 1 || !p.Has("We are not available for a moment") ||
		!p.Has("Your data is safe") || !p.Has(`id="reference"`) {
		t.Errorf("%s: %d, Retry-After %q\n%s", name, p.Status, p.Header.Get("Retry-After"), p.Body)
		return
	}
	if m := reference.FindStringSubmatch(p.Body); !strings.Contains(logLine(w, m[1]), `"level":"ERROR"`) {
		t.Errorf("%s: the log says of %s: %q", name, m[1], logLine(w, m[1]))
	}
}

// TestBadInput_DatabaseDown: every page and endpoint that needs it says so,
// those that do not go on, nothing is used up by the attempt, and all of it
// works again without a restart.
func TestBadInput_DatabaseDown(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	steps := stepsOfEveryFlow(t, w)
	a := newAgency(w, "")
	in, _ := entered(w)
	ask := "openid email offline_access"
	tokens := a.redeem(in.Submit(in.Get(a.authorize("scope", ask)), "allow"))
	unused := a.wantBack(in.Get(a.authorize("scope", ask))).Get("code")
	opaque := newAgency(w, `, "access_token_format": "opaque"`)
	handles := opaque.redeem(in.Submit(in.Get(opaque.authorize()), "allow"))
	b := person(w)
	b.Get("/sign-in")

	back := w.DB.Lose(t)
	defer back()
	for _, s := range steps {
		wantDown(t, w, s.name, s.do())
	}
	exchange := func() backAnswers {
		return backAnswers{
			"redeeming":     a.post("/token", "grant_type", "authorization_code", "code", unused, "redirect_uri", a.redirect, "code_verifier", a.verifier),
			"refreshing":    a.refresh(tokens),
			"userinfo":      a.userinfo(tokens),
			"by a handle":   opaque.userinfo(handles),
			"introspection": opaque.post("/introspect", "token", handles.text("access_token")),
		}
	}
	for name, got := range exchange() {
		if got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" || got.text("error") != "temporarily_unavailable" && got.text("error") != "" {
			t.Errorf("%s: %d %s, Retry-After %q", name, got.Status, got.Body, got.Header.Get("Retry-After"))
		}
	}
	if got := a.post("/revoke", "token", tokens.text("refresh_token")); got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("revoking: %d %s", got.Status, got.Body)
	}
	for path, status := range map[string]int{
		"/": 200, "/sign-in": 200, "/register": 200, "/recover": 200, "/terms": 200, "/signed-out": 200, "/nowhere": 404,
		"/jwks": 200, "/.well-known/openid-configuration": 200, "/live": 200, "/ready": 503,
	} {
		if p := b.Get(path); p.Status != status {
			t.Errorf("%s is %d", path, p.Status)
		}
	}
	if p := b.Submit(b.Get("/"), "lang", "lang", "uk"); p.Status != http.StatusOK || !p.Has(`lang="uk"`) {
		t.Errorf("the language switch: %d", p.Status)
	}

	back()
	w.WaitReady()
	for _, s := range steps {
		p := s.do()
		if s.then != nil {
			s.then(t, p)
		} else if p.Status >= 400 {
			t.Errorf("%s when it is back: %d\n%s", s.name, p.Status, p.Body)
		}
	}
	for name, got := range exchange() {
		if got.Status != http.StatusOK {
			t.Errorf("%s when it is back: %d %s", name, got.Status, got.Body)
		}
	}
	if !strings.Contains(w.Logged(), `"level":"WARN","msg":"listening to the database broke off"`) {
		t.Error("the log does not say that listening broke off")
	}
	// The workers are back as well.
	contact := email()
	registered(w, person(w), contact, "")
}

// backAnswers are what endpoints answer, by what was done.
type backAnswers map[string]back

// stepsOfEveryFlow brings people to the pages of every flow.
func stepsOfEveryFlow(t *testing.T, w *world.World) []step {
	t.Helper()
	var all []step
	get := func(name string, b *world.Browser, path string) {
		all = append(all, step{name: name, do: func() world.Page { return b.Get(path) }})
	}
	press := func(name string, b *world.Browser, p world.Page, button string, pairs ...string) {
		all = append(all, step{name: name, do: func() world.Page { return b.Submit(p, button, pairs...) }})
	}
	ends := func(f func(t *testing.T, p world.Page)) { all[len(all)-1].then = f }

	a, b, login := newAgency(w, ""), person(w), email()
	w.Seed(login)
	page := b.Get(a.authorize())
	get("a request of nobody", b, a.authorize())
	get("the log-in page", b, page.URL.String())
	press("a log-in", b, page, "continue", "login", login, "password", world.Password)
	ends(func(t *testing.T, p world.Page) { wantPath(t, p, "/consent") })
	plain := person(w)
	press("a log-in with the wrong password", plain, plain.Get("/sign-in"), "continue", "login", login, "password", "wrong")
	ends(func(t *testing.T, p world.Page) { want(t, p, http.StatusUnprocessableEntity) })

	contact, number := email(), phone()
	reg, texting := person(w), person(w)
	press("a registration", texting, texting.Get("/register"), "continue", "contact", number, "terms", "1")
	code := begin(reg, contact, "")
	mail := w.Mail(contact, 0)
	get("the code page", reg, code.URL.String())
	get("a link", reg, mail.Links[0])
	get("a link elsewhere", person(w), mail.Links[0])
	press("a code", reg, code, "continue", "code", mail.Code)
	naming, third := person(w), email()
	details := naming.Submit(begin(naming, third, ""), "continue", "code", w.Mail(third, 0).Code)
	get("the page of names", naming, details.URL.String())
	press("the names", naming, details, "continue", names...)
	ends(func(t *testing.T, p world.Page) { wantPath(t, p, "/account") })

	lost, found := person(w), person(w)
	press("a forgotten password", lost, lost.Get("/recover"), "continue", "contact", login)
	other := email()
	w.Seed(other)
	page = found.Submit(forgot(found, other, ""), "continue", "code", w.Mail(other, 0).Code)
	get("the page of the new password", found, page.URL.String())
	press("the new password", found, page, "continue", "password", newPassword)
	ends(func(t *testing.T, p world.Page) { want(t, p, http.StatusOK, "Your password is changed") })

	in, _ := entered(w)
	asked := in.Get(a.authorize())
	get("the account", in, "/account")
	get("a request of somebody", in, a.authorize())
	get("the consent page", in, asked.URL.String())
	get("the dispatcher", in, "/continue"+interactionOf(asked))
	press("consent", in, asked, "allow")
	ends(func(t *testing.T, p world.Page) { a.redeem(p) })
	choosing, _ := entered(w)
	press("the choice of an account", choosing, choosing.Get(a.authorize("prompt", "select_account")), "continue")
	denying, _ := entered(w)
	press("a refusal", denying, denying.Get(a.authorize()), "deny")
	ends(func(t *testing.T, p world.Page) { a.wantBack(p, "error", "access_denied") })
	terms, old := person(w), email()
	seeded := w.Seed(old)
	exec1(w, `UPDATE account SET terms_version = 'old' WHERE account_id = $1`, seeded.AccountID)
	press("the terms", terms, logIn(terms, terms.Get(a.authorize()), old), "continue", "terms", "1")
	leaving, _ := entered(w)
	account := leaving.Get("/account")
	get("the log-out page", leaving, "/logout")
	press("logging out", leaving, account, "logout")
	ends(func(t *testing.T, p world.Page) { wantPath(t, p, "/signed-out") })
	everywhere, _ := entered(w)
	press("logging out everywhere", everywhere, everywhere.Get("/account"), "logout-everywhere")
	ends(func(t *testing.T, p world.Page) { wantPath(t, p, "/signed-out") })
	return all
}

// TestBadInput_TheHashQueueIsFull: whoever is too many is told when to come
// again, whether their login exists or not, and everything that hashes nothing
// goes on meanwhile.
func TestBadInput_TheHashQueueIsFull(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	a := newAgency(w, "")
	in, login := entered(w)
	tokens := a.redeem(in.Submit(in.Get(a.authorize("scope", "openid email offline_access")), "allow"))
	flooder, one := person(w), person(w)
	one.Client.Transport = flooder.Client.Transport // the queue is fair to sources: these are one
	action, form := flooder.Form(flooder.Get("/sign-in"), "continue")
	own := one.Get("/sign-in")

	stop, full := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var group sync.WaitGroup
	defer group.Wait()
	defer close(stop)
	for range 90 { // 64 may wait and 2 are at work
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				mine := url.Values{"csrf": form["csrf"], "login": {world.Random() + "@nobody.example.test"}, "password": {"wrong"}}
				if got := send(flooder, http.MethodPost, action, mine, nil); got.Status == http.StatusServiceUnavailable {
					once.Do(func() { close(full) })
				}
			}
		})
	}
	<-full
	for name, typed := range map[string]string{"a known login": login, "an unknown login": email()} {
		var p world.Page
		for n := 0; p.Status != http.StatusServiceUnavailable && n < 5; n++ { // now and then somebody leaves the queue
			p = one.Submit(own, "continue", "login", typed, "password", "wrong")
		}
		wait, err := strconv.Atoi(p.Header.Get("Retry-After"))
		if p.Status != http.StatusServiceUnavailable || err != nil || wait < 1 || !p.Has("Very many people are logging in right now") || !p.Has(`id="reference"`) {
			t.Errorf("%s: %d, Retry-After %q\n%s", name, p.Status, p.Header.Get("Retry-After"), p.Body)
		}
	}
	for _, path := range []string{"/.well-known/openid-configuration", "/jwks", "/", "/ready"} {
		if p := in.Get(path); p.Status != http.StatusOK {
			t.Errorf("%s: %d", path, p.Status)
		}
	}
	if got := a.userinfo(tokens); got.Status != http.StatusOK || got.text("email") != login {
		t.Errorf("userinfo: %d %s", got.Status, got.Body)
	}
	if tokens = a.refresh(tokens); tokens.Status != http.StatusOK {
		t.Errorf("refresh: %d %s", tokens.Status, tokens.Body)
	}
	a.redeem(in.Get(a.authorize("scope", "openid email offline_access")))
	want(t, in.Get("/account"), http.StatusOK)
	// Somebody at another address is not kept waiting by them.
	wantPath(t, logIn(in, in.Get("/sign-in"), login), "/account")
}
