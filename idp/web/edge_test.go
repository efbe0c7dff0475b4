package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"surety/idp/web"
)

// TestHeaders: every answer has them, whatever route or error made it.
func TestHeaders(t *testing.T) {
	t.Parallel()
	h := build(t, https)
	h.mux.Get("/panic", func(http.ResponseWriter, *http.Request) error { panic("boom") })
	h.mux.Protocol("/token", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }), http.MethodPost)
	b := h.browser(t)
	for _, w := range []*httptest.ResponseRecorder{b.get("/form"), b.get("/nowhere"), b.get("/panic"), b.post("/form"), b.post("/token"), b.do("PUT", "/form", ""), b.get("/form?x=%zz")} {
		for name, value := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store", "X-Frame-Options": "DENY",
			"Strict-Transport-Security": "max-age=31536000",
		} {
			if got := w.Header().Get(name); got != value {
				t.Errorf("status %d: %s is %q", w.Code, name, got)
			}
		}
	}
	plain := build(t, "http://localhost:8080").browser(t).get("/form")
	if plain.Header().Get("Strict-Transport-Security") != "" {
		t.Error("HSTS on http")
	}
}

// TestAllowRedirect: forms may end at the client, and nobody else; hostile
// addresses cannot change the policy.
func TestAllowRedirect(t *testing.T) {
	t.Parallel()
	for uri, source := range map[string]string{
		"https://tax.example/cb?x=1":          " https://tax.example",
		"http://127.0.0.1:5555/callback":      " http://127.0.0.1:5555",
		"by.gov.app:/cb":                      " by.gov.app:",
		"https://tax.example;script-src */cb": "",
		"https:///cb":                         "",
		"/local":                              "",
		"::":                                  "",
		"https://a.example, b":                "",
		"https://a'b.example/":                "",
	} {
		w := httptest.NewRecorder()
		web.AllowRedirect(w, uri, uri)
		want := "form-action 'self'" + source + "; base-uri"
		if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, want) {
			t.Errorf("%s gives %s", uri, got)
		}
	}
}

// TestNotFoundAndMethod: both are pages; the second says what would work.
func TestNotFoundAndMethod(t *testing.T) {
	t.Parallel()
	h := build(t, https)
	h.mux.Under("/operator").Get("/list", func(w http.ResponseWriter, _ *http.Request) error {
		return web.Page(w, http.StatusOK, func(out io.Writer) error { _, err := io.WriteString(out, "list"); return err })
	})
	b := h.browser(t)
	want(t, b.get("/nowhere"), http.StatusNotFound, "There is no such page")
	want(t, b.get("/operator/nowhere"), http.StatusNotFound, "There is no such page")
	want(t, b.get("/operator/list"), http.StatusOK, "list")
	w := b.do("DELETE", "/form", "")
	want(t, w, http.StatusMethodNotAllowed, "cannot be opened like this")
	if got := w.Header().Get("Allow"); got != "GET, HEAD, POST" {
		t.Errorf("Allow is %q", got)
	}
	want(t, b.post("/operator/list"), http.StatusMethodNotAllowed)
	want(t, b.do("HEAD", "/form", ""), http.StatusOK)
	want(t, b.get(h.site.Templates.AssetPath("surety.css")), http.StatusOK, ":root")
}

