package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"surety/idp/web"
)

// TestReturn_NeverLeadsOffThisSite: whoever writes the link to the log-in page
// chooses no more than which of our pages comes after it.
func TestReturn_NeverLeadsOffThisSite(t *testing.T) {
	t.Parallel()
	const account = "/account"
	for page, want := range map[string]string{
		"":                                     account,
		"/":                                    account,
		"/methods/otp?a=1":                     "/methods/otp?a=1",
		"/methods?ui_locales=ru":               "/methods",
		"methods":                              account,
		"//evil.example/":                      account,
		"/%2F%2Fevil.example/":                 account,
		`/\evil.example/`:                      account,
		"https://evil.example/":                account,
		"https:evil.example":                   account,
		"javascript:alert(1)":                  account,
		"/a\r\nLocation: https://evil.example": account,
		"/a\tb":                                account,
		"/" + strings.Repeat("a", 2048):        account,
	} {
		r := httptest.NewRequest(http.MethodGet, "/sign-in?"+url.Values{"return": {page}}.Encode(), nil)
		if got := web.Onward(r); got != want {
			t.Errorf("return=%q leads to %q, want %q", page, got, want)
		}
		form := httptest.NewRequest(http.MethodPost, "/sign-in", strings.NewReader(url.Values{"return": {page}}.Encode()))
		form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if err := form.ParseForm(); err != nil {
			t.Fatal(err)
		}
		if got := web.Onward(form); got != want {
			t.Errorf("the field return=%q leads to %q, want %q", page, got, want)
		}
	}
}

// TestReturn_ARequestOfAnAgencyComesFirst: a pending request is never left for
// another page of ours.
func TestReturn_ARequestOfAnAgencyComesFirst(t *testing.T) {
	t.Parallel()
	const id = "0190d8a2-0000-7000-8000-000000000001"
	r := httptest.NewRequest(http.MethodGet, "/sign-in?return=/methods&interaction="+id, nil)
	if got := web.Onward(r); got != "/continue?interaction="+id {
		t.Errorf("leads to %q", got)
	}
}

// TestReturn_IsKeptByFormsAndLinks: the page to come back to goes through the
// log-in page, its language switch and its links, and through an error page.
func TestReturn_IsKeptByFormsAndLinks(t *testing.T) {
	t.Parallel()
	h := build(t, "https://id.example")
	w := httptest.NewRecorder()
	f := h.site.Frame(w, httptest.NewRequest(http.MethodGet, "/sign-in?return=/methods/otp", nil))
	if f.Return != "/methods/otp" || f.Link("/recover") != "/recover?return=%2Fmethods%2Fotp" {
		t.Errorf("frame returns to %q, links to %q", f.Return, f.Link("/recover"))
	}
	form := httptest.NewRequest(http.MethodPost, "/sign-in", strings.NewReader("return=%2Fmethods"))
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := form.ParseForm(); err != nil {
		t.Fatal(err)
	}
	if f := h.site.Frame(w, form); f.Path != "/sign-in?return=%2Fmethods" {
		t.Errorf("the language switch comes back to %q", f.Path)
	}
}

// TestLogInFirst_NamesThePage and nothing but a page of ours.
func TestLogInFirst_NamesThePage(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		"/methods":              "/sign-in?fresh=1&return=%2Fmethods",
		"https://evil.example/": "/sign-in?fresh=1&return=%2F",
	} {
		w := httptest.NewRecorder()
		if err := web.LogInFirst(w, httptest.NewRequest(http.MethodGet, "/methods", nil), page, true); err != nil {
			t.Fatal(err)
		}
		if got := w.Header().Get("Location"); got != want || w.Code != http.StatusSeeOther {
			t.Errorf("%s: %d %s", page, w.Code, got)
		}
	}
}
