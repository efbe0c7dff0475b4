package web_test

import (
	"net/http"
	"strings"
	"testing"

	"surety/idp/web"
)

// TestFormOfOwnPage: the ordinary way works, for browsers that say where they
// come from and for those that say nothing.
func TestFormOfOwnPage(t *testing.T) {
	t.Parallel()
	for _, header := range []http.Header{
		{}, {"Sec-Fetch-Site": {"same-origin"}}, {"Origin": {https}},
	} {
		b := build(t, https).browser(t)
		token := b.token()
		b.header = header
		w := b.post("/form", "csrf", token, "login", "anna")
		want(t, w, http.StatusSeeOther)
		if w.Header().Get("Location") != "/done?login=anna" {
			t.Errorf("location %q", w.Header().Get("Location"))
		}
	}
}

// TestForgedForms: every form that another site could make a browser send is
// refused, and nothing behind it runs.
func TestForgedForms(t *testing.T) {
	t.Parallel()
	h := build(t, https)
	victim, stranger := h.browser(t), h.browser(t)
	own, foreign := victim.token(), stranger.token()
	attacks := map[string]struct {
		header http.Header
		token  string
	}{
		"no token":               {nil, ""},
		"made-up token":          {nil, strings.Repeat("A", 43)},
		"token of another":       {nil, foreign},
		"cut token":              {nil, own[:len(own)-1]},
		"cross-site with token":  {http.Header{"Sec-Fetch-Site": {"cross-site"}}, own},
		"same-site with token":   {http.Header{"Sec-Fetch-Site": {"same-site"}}, own},
		"foreign origin":         {http.Header{"Origin": {"https://evil.example"}}, own},
		"null origin":            {http.Header{"Origin": {"null"}}, own},
		"text body":              {http.Header{"Content-Type": {"text/plain"}}, own},
		"multipart body":         {http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}, own},
		"method override":        {http.Header{"X-Http-Method-Override": {"GET"}}, ""},
		"token in header only":   {http.Header{"X-Csrf-Token": {own}}, ""},
		"subdomain of us":        {http.Header{"Origin": {"https://evil.id.example"}}, own},
		"our host on other port": {http.Header{"Origin": {"https://id.example:8443"}}, own},
	}
	for name, a := range attacks {
		victim.header = a.header
		w := victim.post("/form", "csrf", a.token, "login", "anna")
		if w.Code == http.StatusSeeOther {
			t.Errorf("%s: accepted", name)
		}
		if w.Code != http.StatusForbidden && w.Code != http.StatusBadRequest {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
	victim.header = http.Header{}
	if w := victim.do(http.MethodPost, "/form?csrf="+own, "login=anna"); w.Code != http.StatusForbidden {
		t.Errorf("token in the address: status %d", w.Code)
	}
	fresh := h.browser(t)
	if w := fresh.post("/form", "csrf", own); w.Code != http.StatusForbidden {
		t.Errorf("token without the cookie: status %d", w.Code)
	}
}

// TestTokenSurvivesOtherProcess: two processes with the same key understand
// each other's forms; another key does not.
func TestTokenSurvivesOtherProcess(t *testing.T) {
	t.Parallel()
	first := build(t, https).browser(t)
	token := first.token()
	second := build(t, https).browser(t)
	second.cookies = first.cookies
	want(t, second.post("/form", "csrf", token), http.StatusSeeOther)
	third := build(t, https, func(c *web.Config) { c.FormKey = []byte(strings.Repeat("k", 32)) }).browser(t)
	third.cookies = first.cookies
	want(t, third.post("/form", "csrf", token), http.StatusForbidden)
}

// TestFormPageAfterRefusal: the person gets a page that says what to do, and
// after reloading the form works.
func TestFormPageAfterRefusal(t *testing.T) {
	t.Parallel()
	b := build(t, https).browser(t)
	want(t, b.post("/form", "login", "anna"), http.StatusForbidden, "Please send the form again", `id="reference"`, "You can also do this without an account")
	want(t, b.post("/form", "csrf", b.token()), http.StatusSeeOther)
}

// TestBounds: what is too large or cannot be read gets a clear page.
func TestBounds(t *testing.T) {
	t.Parallel()
	b := build(t, https).browser(t)
	token := b.token()
	want(t, b.post("/form", "csrf", token, "login", strings.Repeat("a", 70<<10)), http.StatusRequestEntityTooLarge, "This is too much at once")
	want(t, b.get("/form?x="+strings.Repeat("a", 17<<10)), http.StatusRequestEntityTooLarge, "This is too much at once")
	want(t, b.get("/form?x="+strings.Repeat("a", 15<<10)), http.StatusOK)
	for _, body := range []string{"csrf=" + token + "&login=%zz", "csrf=" + token + "&login=%ff%fe", "csrf=" + token + "&login=a%00b", "csrf=" + token + ";login=x", "csrf=" + token + "&%ff=1"} {
		want(t, b.do(http.MethodPost, "/form", body), http.StatusBadRequest, "could not understand")
	}
	want(t, b.get("/form?x=%zz"), http.StatusBadRequest, "could not understand")
}
