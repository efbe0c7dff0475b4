package main

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLoginShowsLevelAndClaims(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	if _, page := w.get("/"); !strings.Contains(page, `id="login"`) {
		t.Errorf("no login button:\n%s", page)
	}
	w.logIn()
	_, page := w.get("/")
	for _, want := range []string{
		`id="level">Basic<`, "https://surety.example/level/basic", `id="amr">pwd<`, "Password", "anna@example.org",
		`datetime="2026-09-21T14:13:20Z"`, `data-claim="email_verified">true<`, "Anna &lt;b&gt;Kowal", `id="refresh"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s\n%s", want, page)
		}
	}
	q := w.provider.requests[0]
	if q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("state") == "" || q.Get("nonce") == "" ||
		q.Get("scope") != "openid profile" || q.Get("ui_locales") != "en" || q.Has("max_age") {
		t.Errorf("request %v", q)
	}
}

func TestLoginPassesChoicesOn(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.provider.claims = func(c map[string]any) { c["auth_time"] = time.Now().Unix() }
	w.get("/login?prompt=login&max_age=0&acr_values=a&login_hint=anna&scope=evil&redirect_uri=https://evil.example")
	q := w.provider.requests[0]
	if q.Get("prompt") != "login" || q.Get("max_age") != "0" || q.Get("acr_values") != "a" || q.Get("login_hint") != "anna" ||
		q.Get("scope") != "openid profile" || q.Get("redirect_uri") != w.url+"/callback" {
		t.Errorf("request %v", q)
	}
	if !w.signedIn() {
		t.Error("a fresh login was refused")
	}
}

func TestCallbackAttacks(t *testing.T) {
	t.Parallel()
	stranger := newKey(t)
	for name, spoil := range map[string]func(*provider){
		"foreign state":  func(p *provider) { p.answer = func(_, to url.Values) { to.Set("state", "x") } },
		"no state":       func(p *provider) { p.answer = func(_, to url.Values) { to.Del("state") } },
		"foreign issuer": func(p *provider) { p.answer = func(_, to url.Values) { to.Set("iss", "https://evil.example") } },
		"no issuer":      func(p *provider) { p.answer = func(_, to url.Values) { to.Del("iss") } },
		"foreign code":   func(p *provider) { p.answer = func(_, to url.Values) { to.Set("code", "x") } },
		"other nonce":    func(p *provider) { p.claims = func(c map[string]any) { c["nonce"] = "x" } },
		"no nonce":       func(p *provider) { p.claims = func(c map[string]any) { delete(c, "nonce") } },
		"other audience": func(p *provider) { p.claims = func(c map[string]any) { c["aud"] = "other" } },
		"other azp":      func(p *provider) { p.claims = func(c map[string]any) { c["azp"] = "other" } },
		"other issuer":   func(p *provider) { p.claims = func(c map[string]any) { c["iss"] = "https://evil.example" } },
		"expired": func(p *provider) {
			p.claims = func(c map[string]any) { c["exp"] = time.Now().Add(-time.Minute).Unix() }
		},
		"wrong at_hash":      func(p *provider) { p.claims = func(c map[string]any) { c["at_hash"] = "x" } },
		"stranger's key":     func(p *provider) { p.signWith = stranger },
		"userinfo of others": func(p *provider) { p.userinfo = func(c map[string]any) { c["sub"] = "boris" } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t)
			spoil(w.provider)
			_, page := w.get("/login")
			if !strings.Contains(page, `id="problem"`) || !strings.Contains(page, `id="again"`) {
				t.Errorf("no kind word:\n%s", page)
			}
			if w.signedIn() {
				t.Error("signed in all the same")
			}
		})
	}
}

func TestOldLoginFailsMaxAge(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	if w.get("/login?max_age=10"); w.signedIn() {
		t.Error("a login of long ago passed for max_age=10")
	}
}

func TestAnAnswerWorksOnceAndInItsOwnBrowser(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	// The browser stops before the callback, as if somebody had caught it.
	var caught string
	w.browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/callback" {
			caught = r.URL.RequestURI()
			return http.ErrUseLastResponse
		}
		return nil
	}
	w.get("/login")
	w.browser.CheckRedirect = nil
	own := w.browser
	w.browser = newBrowser(t)
	if status, _ := w.get(caught); status != http.StatusBadRequest || w.signedIn() {
		t.Errorf("another browser used the answer: %d", status)
	}
	w.browser = own
	if w.get(caught); !w.signedIn() {
		t.Error("its own browser cannot use it")
	}
	if status, _ := w.get(caught); status != http.StatusBadRequest {
		t.Errorf("used twice: %d", status)
	}
}

func TestLoginChangesTheCookie(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	own, err := url.Parse(w.url)
	if err != nil {
		t.Fatal(err)
	}
	w.browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	w.get("/login")
	before := w.browser.Jar.Cookies(own)
	w.browser.CheckRedirect = nil
	w.logIn()
	after := w.browser.Jar.Cookies(own)
	if len(before) != 1 || len(after) != 1 || before[0].Value == after[0].Value {
		t.Errorf("cookie %v, then %v", before, after)
	}
	planted := newBrowser(t)
	planted.Jar.SetCookies(own, before)
	w.browser = planted
	if w.signedIn() {
		t.Error("the name from before the login is signed in")
	}
}

func TestErrorsAreToldKindly(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"access_denied": "You did not allow", "login_required": "needs you to log in", "temporarily_unavailable": "does not answer",
		"unmet_authentication_requirements": "more proof", "something_new": "did not succeed", `"><script>alert(1)</script>`: "did not succeed",
	} {
		w := newTown(t)
		w.provider.answer = func(_, to url.Values) { to.Del("code"); to.Set("error", code) }
		_, page := w.get("/login")
		if !strings.Contains(page, want) || !strings.Contains(page, `id="again"`) || strings.Contains(page, "<script>") {
			t.Errorf("%s:\n%s", code, page)
		}
	}
}