// TestCookies: names, flags and lengths of life on https and on loopback.
func TestCookies(t *testing.T) {
	t.Parallel()
	for issuer, name := range map[string]string{https: "__Host-surety-browser", "http://localhost:18080": "surety-browser-18080", "http://127.0.0.1:18080": "surety-browser-18080"} {
		w := build(t, issuer).browser(t).get("/form")
		cookies := w.Result().Cookies()
		if len(cookies) != 1 {
			t.Fatalf("%d cookies", len(cookies))
		}
		c := cookies[0]
		if c.Name != name || c.Path != "/" || c.Domain != "" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != strings.HasPrefix(issuer, "https") || len(c.Value) != 43 {
			t.Errorf("%s: %+v", issuer, c)
		}
	}
	h := build(t, https)
	w := httptest.NewRecorder()
	h.site.SetSession(w, web.NewToken(), 0)
	h.site.SetSession(w, web.NewToken(), 12*time.Hour)
	h.site.ClearSession(w)
	ages := []int{}
	for _, c := range w.Result().Cookies() {
		ages = append(ages, c.MaxAge)
	}
	if len(ages) != 3 || ages[0] != 0 || ages[1] != 12*60*60 || ages[2] != -1 {
		t.Errorf("ages %v", ages)
	}
}

// TestBrokenCookies: whatever a browser brings, the page works and the
// broken cookie is replaced.
func TestBrokenCookies(t *testing.T) {
	t.Parallel()
	h := build(t, https)
	for _, value := range []string{"", "x", strings.Repeat("=", 43), strings.Repeat("A", 44), strings.Repeat("é", 20), strings.Repeat("a", 3000), strings.Repeat("A", 42) + "B"} {
		b := h.browser(t)
		for _, name := range []string{"browser", "session", "lang"} {
			b.cookies["__Host-surety-"+name] = value
		}
		want(t, b.get("/form"), http.StatusOK, `lang="en"`)
		if got := b.cookies["__Host-surety-browser"]; got == value || len(got) != 43 {
			t.Errorf("cookie %q was kept", value)
		}
		want(t, b.post("/form", "csrf", b.token()), http.StatusSeeOther)
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: "__Host-surety-session", Value: value})
		if got := h.site.Session(r); got != "" {
			t.Errorf("session %q was believed", got)
		}
	}
}

// TestBrowserIsKept: one browser, one id; two calls in one request agree.
func TestBrowserIsKept(t *testing.T) {
	t.Parallel()
	h := build(t, https)
	b := h.browser(t)
	b.get("/form")
	first := b.cookies["__Host-surety-browser"]
	if w := b.get("/form"); len(w.Result().Cookies()) != 0 || b.cookies["__Host-surety-browser"] != first {
		t.Error("a known browser got another id")
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	one, two := h.site.Browser(w, r), h.site.Browser(w, r)
	if one != two || len(w.Result().Cookies()) != 1 {
		t.Error("two calls gave two ids")
	}
}

// TestLanguage: parameter, cookie, header, default; the switch remembers.
func TestLanguage(t *testing.T) {
	t.Parallel()
	b := build(t, https, func(c *web.Config) { c.Language = "be" }).browser(t)
	want(t, b.get("/form"), http.StatusOK, `<html lang="be">`)
	b.header.Set("Accept-Language", "uk-UA,uk;q=0.9")
	want(t, b.get("/form"), http.StatusOK, `<html lang="uk">`)
	w := b.post("/language", "csrf", b.token(), "lang", "ru", "return", "/form?ui_locales=uk&a=1")
	if w.Header().Get("Location") != "/form?a=1" {
		t.Errorf("switch leads to %q", w.Header().Get("Location"))
	}
	want(t, b.get("/form"), http.StatusOK, `<html lang="ru">`)
	want(t, b.get("/form?ui_locales=xx+en"), http.StatusOK, `<html lang="en">`)
	b.post("/language", "csrf", b.token(), "lang", "xx", "return", "/")
	want(t, b.get("/form"), http.StatusOK, `<html lang="ru">`)
	want(t, b.post("/language", "lang", "en"), http.StatusForbidden)
}

// TestLanguageSwitchStaysHere: it leads to no other site.
func TestLanguageSwitchStaysHere(t *testing.T) {
	t.Parallel()
	b := build(t, https).browser(t)
	token := b.token()
	for target, location := range map[string]string{
		"/register/code?attempt=1": "/register/code?attempt=1", "https://evil.example/": "/", "//evil.example": "/", "/\\evil.example": "/",
		"": "/", "evil": "/", "/%2f/evil.example": "/", "javascript:alert(1)": "/", "/\tevil": "/", "/a#b": "/a", "/%zz": "/",
	} {
		if got := b.post("/language", "csrf", token, "lang", "en", "return", target).Header().Get("Location"); got != location {
			t.Errorf("%q leads to %q, want %q", target, got, location)
		}
	}
}

// TestAdoptLocales: the language of an authorization request lasts for the
// pages that follow; one we do not speak changes nothing.
func TestAdoptLocales(t *testing.T) {
	t.Parallel()
	h := build(t, https)
	h.mux.Protocol("/authorize", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.site.AdoptLocales(w, r, r.URL.Query().Get("ui_locales"))
	}))
	b := h.browser(t)
	b.get("/authorize?ui_locales=fr+be")
	want(t, b.get("/form"), http.StatusOK, `<html lang="be">`)
	b.get("/authorize?ui_locales=ja")
	want(t, b.get("/form"), http.StatusOK, `<html lang="be">`)
}

