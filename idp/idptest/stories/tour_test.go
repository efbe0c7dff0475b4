package stories_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"surety/idp/idptest/world"
)

// TestPages_OfEveryFlowInEveryLanguage goes through all pages that a person
// without scripts can reach and looks at each.
func TestPages_OfEveryFlowInEveryLanguage(t *testing.T) {
	t.Parallel()
	w := house(t)
	seen := map[string]map[string]bool{}
	t.Run("languages", func(t *testing.T) {
		for _, lang := range []string{"be", "ru", "uk", "en"} {
			titles := map[string]bool{}
			seen[lang] = titles
			t.Run(lang, func(t *testing.T) {
				t.Parallel()
				g := &guide{T: t, w: w.For(t), lang: lang, titles: titles}
				g.entrance()
				g.registration()
				g.recovery()
				g.approval()
				g.failures()
			})
		}
	})
	for lang, titles := range seen {
		if len(titles) < 35 {
			t.Errorf("only %d titles in %s: %v", len(titles), lang, titles)
		}
		for title := range titles {
			if other := seen["en"]; lang != "en" && other[title] {
				t.Errorf("a page in %s is titled as in English: %q", lang, title)
			}
		}
	}
}

// guide leads through pages in a language.
type guide struct {
	*testing.T
	w      *world.World
	lang   string
	titles map[string]bool
}

func (g *guide) person() *world.Browser {
	b := person(g.w)
	b.Lang = g.lang
	return b
}

func (g *guide) entrance() {
	a, b, login := newAgency(g.w, ""), g.person(), email()
	g.w.Seed(login)
	g.look(b.Get("/"), http.StatusOK)
	g.look(b.Get("/terms"), http.StatusOK)
	g.look(b.Get("/parts"), http.StatusOK)
	page := g.look(b.Get(a.authorize()), http.StatusOK)
	g.look(b.Submit(page, "continue"), http.StatusUnprocessableEntity)
	g.look(b.Submit(page, "continue", "login", login), http.StatusUnprocessableEntity)
	for range 6 {
		page = b.Submit(page, "continue", "login", login, "password", "x")
		g.look(page, http.StatusUnprocessableEntity)
	}
	g.look(b.Submit(page, "continue", "login", login, "password", "x"), http.StatusTooManyRequests)
	b = g.person()
	g.look(logIn(b, b.Get("/sign-in"), login), http.StatusOK) // the account, with no agency yet
	g.look(b.Get(a.authorize("prompt", "login")), http.StatusOK)
	g.look(b.Get(a.authorize("prompt", "select_account")), http.StatusOK)
	g.look(b.Get(a.authorize("scope", "openid profile email phone offline_access")), http.StatusOK)
	page = b.Get(a.authorize())
	a.wantBack(b.Submit(page, "allow"))
	g.look(b.Get(a.authorize("prompt", "consent")), http.StatusOK)
	g.look(b.Get(a.authorize("response_mode", "form_post")), http.StatusOK)
	page = g.look(b.Get("/account"), http.StatusOK)
	g.look(b.Get("/logout"), http.StatusOK)
	g.look(b.Get("/logout?client_id="+a.id), http.StatusOK)
	g.look(b.Submit(page, "logout-everywhere"), http.StatusOK)
	b = g.person()
	page = logIn(b, b.Get("/sign-in"), login)
	g.look(b.Submit(page, "logout"), http.StatusOK)
	g.look(b.Get("/signed-out?client_id="+a.id), http.StatusOK)
}

