package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/interaction"
)

// begin sends a request that leads to a page, and returns the interaction.
func begin(b *browser, page string, p url.Values) idp.InteractionID {
	b.Helper()
	to := b.authorize(p).Header().Get("Location")
	id, ok := strings.CutPrefix(to, page+"?interaction=")
	if !ok {
		b.Fatalf("went to %s, want %s", to, page)
	}
	return idp.InteractionID(id)
}

func (b *browser) goOn(id idp.InteractionID) *httptest.ResponseRecorder {
	return b.get("/continue?interaction=" + string(id))
}

func TestInteraction_FromNobodyToTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.agency(nil), w.browser()
	p := w.person()
	id := begin(b, "/sign-in", a.request("scope", "openid email"))
	b.logIn(p)
	if to := b.goOn(id).Header().Get("Location"); to != "/consent?interaction="+string(id) {
		t.Fatalf("after the login to %s", to)
	}
	w.agree(p, a, "openid", "email")
	rec := b.goOn(id)
	if got := answerOf(t, rec); got.Get("state") != "st&te+1" || got.Get("iss") != issuer {
		t.Fatalf("%v", got)
	}
	r := a.exchange(answerOf(t, rec).Get("code"))
	checkTokens(t, w, a, r, "n-0S6_WzA2Mj")
	if n := w.count(`SELECT count(*) FROM interaction WHERE outcome = 'issued'`); n != 1 {
		t.Errorf("%d completed", n)
	}
	// New terms come before anything else is given.
	w.exec(`UPDATE account SET terms_version = '0'`)
	begin(b, "/terms/accept", a.request())
	// And the person may be asked whom to go on as.
	w.exec(`UPDATE account SET terms_version = '1'`)
	w.advance(time.Second)
	begin(b, "/select-account", a.request("prompt", "select_account", "scope", "openid"))
	begin(b, "/consent", a.request("prompt", "consent", "scope", "openid"))
}

func TestInteraction_TwoTabs(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	w.advance(time.Second)
	id := begin(b, "/sign-in", a.request("prompt", "login"))
	b.logIn(accountOf(b))
	if answerOf(t, b.goOn(id)).Get("code") == "" {
		t.Fatal("no code in the first tab")
	}
	rec := b.goOn(id)
	if f := w.pages.last(); rec.Code != http.StatusConflict || f.Kind != "completed" || f.Return != "https://agency.example/home" || f.Client == nil {
		t.Errorf("second tab: %d %+v", rec.Code, f)
	}
	// Both at the same moment: one of them gets the code.
	w.advance(time.Second)
	id = begin(b, "/sign-in", a.request("max_age", "0"))
	b.logIn(accountOf(b))
	var codes int
	var mu sync.Mutex
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			tab := &browser{world: w, cookies: map[string]string{"session": b.cookies["session"], "browser": b.cookies["browser"]}}
			rec := tab.goOn(id)
			for range 3 { // a loser is sent round once
				if to := rec.Header().Get("Location"); strings.HasPrefix(to, "/continue") {
					rec = tab.get(to)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case rec.Header().Get("Location") != "" && answerOf(t, rec).Has("code"):
				codes++
			case rec.Code != http.StatusConflict:
				t.Errorf("a tab got %d %s", rec.Code, rec.Header().Get("Location"))
			}
		})
	}
	group.Wait()
	if codes != 1 {
		t.Errorf("%d codes", codes)
	}
}

func TestInteraction_Denied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.agency(nil)
	b := w.browser().logIn(w.person())
	id := begin(b, "/consent", a.request())
	w.exec(`UPDATE interaction SET outcome = 'denied', completed_at = $1`, w.clock.Now())
	checkError(t, a, b.goOn(id), "access_denied", "st&te+1")
	checkError(t, a, b.goOn(id), "access_denied", "st&te+1") // a reload says the same
}

func TestInteraction_OfAnotherBrowser(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	w.advance(time.Second)
	id := begin(b, "/sign-in", a.request("prompt", "login"))
	thief := w.browser().logIn(w.person())
	for _, who := range []*browser{thief, w.browser()} {
		rec := who.goOn(id)
		f := w.pages.last()
		if rec.Code != http.StatusForbidden || f.Kind != "expired" || f.Return != "https://agency.example/home" || f.Restart != "" {
			t.Errorf("%d %+v", rec.Code, f)
		}
	}
	// Unknown, and no id at all.
	for path, status := range map[string]int{
		"/continue?interaction=" + idp.NewID():             http.StatusGone,
		"/continue?interaction=x":                          http.StatusBadRequest,
		"/continue":                                        http.StatusBadRequest,
		"/continue?interaction=" + string(id) + "&claim=x": http.StatusForbidden, // a claim that nobody made
	} {
		if rec := w.browser().get(path); rec.Code != status {
			t.Errorf("%s: %d, want %d", path, rec.Code, status)
		}
	}
}