// TestInteractionIsKept: through the form, the language switch and links.
func TestInteractionIsKept(t *testing.T) {
	t.Parallel()
	const id = "0190d8a2-0000-7000-8000-000000000001"
	b := build(t, https).browser(t)
	want(t, b.get("/form?interaction="+id), http.StatusOK, `name="interaction" value="`+id+`"`, `value="/form?interaction=`+id+`"`, `/register?interaction=`+id)
	page := b.get("/form?interaction=%22%3E%3Cscript%3E").Body.String()
	if strings.Contains(page, `name="interaction"`) {
		t.Error("what is no id was taken for one")
	}
}

// TestSource: the peer counts, unless it is a proxy of ours; what strangers
// wrote into the header does not.
func TestSource(t *testing.T) {
	t.Parallel()
	h := build(t, https)
	for _, row := range []struct{ peer, forwarded, want string }{
		{"203.0.113.9:4711", "", "203.0.113.9"},
		{"203.0.113.9:4711", "198.51.100.1", "203.0.113.9"},
		{"10.0.0.2:80", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.2:80", "6.6.6.6, 198.51.100.1, 10.0.0.3", "198.51.100.1"},
		{"10.0.0.2:80", "6.6.6.6, garbage", "10.0.0.2"},
		{"10.0.0.2:80", "", "10.0.0.2"},
		{"10.0.0.2:80", "10.0.0.4, 10.0.0.3", "10.0.0.4"},
		{"[2001:db8::1]:80", "", "2001:db8::1"},
		{"[::ffff:10.0.0.2]:80", "[2001:db8::7]:5000", "2001:db8::7"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = row.peer
		if row.forwarded != "" {
			r.Header.Set("X-Forwarded-For", row.forwarded)
		}
		if got := h.site.Source(r); got != netip.MustParseAddr(row.want) {
			t.Errorf("%+v gives %s", row, got)
		}
	}
}

// TestIssuer: cookies can be kept safe only on https and on this machine.
func TestIssuer(t *testing.T) {
	t.Parallel()
	good := build(t, https)
	for _, issuer := range []string{"http://id.example", "http://192.168.0.1:8080", "id.example", "https://id.example/path", "https://user@id.example", "ftp://id.example", "", "http://localhost.evil.example", "https://id.example?x"} {
		_, err := web.NewSite(web.Config{Issuer: issuer, FormKey: make([]byte, 32), Texts: good.site.Texts, Templates: good.site.Templates})
		if err == nil {
			t.Errorf("issuer %q was accepted", issuer)
		}
	}
	if _, err := web.NewSite(web.Config{Issuer: https, FormKey: make([]byte, 16), Texts: good.site.Texts, Templates: good.site.Templates}); err == nil {
		t.Error("a short form key was accepted")
	}
}