func (g *guide) registration() {
	a, b, contact := newAgency(g.w, ""), g.person(), email()
	page := g.look(b.Get("/register"+interactionOf(b.Get(a.authorize()))), http.StatusOK)
	g.look(b.Submit(page, "continue"), http.StatusUnprocessableEntity)
	for _, bad := range []string{"anna@", "anna@exa_mple", "анна@example.test", "12", "+375171234567", "+375", "\u0007", strings.Repeat("x", 400)} {
		g.look(b.Submit(page, "continue", "contact", bad, "terms", "1"), http.StatusUnprocessableEntity)
	}
	g.look(b.Submit(page, "continue", "contact", contact, "terms", "1", "terms_version", "0"), http.StatusUnprocessableEntity)
	page = g.look(b.Submit(page, "continue", "contact", contact, "terms", "1"), http.StatusOK)
	mail := g.w.Mail(contact, 0)
	g.message(mail.Subject + "\n" + mail.Text)
	g.look(b.Submit(page, "resend"), http.StatusTooManyRequests)
	g.look(b.Submit(page, "continue", "code", "1"), http.StatusUnprocessableEntity)
	for range 3 {
		g.look(b.Submit(page, "continue", "code", wrong(mail.Code)), http.StatusUnprocessableEntity)
	}
	other := g.person()
	opened := g.look(other.Get(mail.Links[0]), http.StatusOK)
	g.look(other.Submit(opened, "continue"), http.StatusOK)
	page = g.look(b.Get(mail.Links[0]), http.StatusOK)
	page = g.look(b.Submit(page, "continue"), http.StatusOK)
	g.look(b.Submit(page, "continue"), http.StatusUnprocessableEntity)
	g.look(b.Submit(page, "continue", "family_name", strings.Repeat("x", 101), "given_name", "1", "patronymic", "x", "no_patronymic", "1", "password", "password1234"), http.StatusUnprocessableEntity)
	g.look(b.Submit(page, "continue", names...), http.StatusOK)

	b, before := g.person(), lastTo(g.w, contact)
	number := phone()
	page = g.look(begin(b, number, ""), http.StatusOK)
	sms := g.w.Mail(number, 0)
	g.message(sms.Text)
	g.look(b.Submit(page, "continue", "code", sms.Code), http.StatusOK)
	_ = before
	// One more account with an address in use, whose owner was seeded: the
	// throttle would hold up a second message to the same one.
	used := email()
	g.w.Seed(used)
	page = b.Submit(begin(b, used, ""), "continue", "code", g.w.Mail(used, 0).Code)
	g.message(g.w.Mail(used, 0).Text)
	g.look(page, http.StatusOK)
	g.look(b.Submit(page, "continue"), http.StatusUnprocessableEntity)
	last := lastTo(g.w, used)
	page = g.look(b.Submit(b.Submit(page, "continue", "choice", "new"), "continue", names...), http.StatusOK)
	secret(loginName.FindStringSubmatch(page.Body)[1])
	g.message(g.w.Mail(used, last).Text)
}

func (g *guide) recovery() {
	b, login, unknown := g.person(), email(), email()
	g.w.Seed(login)
	g.w.AddContact(g.w.Seed(login).AccountID, "phone", phone())
	page := g.look(b.Get("/recover"), http.StatusOK)
	g.look(b.Submit(page, "continue", "contact", "x"), http.StatusUnprocessableEntity)
	g.look(b.Submit(page, "continue", "contact", unknown), http.StatusOK)
	g.message(g.w.Mail(unknown, 0).Text)
	page = g.look(b.Submit(page, "continue", "contact", login), http.StatusOK)
	mail := g.w.Mail(login, 0)
	g.message(mail.Text)
	g.look(b.Submit(page, "continue", "code", wrong(mail.Code)), http.StatusUnprocessableEntity)
	other := g.person()
	opened := g.look(other.Get(mail.Links[0]), http.StatusOK)
	g.look(other.Submit(opened, "continue"), http.StatusOK)
	page = g.look(b.Get(mail.Links[0]), http.StatusOK)
	page = g.look(b.Submit(page, "continue"), http.StatusOK)
	g.look(b.Submit(page, "continue", "password", login), http.StatusUnprocessableEntity)
	g.look(b.Submit(page, "continue", "password", newPassword), http.StatusOK)
	g.look(b.Get(mail.Links[0]), http.StatusGone)
}

func (g *guide) approval() {
	a, b, login := newAgency(g.w, ""), g.person(), email()
	seeded := g.w.Seed(login)
	exec1(g.w, `UPDATE account SET terms_version = '1999-01-01' WHERE account_id = $1`, seeded.AccountID)
	page := g.look(logIn(b, b.Get(a.authorize()), login), http.StatusOK)
	g.look(b.Submit(page, "continue"), http.StatusUnprocessableEntity)
	g.look(b.Submit(page, "continue", "terms", "1", "terms_version", "1999-01-01"), http.StatusUnprocessableEntity)
	page = g.look(b.Submit(page, "continue", "terms", "1"), http.StatusOK)
	a.wantBack(b.Submit(page, "deny"), "error", "access_denied")
	a.wantBack(b.Submit(page, "allow"), "error", "access_denied") // what was said stands
	page = b.Get(a.authorize())
	a.wantBack(b.Submit(page, "allow"))
	g.look(b.Submit(page, "allow"), http.StatusConflict)
	g.look(g.person().Get(page.URL.String()), http.StatusGone)
	frozen := email()
	seeded = g.w.Seed(frozen)
	exec1(g.w, `UPDATE account SET state = 'frozen' WHERE account_id = $1`, seeded.AccountID)
	b = g.person()
	g.look(logIn(b, b.Get("/sign-in"), frozen), http.StatusUnprocessableEntity)
}