func TestSuretyAway(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.provider.server.Close()
	if status, page := w.get("/login"); status != http.StatusServiceUnavailable || !strings.Contains(page, "does not answer") {
		t.Errorf("%d\n%s", status, page)
	}
	if status, _ := w.get("/"); status != http.StatusOK {
		t.Errorf("the agency's own page: %d", status)
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.logIn()
	if _, page := w.post("/refresh", nil); !strings.Contains(page, `id="refreshed"`) {
		t.Errorf("not refreshed:\n%s", page)
	}
	if w.provider.grants != 2 {
		t.Errorf("%d grants", w.provider.grants)
	}
	w.provider.claims = func(c map[string]any) { c["sub"] = "boris" }
	if _, page := w.post("/refresh", nil); !strings.Contains(page, `id="problem"`) {
		t.Errorf("somebody else's tokens were taken:\n%s", page)
	}
	if _, page := w.get("/"); !strings.Contains(page, "anna@example.org") {
		t.Error("the session changed hands")
	}
	w.provider.claims = nil
	w.provider.dead = true
	if _, page := w.post("/refresh", nil); !strings.Contains(page, "session at Surety is over") || w.signedIn() {
		t.Errorf("a dead refresh token:\n%s", page)
	}
}

func TestLogoutGoesThroughSurety(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.logIn()
	if _, page := w.post("/logout", nil); !strings.Contains(page, `id="signed-out"`) {
		t.Errorf("page:\n%s", page)
	}
	if w.signedIn() {
		t.Error("still signed in")
	}
	q := w.provider.endings[0]
	if strings.Count(q.Get("id_token_hint"), ".") != 2 || q.Get("post_logout_redirect_uri") != w.url+"/signed-out" || q.Get("state") == "" {
		t.Errorf("asked Surety with %v", q)
	}
}

func TestForeignPagesCannotLogOut(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.logIn()
	for _, path := range []string{"/logout", "/refresh"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		if status, _ := w.read(w.browser.Do(req)); status != http.StatusForbidden {
			t.Errorf("%s: %d", path, status)
		}
	}
	if w.get("/logout"); !w.signedIn() {
		t.Error("a GET logged out")
	}
}

func TestSignedOutPageDoesNotLie(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.logIn()
	if _, page := w.get("/signed-out"); !strings.Contains(page, `id="logout"`) {
		t.Errorf("it says signed out and is not:\n%s", page)
	}
}

func TestEveryTextInEveryLanguage(t *testing.T) {
	t.Parallel()
	p, err := newPages()
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Sorted(maps.Keys(p.texts["en"]))
	for _, lang := range languages {
		if got := slices.Sorted(maps.Keys(p.texts[lang])); !slices.Equal(got, want) {
			t.Errorf("%s has other keys", lang)
		}
		for key, text := range p.texts[lang] {
			if text == "" || lang != "en" && text == p.texts["en"][key] {
				t.Errorf("%s: %s is not translated", lang, key)
			}
		}
	}
	used := slices.Collect(maps.Values(failures))
	for _, name := range append(slices.Clone(levels), "other") {
		used = append(used, "level_"+name, "level_"+name+"_says")
	}
	for _, way := range ways {
		used = append(used, "amr_"+way)
	}
	for _, outcome := range append(slices.Clone(outcomes), "other") {
		used = append(used, "unmet_"+outcome)
	}
	for _, axis := range axes {
		used = append(used, "missing_"+axis)
	}
	b, err := files.ReadFile("page.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`\.T "([a-z_]+)"`).FindAllStringSubmatch(string(b), -1) {
		used = append(used, m[1])
	}
	for _, key := range used {
		if p.texts["en"][key] == "" {
			t.Errorf("no text for %s", key)
		}
	}
	for _, key := range want {
		if key != "problem_other" && !slices.Contains(used, key) {
			t.Errorf("nobody uses %s", key)
		}
	}
}

func TestLanguageIsChosenAndRemembered(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	if _, page := w.get("/?lang=be"); !strings.Contains(page, `<html lang="be">`) || !strings.Contains(page, "Увайсці праз Surety") {
		t.Errorf("page:\n%s", page)
	}
	w.logIn()
	if got := w.provider.requests[0].Get("ui_locales"); got != "be" {
		t.Errorf("ui_locales %q", got)
	}
	if _, page := w.get("/?lang=%22%3E"); !strings.Contains(page, `<html lang="be">`) {
		t.Error("nonsense changed the language")
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept-Language", "uk-UA,uk;q=0.9,en;q=0.5")
	rec := httptest.NewRecorder()
	w.agency.Handler().ServeHTTP(rec, r)
	if !strings.Contains(rec.Body.String(), `<html lang="uk">`) {
		t.Error("Accept-Language was not heard")
	}
}

func TestHeadersAndCookies(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	rec := httptest.NewRecorder()
	w.agency.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/login", nil))
	if csp := rec.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") ||
		!strings.Contains(csp, "form-action 'self' "+w.provider.server.URL) {
		t.Errorf("CSP %q", csp)
	}
	cookie := rec.Result().Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || !strings.HasPrefix(cookie.Name, "agency-") {
		t.Errorf("cookie %v", cookie)
	}
	cfg := w.agency.cfg
	cfg.URL = "https://agency.example"
	secure, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if secure.cookie.Name != "__Host-agency" || !secure.cookie.Secure {
		t.Errorf("cookie %+v", secure.cookie)
	}
}

func TestBrowsersAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	s := newBrowsers(func() time.Time { return now })
	first := s.add(&browser{})
	kept := s.add(&browser{})
	for range maxBrowsers - 2 {
		s.add(&browser{})
	}
	s.update(first, func(*browser) {}) // used, so the other one is the oldest
	s.add(&browser{})
	if len(s.byID) != maxBrowsers || !s.update(first, func(*browser) {}) || s.update(kept, func(*browser) {}) {
		t.Errorf("%d browsers", len(s.byID))
	}
	now = now.Add(browserLife)
	if s.update(first, func(*browser) {}) {
		t.Error("a browser outlived its end")
	}
	var b browser
	for range 100 {
		b.begin(pending{state: "x"})
	}
	if len(b.pending) != maxPending {
		t.Errorf("%d logins begun", len(b.pending))
	}
	b.begin(pending{state: "late", until: now})
	if _, ok := b.finish("late", now); ok {
		t.Error("finished after its end")
	}
}