func TestInteraction_Expired(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	w.advance(time.Second)
	id := begin(b, "/sign-in", a.request("prompt", "login"))
	w.advance(interaction.Lifetime)
	b.logIn(accountOf(b))
	rec := b.goOn(id)
	f := w.pages.last()
	if rec.Code != http.StatusGone || f.Kind != "expired" || f.Return == "" || !strings.HasPrefix(f.Restart, "/authorize?") {
		t.Fatalf("%d %+v", rec.Code, f)
	}
	w.advance(time.Second)
	if to := b.get(f.Restart).Header().Get("Location"); !strings.HasPrefix(to, "/sign-in") {
		t.Errorf("starting again led to %s", to)
	}
}

// TestIssue_ChecksAgain changes what a code rests on between the moment it was
// looked at and the moment it is written.
func TestIssue_ChecksAgain(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"session ended":         `UPDATE session SET ended_at = seen_at, ended_reason = 'logout'`,
		"consent withdrawn":     `UPDATE consent SET withdrawn_at = granted_at`,
		"account frozen":        `UPDATE account SET state = 'frozen'`,
		"logged out everywhere": `UPDATE account SET tokens_valid_from = tokens_valid_from + interval '1 hour'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, a, b := setup(t, nil)
			b.code(a.request())
			w.between = func() { w.exec(change) }
			rec := b.authorize(a.request())
			to := rec.Header().Get("Location")
			if strings.Contains(to, "code=") {
				t.Errorf("a code was given: %s", to)
			}
			if n := w.count(`SELECT count(*) FROM oauth_grant`); n != 1 {
				t.Errorf("%d grants, want the first alone", n)
			}
			if n := w.count(`SELECT count(*) FROM audit_event WHERE type = 'grant.issued'`); n != 1 {
				t.Errorf("%d audit events", n)
			}
		})
	}
}

func TestAuthorize_HostileInput(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	// Too large, either way.
	if rec := b.get("/authorize?" + a.request("state", strings.Repeat("x", 17<<10)).Encode()); rec.Code != http.StatusRequestURITooLong {
		t.Errorf("query: %d", rec.Code)
	}
	big := strings.NewReader(a.request("state", strings.Repeat("x", 65<<10)).Encode())
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/authorize", big)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if rec := b.send(r); rec.Code != http.StatusRequestEntityTooLarge || w.pages.last().Kind != "too_large" {
		t.Errorf("form: %d", rec.Code)
	}
	// Malformed.
	for path, status := range map[string]int{"/authorize?%zz": 400, "/authorize?a=b;c=d": 400, "/authorize": 400} {
		if rec := b.get(path); rec.Code != status {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
	for _, method := range []string{http.MethodPut, http.MethodHead, http.MethodOptions} {
		if rec := b.send(httptest.NewRequestWithContext(t.Context(), method, "/authorize?"+a.request().Encode(), nil)); rec.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, rec.Code)
		}
	}
	// A parameter twice.
	base := "/authorize?" + a.request().Encode()
	for _, twice := range []string{"&client_id=" + string(a.ID), "&redirect_uri=" + url.QueryEscape(a.RedirectURIs[0])} {
		if rec := b.get(base + twice); rec.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", twice, rec.Code)
		}
	}
	checkError(t, a, b.get(base+"&scope=openid"), "invalid_request", "st&te+1")
	checkError(t, a, b.get(base+"&unheard=1&unheard=2"), "invalid_request", "st&te+1")
	checkError(t, a, b.get(base+"&state=2"), "invalid_request", "")
	// What cannot be text, what cannot be stored, and far too much of it.
	checkError(t, a, b.authorize(a.request("nonce", "a\x00b")), "invalid_request", "st&te+1")
	checkError(t, a, b.authorize(a.request("login_hint", "\xff")), "invalid_request", "st&te+1")
	checkError(t, a, b.authorize(a.request("login_hint", strings.Repeat("x", 400))), "invalid_request", "st&te+1")
	checkError(t, a, b.authorize(a.request("acr_values", strings.Repeat("x ", 30))), "invalid_request", "st&te+1")
	// A name that would break out of the description.
	checkError(t, a, b.get(base+"&"+url.QueryEscape("\"\\\r\n<x>")+"=1&"+url.QueryEscape("\"\\\r\n<x>")+"=2"), "invalid_request", "st&te+1")
	// A scope that exists and that this client may not have.
	narrow := w.agency(func(m *client.Metadata) { m.Scope = "openid" })
	checkError(t, narrow, b.authorize(narrow.request("scope", "openid email")), "invalid_scope", "st&te+1")
	own := w.agency(func(m *client.Metadata) { m.GrantTypes = append(m.GrantTypes, client.GrantClientCredentials) })
	w.agree(accountOf(b), own, "openid", "profile")
	own.post("/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"openid"}}).want(http.StatusBadRequest, "invalid_scope")
}

func TestAuthorize_MinimumLevel(t *testing.T) {
	t.Parallel()
	w, _, b := setup(t, nil)
	a := w.agency(func(m *client.Metadata) { m.MinimumLevel = "substantial" })
	w.agree(accountOf(b), a, "openid", "profile")
	checkError(t, a, b.authorize(a.request()), "unmet_authentication_requirements", "st&te+1")
	w.confirm(accountOf(b))
	r := a.tokens(b)
	_, at := payload(t, r.text("access_token"))
	if at["acr"] != acrSubstantial {
		t.Errorf("acr %v", at["acr"])
	}
	// What was reached goes into the access token, what was asked into the ID token.
	r = a.tokens(b, "acr_values", acrBasic)
	_, at = payload(t, r.text("access_token"))
	_, id := payload(t, r.text("id_token"))
	if at["acr"] != acrSubstantial || id["acr"] != acrBasic {
		t.Errorf("acr %v and %v", at["acr"], id["acr"])
	}
}

func TestSession_IdleEndMovesOn(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	for range 4 {
		w.advance(20 * time.Minute)
		b.code(a.request("prompt", "none"))
	}
	w.advance(31 * time.Minute)
	checkError(t, a, b.authorize(a.request("prompt", "none")), "login_required", "st&te+1")
}

func TestDatabaseDown(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	r := a.tokens(b)
	code := b.code(a.request())
	back := w.Lose(t)
	for name, got := range map[string]reply{
		"code": a.exchange(code), "refresh": a.refresh(r.text("refresh_token")),
		"introspect": a.post("/introspect", tokenForm(r.text("access_token"))), "revoke": a.post("/revoke", tokenForm(r.text("refresh_token"))),
	} {
		if got.status != http.StatusServiceUnavailable || got.text("error") != "temporarily_unavailable" || got.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %v", name, got.status, got.body)
		}
	}
	if rec := b.authorize(a.request()); rec.Code != http.StatusServiceUnavailable || w.pages.last().Kind != "down" {
		t.Errorf("authorize: %d", rec.Code)
	}
	checkError(t, a, b.authorize(a.request("prompt", "none")), "temporarily_unavailable", "st&te+1")
	back()
	// Nothing was lost, and nothing was used up.
	var got reply
	for range 50 { // broken connections leave the pool one by one
		if got = a.exchange(code); got.status == http.StatusOK {
			break
		}
	}
	got.want(http.StatusOK, "")
	a.refresh(r.text("refresh_token")).want(http.StatusOK, "")
}

func TestTokenRequest_Hostile(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	code := b.code(a.request())
	auth := http.Header{"Authorization": {basic(string(a.ID), a.secret)}}
	call := func(form url.Values, header http.Header) reply { return w.call(t.Context(), "/token", form, header) }

	twice := codeForm(a, code)
	twice.Add("code", code)
	call(twice, auth).want(http.StatusBadRequest, "invalid_request")
	both := codeForm(a, code)
	both.Set("client_secret", a.secret)
	call(both, auth).want(http.StatusBadRequest, "invalid_request")
	other := codeForm(a, code)
	other.Set("client_id", "somebody")
	r := call(other, auth)
	r.want(http.StatusUnauthorized, "invalid_client")
	if !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("no challenge: %v", r.header)
	}
	post := codeForm(a, code)
	post.Set("client_id", string(a.ID))
	post.Set("client_secret", a.secret)
	if r = call(post, nil); r.status != http.StatusUnauthorized || r.header.Get("WWW-Authenticate") != "" {
		t.Errorf("secret in the body of a client of client_secret_basic: %d %v", r.status, r.header)
	}
	public := codeForm(a, code)
	public.Set("client_id", string(a.ID))
	call(public, nil).want(http.StatusUnauthorized, "invalid_client")
	for _, header := range []string{"Bearer x", "Basic", "Basic !!!", "Basic eA==", "Basic " + strings.Repeat("A", 9000), "basic " + basic(string(a.ID), "no")[6:], basic("a%00", "x"), basic("\xff", "x")} {
		call(codeForm(a, code), http.Header{"Authorization": {header}}).want(http.StatusUnauthorized, "invalid_client")
	}
	call(codeForm(a, code), http.Header{"Authorization": auth["Authorization"], "Content-Type": {"application/json"}}).want(http.StatusBadRequest, "invalid_request")
	call(url.Values{"grant_type": {"authorization_code"}, "x": {strings.Repeat("x", 65<<10)}}, auth).want(http.StatusRequestEntityTooLarge, "invalid_request")
	call(url.Values{"grant_type": {"authorization_code"}}, auth).want(http.StatusBadRequest, "invalid_request")
	// Parameters in the address count for nothing.
	inQuery := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/token?"+codeForm(a, code).Encode(), strings.NewReader(""))
	inQuery.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	inQuery.Header["Authorization"] = auth["Authorization"]
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, inQuery)
	if rec.Code != http.StatusBadRequest {
		t.Errorf("parameters in the address: %d", rec.Code)
	}
	// After all that the code is still good, and the scheme's case does not matter.
	a.exchange(code, "redirect_uri", "https://agency.example/other").want(http.StatusBadRequest, "invalid_grant")
	a.exchange(code, "redirect_uri", "").want(http.StatusBadRequest, "invalid_grant")
	call(codeForm(a, code), http.Header{"Authorization": {"bAsIc " + basic(string(a.ID), a.secret)[6:]}}).want(http.StatusOK, "")
	// But not for ever.
	code = b.code(a.request())
	w.advance(61 * time.Second)
	a.exchange(code).want(http.StatusBadRequest, "invalid_grant")
}

// TestInteraction_EndsInAFailure: the agency expects somebody, somebody else
// logs in, and the agency is told, once.
func TestInteraction_EndsInAFailure(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, func(m *client.Metadata) { m.Homes = nil })
	hint := a.tokens(b).text("id_token")
	w.advance(time.Second)
	other := w.browser()
	id := begin(other, "/sign-in", a.request("id_token_hint", hint))
	w.advance(time.Second)
	other.logIn(w.person())
	checkError(t, a, other.goOn(id), "login_required", "st&te+1")
	rec := other.goOn(id)
	if f := w.pages.last(); rec.Code != http.StatusConflict || f.Kind != "completed" || f.Return != "https://agency.example/" {
		t.Errorf("%d %+v", rec.Code, f)
	}
	if n := w.count(`SELECT count(*) FROM interaction WHERE outcome = 'failed'`); n != 1 {
		t.Errorf("%d failed", n)
	}
	// The right person gets through.
	w.advance(time.Second)
	right := w.browser()
	id = begin(right, "/sign-in", a.request("id_token_hint", hint))
	right.logIn(accountOf(b))
	if answerOf(t, right.goOn(id)).Get("code") == "" {
		t.Error("no code for the right person")
	}
}

// TestInteraction_SessionEndsAtTheLastMoment: of an interaction that was about
// to end in a code, the person is asked to log in again.
func TestInteraction_SessionEndsAtTheLastMoment(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	w.advance(time.Second)
	id := begin(b, "/sign-in", a.request("prompt", "login"))
	b.logIn(accountOf(b))
	w.between = b.logOut
	to := b.goOn(id).Header().Get("Location")
	if to != "/continue?interaction="+string(id) {
		t.Fatalf("went to %s", to)
	}
	if to = b.get(to).Header().Get("Location"); to != "/sign-in?interaction="+string(id) {
		t.Errorf("then to %s", to)
	}
	b.logIn(accountOf(b))
	if answerOf(t, b.goOn(id)).Get("code") == "" {
		t.Error("no code in the end")
	}
}