func (g *guide) failures() {
	a, b := newAgency(g.w, ""), g.person()
	g.look(b.Get("/nowhere"), http.StatusNotFound)
	g.look(b.Get("/operator/nowhere"), http.StatusNotFound)
	g.look(b.Get("/operator/sign-in"), http.StatusOK)
	g.look(b.Get("/operator/invite?token=x"), http.StatusNotFound)
	g.look(b.Get("/token"), http.StatusMethodNotAllowed)
	g.look(b.Get(a.authorize("client_id", "nobody")), http.StatusBadRequest)
	g.look(b.Get(a.authorize("redirect_uri", "https://evil.example.test/")), http.StatusBadRequest)
	g.look(b.Get("/authorize?x=%zz"), http.StatusBadRequest)
	g.look(b.Get("/?x=%zz"), http.StatusBadRequest)
	g.look(b.Get("/?"+strings.Repeat("x", 17<<10)), http.StatusRequestEntityTooLarge)
	g.look(b.Get("/continue?interaction=0190d8a2-0000-7000-8000-000000000001"), http.StatusGone)
	g.look(b.Get("/register/link?t=x"), http.StatusGone)
	g.look(b.Get("/register/code?attempt=0190d8a2-0000-7000-8000-000000000001"), http.StatusNotFound)
	page := b.Get("/sign-in")
	got := formTo(b, page, "continue", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Accept-Language": {g.lang}}, func(url.Values) {})
	g.look(world.Page{URL: page.URL, Status: got.Status, Header: got.Header, Body: got.Body}, http.StatusForbidden)
}

// words are what people read of a page, and what is read out to them.
func words(n *html.Node, visit func(string)) {
	for n := range n.Descendants() {
		switch {
		case n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "style":
			visit(n.Data)
		case n.Type == html.ElementNode:
			for _, a := range n.Attr {
				if slices.Contains([]string{"aria-label", "title", "alt", "placeholder"}, a.Key) || strings.HasPrefix(a.Key, "data-") && !slices.Contains([]string{"data-none", "data-options"}, a.Key) {
					visit(a.Val)
				}
			}
		}
	}
}

var (
	// keyShape is how the keys of texts look.
	keyShape = regexp.MustCompile(`\b[a-z]+[a-z_-]*(\.[a-z_-]+)+\b|\berror_[a-z_]+`)
	// notKeys are addresses and file names, which look alike.
	notKeys  = regexp.MustCompile(`https?://\S+|\S+@\S+|\b(example|people\.example)\.test\b`)
	unfilled = regexp.MustCompile(`<no value>|\{\{|\}\}|%!|…$|\[\[|ZgotmplZ`)
)

// look fails for a page that is not as every page is, and returns it.
func (g *guide) look(p world.Page, status int) world.Page {
	g.Helper()
	if p.Away || p.Status != status {
		g.Fatalf("%s: %s is %d, want %d\n%s", g.lang, p.URL, p.Status, status, p.Body)
	}
	doc, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		g.Fatal(err)
	}
	wantLang(g.T, p, g.lang)
	headings := 0
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "h1":
			headings++
		case "title":
			g.titles[n.FirstChild.Data] = true
		case "style":
			g.Errorf("%s %s has inline style", g.lang, p.URL)
		case "script":
			if n.FirstChild != nil || value(n, "src") == "" || value(n, "integrity") != "" && value(n, "src") == "" {
				g.Errorf("%s %s has an inline script", g.lang, p.URL)
			}
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.TrimSpace(a.Val), "javascript:") {
				g.Errorf("%s %s has %s=%q", g.lang, p.URL, a.Key, a.Val)
			}
		}
	}
	if headings != 1 {
		g.Errorf("%s %s has %d h1", g.lang, p.URL, headings)
	}
	words(doc, func(text string) { g.message(text) })
	g.headers(p)
	// A form of a pending request may end at the agency, whose name it shows.
	if policy := p.Header.Get("Content-Security-Policy"); p.Has(`name="interaction"`) && !(p.Has(`<div class="context">`) && strings.Contains(policy, "form-action 'self' https://")) {
		g.Errorf("%s %s: no agency, or the form may not end there: %s", g.lang, p.URL, policy)
	}
	return p
}

func value(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// message fails for text in which a key leaks or a value is missing.
func (g *guide) message(text string) {
	g.Helper()
	plain := notKeys.ReplaceAllString(text, " ")
	if key := keyShape.FindString(plain); key != "" {
		g.Errorf("%s: a key of a text leaks: %q in %q", g.lang, key, text)
	}
	if bad := unfilled.FindString(plain); bad != "" {
		g.Errorf("%s: a text is not filled in: %q", g.lang, text)
	}
}

// headers fails for an answer without what protects every page.
func (g *guide) headers(p world.Page) {
	g.Helper()
	policy := p.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"} {
		if !strings.Contains(policy, part) {
			g.Errorf("%s has the policy %q without %q", p.URL, policy, part)
		}
	}
	for _, part := range []string{"unsafe-", "*", "http:", "data: 'self'"} {
		if strings.Contains(strings.ReplaceAll(policy, "img-src 'self' data:", ""), part) {
			g.Errorf("%s has the policy %q with %q", p.URL, policy, part)
		}
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8",
		"Cross-Origin-Opener-Policy": "same-origin",
	} {
		if got := p.Header.Get(name); got != want {
			g.Errorf("%s: %s is %q", p.URL, name, got)
		}
	}
	if got := p.Header.Get("Referrer-Policy"); got != "no-referrer" && got != "same-origin" {
		g.Errorf("%s: Referrer-Policy is %q", p.URL, got)
	}
}
