package stories_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"surety/idp/idptest/world"
)

// titles of the log-in page.
var titles = map[string]string{"be": "Увайсці", "ru": "Войти", "uk": "Увійти", "en": "Log in"}

// wantLang fails unless the page says that it is in the language.
func wantLang(t *testing.T, p world.Page, lang string) {
	t.Helper()
	if !p.Has(`<html lang="` + lang + `">`) {
		t.Fatalf("%s is not in %s:\n%s", p.URL, lang, p.Body[:min(len(p.Body), 300)])
	}
}

// TestLanguage_ByRequestThenCookieThenBrowser.
func TestLanguage_ByRequestThenCookieThenBrowser(t *testing.T) {
	t.Parallel()
	w := house(t)
	a := newAgency(w, "")
	for accepts, lang := range map[string]string{
		"uk": "uk", "ru-BY,ru;q=0.9,en;q=0.5": "ru", "de, be;q=0.5": "be", "de": "be", "": "be", "*": "be", "en-GB": "en", "xx;q=nonsense": "be",
		strings.Repeat("uk,", 2000): "be", "uk\u0430": "be",
	} {
		b := person(w)
		b.Lang = accepts
		wantLang(t, b.Get("/"), lang)
	}
	b := person(w)
	b.Lang = "en"
	wantLang(t, b.Get(a.authorize()), "en")
	page := b.Get(a.authorize("ui_locales", "xx fr-CA uk be"))
	wantLang(t, page, "uk")
	want(t, page, http.StatusOK, a.name)
	// The pages that follow have addresses of their own and stay in it.
	wantLang(t, b.Get("/register"+interactionOf(page)), "uk")
	wantLang(t, b.Get("/"), "uk")
	wantLang(t, b.Get("/?ui_locales=ru"), "ru") // the address says more than the cookie
	wantLang(t, b.Get("/"), "uk")
	wantLang(t, b.Get(a.authorize("ui_locales", "xx fr")), "uk") // none of ours changes nothing
	wantLang(t, b.Get(a.authorize("ui_locales", "be", "client_id", "nobody")), "be")
	for _, broken := range []string{"xx", "", "%00", strings.Repeat("ru ", 300)} {
		c := person(w)
		plant(c, "lang", broken)
		wantLang(t, c.Get("/"), "en")
	}
}

// TestLanguage_TheSwitchKeepsThePage and the pending request, wherever it is
// pressed: also after a form that was wrong, and on an error page.
func TestLanguage_TheSwitchKeepsThePage(t *testing.T) {
	t.Parallel()
	w := house(t)
	a, b, contact := newAgency(w, ""), person(w), email()
	page := b.Get(a.authorize("ui_locales", "uk"))
	interaction := page.URL.Query().Get("interaction")
	to := func(p world.Page, lang, path string) world.Page {
		t.Helper()
		p = b.Submit(p, "lang", "lang", lang)
		wantLang(t, p, lang)
		wantPath(t, p, path)
		want(t, p, http.StatusOK, a.name)
		if got := p.URL.Query().Get("interaction"); got != interaction {
			t.Fatalf("after the switch at %s, want interaction %s", p.URL, interaction)
		}
		return p
	}
	page = to(page, "be", "/sign-in")
	want(t, page, http.StatusOK, titles["be"])
	page = b.Submit(page, "continue", "login", contact, "password", "wrong")
	page = to(page, "ru", "/sign-in")
	page = to(b.Get("/register"+interactionOf(page)), "en", "/register")
	page = b.Submit(page, "continue", "contact", contact, "terms", "1")
	page = to(page, "uk", "/register/code")
	mail := w.Mail(contact, 0)
	page = to(b.Submit(page, "continue", "code", "1"), "en", "/register/code")
	page = b.Submit(page, "continue", "code", mail.Code)
	page = to(page, "ru", "/register/details")
	page = to(b.Submit(page, "continue", "family_name", "1"), "en", "/register/details")
	page = to(b.Submit(page, "continue", names...), "be", "/consent")
	a.redeem(b.Submit(page, "allow"))
	if !strings.Contains(mail.Text, "Your code") { // the language of the page that asked
		t.Errorf("the message was not in English: %s", mail.Text)
	}
	wantLang(t, b.Submit(b.Get("/nowhere?x=1"), "lang", "lang", "uk"), "uk")
	// It never leads away, and a language that is none of ours changes nothing.
	action, form := b.Form(b.Get("/terms"), "lang")
	for _, evil := range []string{"https://evil.example.test/", "//evil.example.test/", `/\evil.example.test`, "/\t/evil.example.test", "javascript:alert(1)", ""} {
		form.Set("return", evil)
		form.Set("lang", "xx")
		p := b.Post(action, form)
		if p.Away || p.URL.Path == "/terms" {
			t.Errorf("%q leads to %s", evil, p.URL)
		}
		wantLang(t, p, "uk")
	}
}

// TestLanguage_OfAnAgencysName: a name that is registered in several languages
// is shown in the person's.
func TestLanguage_OfAnAgencysName(t *testing.T) {
	t.Parallel()
	w := house(t)
	a, b := newAgency(w, `, "client_name#be": "Падатковая", "client_name#uk": "Податкова"`), person(w)
	for lang, name := range map[string]string{"be": "Падатковая", "uk": "Податкова", "en": a.name} {
		want(t, b.Get(a.authorize("ui_locales", lang)), http.StatusOK, name)
	}
}

// formTo posts a form of a page to where it belongs, with these headers.
func formTo(b *world.Browser, p world.Page, button string, header http.Header, change func(url.Values)) answer {
	b.Helper()
	action, form := b.Form(p, button)
	change(form)
	return send(b, http.MethodPost, action, form, header)
}
