package stories_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"surety/idp/idptest/world"
)

// agency is a relying party of one test.
type agency struct {
	*world.World
	id, secret string
	redirect   string
	name       string
	verifier   string
}

// newAgency registers an agency with these members of RFC 7591 besides the
// usual ones.
func newAgency(w *world.World, members string) *agency {
	w.Helper()
	host := world.Random() + ".example.test"
	a := &agency{World: w, redirect: "https://" + host + "/cb", name: "Office " + host[:6], verifier: strings.Repeat("v", 43)}
	made := w.Register(`{"client_name": "` + a.name + `", "client_uri": "https://` + host + `/home", "redirect_uris": ["` + a.redirect + `"],
		"scope": "openid profile email phone offline_access", "grant_types": ["authorization_code", "refresh_token"],
		"post_logout_redirect_uris": ["https://` + host + `/bye"]` + members + `}`)
	a.id, a.secret = string(made.Client.ID), made.Secret
	return a
}

// request is a complete authorization request; pairs replace its parameters.
func (a *agency) request(pairs ...string) url.Values {
	sum := sha256.Sum256([]byte(a.verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {a.id}, "redirect_uri": {a.redirect}, "scope": {"openid profile email"},
		"state": {"st&te+1"}, "nonce": {"n1"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return q
}

func (a *agency) authorize(pairs ...string) string {
	return "/authorize?" + a.request(pairs...).Encode()
}

// interactionOf is the query that carries the pending request of a page.
func interactionOf(p world.Page) string { return "?interaction=" + p.URL.Query().Get("interaction") }

// wantBack fails unless the journey ended at the agency with these parameters.
func (a *agency) wantBack(p world.Page, pairs ...string) url.Values {
	a.Helper()
	if !p.Away || !strings.HasPrefix(p.URL.String(), a.redirect+"?") {
		a.Fatalf("not back at the agency but at %s (%d):\n%s", p.URL, p.Status, p.Body)
	}
	got := p.URL.Query()
	for i := 0; i < len(pairs); i += 2 {
		if got.Get(pairs[i]) != pairs[i+1] {
			a.Fatalf("back with %s, want %s=%s", p.URL, pairs[i], pairs[i+1])
		}
	}
	if got.Get("state") != "st&te+1" || got.Get("iss") != a.Issuer {
		a.Fatalf("back with %s", p.URL)
	}
	return got
}

// back is what a POST to the token endpoint and its like answers.
type back struct {
	answer
	values map[string]any
}

func (b back) text(name string) string {
	s, _ := b.values[name].(string)
	return s
}

// post sends a form to an endpoint, as the agency.
func (a *agency) post(path string, pairs ...string) back {
	a.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	req, err := http.NewRequestWithContext(a.Context(), http.MethodPost, a.Issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		a.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(a.id, a.secret)
	return a.decode(do(a, &http.Client{Transport: a.Transport}, req))
}

func (a *agency) decode(got answer) back {
	a.Helper()
	b := back{answer: got}
	if err := json.Unmarshal([]byte(got.Body), &b.values); err != nil {
		a.Fatalf("%d is not JSON: %v\n%s", got.Status, err, got.Body)
	}
	return b
}

// redeem exchanges the code of a page for tokens.
func (a *agency) redeem(p world.Page) back {
	a.Helper()
	code := a.wantBack(p).Get("code")
	got := a.post("/token", "grant_type", "authorization_code", "code", code, "redirect_uri", a.redirect, "code_verifier", a.verifier)
	if got.Status != http.StatusOK {
		a.Fatalf("token: %d %s", got.Status, got.Body)
	}
	return got
}

func (a *agency) refresh(tokens back) back {
	a.Helper()
	return a.post("/token", "grant_type", "refresh_token", "refresh_token", tokens.text("refresh_token"))
}

func (a *agency) userinfo(tokens back) back {
	a.Helper()
	req, err := http.NewRequestWithContext(a.Context(), http.MethodGet, a.Issuer+"/userinfo", nil)
	if err != nil {
		a.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+tokens.text("access_token"))
	return a.decode(do(a, &http.Client{Transport: a.Transport}, req))
}

// claims reads a token without checking it.
func (a *agency) claims(token string) map[string]any {
	a.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		a.Fatalf("%q is no JWT", token)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		a.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		a.Fatal(err)
	}
	return out
}

// logIn fills in the log-in page.
func logIn(b *world.Browser, p world.Page, login string) world.Page {
	b.Helper()
	return b.Submit(p, "continue", "login", login, "password", world.Password)
}

// entered is a browser of a fresh account that is logged in.
func entered(w *world.World) (b *world.Browser, login string) {
	w.Helper()
	login = email()
	w.Seed(login)
	b = person(w)
	wantPath(w, logIn(b, b.Get("/sign-in"), login), "/account")
	w.Mail(login, 0) // that somebody logged in on a new device: what comes later is news
	return b, login
}
