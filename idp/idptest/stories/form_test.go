package stories_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"surety/idp/idptest/world"
	"surety/idp/server"
)

// filled is a form that is about to be sent.
type filled struct {
	b      *world.Browser
	name   string
	action string
	form   url.Values
	ends   int // status when it is sent as it should be
}

// formsOfEveryFlow brings browsers to every form that changes something and
// fills it in, in the order in which they can be sent.
func formsOfEveryFlow(t *testing.T, w *world.World) []filled {
	t.Helper()
	var all []filled
	add := func(b *world.Browser, p world.Page, button string, pairs ...string) {
		t.Helper()
		action, form := b.Form(p, button)
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		all = append(all, filled{b, p.URL.Path + " " + button, action, form, http.StatusSeeOther})
	}
	a := newAgency(w, "")
	b, login := person(w), email()
	seeded := w.Seed(login)
	page := b.Get(a.authorize())
	add(b, page, "continue", "login", login, "password", world.Password)
	add(b, page, "cancel")
	add(b, page, "lang", "lang", "ru")

	// One who is in the middle of registering, at each of its pages.
	starting, typing := person(w), person(w)
	add(starting, starting.Get("/register"), "continue", "contact", email(), "terms", "1")
	contact := email()
	page = begin(typing, contact, "")
	mail := w.Mail(contact, 0)
	add(typing, page, "continue", "code", mail.Code)
	clicking := person(w)
	second := email()
	begin(clicking, second, "")
	add(clicking, clicking.Get(w.Mail(second, 0).Links[0]), "continue")
	naming := person(w)
	third := email()
	page = naming.Submit(begin(naming, third, ""), "continue", "code", w.Mail(third, 0).Code)
	add(naming, page, "continue", names...)
	used, known := person(w), email()
	w.Seed(known)
	page = used.Submit(begin(used, known, ""), "continue", "code", w.Mail(known, 0).Code)
	add(used, page, "continue", "choice", "new")

	// One who has forgotten the password.
	asking, resetting := person(w), person(w)
	lost, found := email(), email()
	w.Seed(lost)
	w.Seed(found)
	add(asking, asking.Get("/recover"), "continue", "contact", lost)
	page = resetting.Submit(forgot(resetting, found, ""), "continue", "code", w.Mail(found, 0).Code)
	add(resetting, page, "continue", "password", newPassword)
	all[len(all)-1].ends = http.StatusOK

	// Those who are logged in: new terms, whose account, consent, log out.
	accepting := person(w)
	exec1(w, `UPDATE account SET terms_version = 'old' WHERE account_id = $1`, seeded.AccountID)
	add(accepting, logIn(accepting, accepting.Get(a.authorize()), login), "continue", "terms", "1")
	in, _ := entered(w)
	add(in, in.Get(a.authorize("prompt", "select_account")), "continue")
	add(in, in.Get(a.authorize()), "allow")
	denying, _ := entered(w)
	add(denying, denying.Get(a.authorize()), "deny")
	add(denying, denying.Get("/account"), "logout-everywhere")
	return append(all, formsOfFactors(t, w)...)
}

// formsOfFactors are those by which people look after their ways to log in, and
// prove more.
func formsOfFactors(t *testing.T, w *world.World) []filled {
	t.Helper()
	var all []filled
	add := func(b *world.Browser, p world.Page, button string, ends int, pairs ...string) {
		t.Helper()
		action, form := b.Form(p, button)
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		all = append(all, filled{b, p.URL.Path + " " + button, action, form, ends})
	}
	texting := person(w)
	add(texting, texting.Get("/sign-in/sms"), "send", http.StatusSeeOther, "phone", phone())
	// One who adds an app, and one who has one and looks after it.
	adding, _ := entered(w)
	page := adding.Get("/methods/otp")
	add(adding, page, "continue", http.StatusOK, "code", w.ScanApp(page).Code())
	having, _ := entered(w)
	page = having.Get("/methods/otp")
	having.Submit(page, "continue", "code", w.ScanApp(page).Code())
	page = having.Get("/methods")
	add(having, having.Get("/methods/recovery-codes"), "continue", http.StatusOK)
	add(having, having.Get(linkLike(t, page, "/methods/[0-9a-f-]+/remove")), "remove", http.StatusSeeOther)
	// One who is asked for more than they have, and goes back without.
	strict := newAgency(w, `, "minimum_level": "substantial"`)
	leaving, _ := entered(w)
	add(leaving, leaving.Get(strict.authorize()), "decline", http.StatusSeeOther)
	return all
}

// linkLike is the address of the first link of the page that is like it.
func linkLike(t *testing.T, p world.Page, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(`href="(` + pattern + `)"`).FindStringSubmatch(p.Body)
	if m == nil {
		t.Fatalf("no link like %s at %s:\n%s", pattern, p.URL, p.Body)
	}
	return m[1]
}

// TestForms_AreBelievedFromOurPagesAlone: without the page's token, with
// another browser's, from another site, as anything else than a form: each is
// refused with a clear page, and nothing that is stored changes. Then each is
// sent as it should be, to show that nothing else was wrong with it.
func TestForms_AreBelievedFromOurPagesAlone(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	forms := formsOfEveryFlow(t, w)
	_, others := person(w).Form(person(w).Get("/sign-in"), "continue")
	before := contents(w)
	for _, f := range forms {
		for name, attack := range map[string]struct {
			change func(url.Values)
			header http.Header
			status int
		}{
			"no token":           {change: func(v url.Values) { v.Del("csrf") }},
			"empty token":        {change: func(v url.Values) { v.Set("csrf", "") }},
			"wrong token":        {change: func(v url.Values) { v.Set("csrf", strings.Repeat("A", 43)) }},
			"another's token":    {change: func(v url.Values) { v.Set("csrf", others.Get("csrf")) }},
			"another site":       {header: http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example.test"}}},
			"a sister site":      {header: http.Header{"Sec-Fetch-Site": {"same-site"}, "Origin": {"http://other.localhost"}}},
			"old browser, evil":  {header: http.Header{"Origin": {"https://evil.example.test"}}},
			"old browser, null":  {header: http.Header{"Origin": {"null"}}},
			"another port":       {header: http.Header{"Origin": {"http://localhost:1"}}},
			"a form as text":     {header: http.Header{"Content-Type": {"text/plain"}}, status: http.StatusBadRequest},
			"a form of parts":    {header: http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}, status: http.StatusBadRequest},
			"without its cookie": {header: http.Header{"Cookie": {"surety-browser-" + port(t, w) + "=" + strings.Repeat("A", 43)}}},
		} {
			form := url.Values{}
			for k, v := range f.form {
				form[k] = append([]string(nil), v...)
			}
			if attack.change != nil {
				attack.change(form)
			}
			sender := f.b
			if attack.header.Get("Cookie") != "" {
				sender = person(w)
			}
			got := send(sender, http.MethodPost, f.action, form, attack.header)
			status := http.StatusForbidden
			if attack.status != 0 {
				status = attack.status
			}
			if got.Status != status || !strings.Contains(got.Body, `id="reference"`) || len(sessions(got)) > 0 {
				t.Errorf("%s, %s: %d %v\n%s", f.name, name, got.Status, sessions(got), got.Body)
			}
		}
	}
	wantUnchanged(w, before, "a forged form")
	for _, f := range forms {
		got := send(f.b, http.MethodPost, f.action, f.form, http.Header{"Origin": {w.Issuer}})
		if got.Status != f.ends {
			t.Errorf("%s as it should be: %d\n%s", f.name, got.Status, got.Body)
		}
	}
	after := contents(w)
	for _, table := range []string{"account", "session", "consent", "contact_proof", "interaction", "credential", "audit_event"} {
		if after[table] == before[table] {
			t.Errorf("forms that are as they should be do not change table %s: nothing was looked at", table)
		}
	}
}

// sessions are the session cookies that an answer sets.
func sessions(a answer) (set []string) {
	for _, c := range a.Header.Values("Set-Cookie") {
		if strings.Contains(c, "session") && !strings.Contains(c, "Max-Age=0") {
			set = append(set, c)
		}
	}
	return set
}

func port(t *testing.T, w *world.World) string {
	t.Helper()
	return mustParse(t, w.Issuer).Port()
}

// TestForms_AFloodOfThemIsTurnedAway, and only theirs who send it.
func TestForms_AFloodOfThemIsTurnedAway(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.WithConfig(func(c *server.Config) { c.FormsPerSecond = 0.5 }))
	b, other := person(w), person(w)
	page := b.Get("/sign-in")
	var last world.Page
	for n := 0; n < 50 && last.Status != http.StatusTooManyRequests; n++ {
		last = b.Submit(page, "lang", "lang", "en")
	}
	want(t, last, http.StatusTooManyRequests, "Too many", `id="reference"`)
	if wait := last.Header.Get("Retry-After"); wait == "" || wait == "0" {
		t.Errorf("Retry-After %q", wait)
	}
	want(t, other.Submit(other.Get("/sign-in"), "lang", "lang", "en"), http.StatusOK)
	want(t, b.Get("/sign-in"), http.StatusOK)
}

var reference = regexp.MustCompile(`id="reference">([A-Z0-9-]+)<`)

// TestR12_EveryErrorPageHasAReferenceThatIsInTheLog, with what happened and
// without anything that was typed.
func TestR12_EveryErrorPageHasAReferenceThatIsInTheLog(t *testing.T) {
	t.Parallel()
	w := house(t)
	a, b, typed := newAgency(w, ""), person(w), world.Random()
	in, _ := entered(w)
	done := in.Get(a.authorize())
	in.Submit(done, "allow")
	pages := []world.Page{
		b.Get("/nowhere"), b.Get("/sign-in/"), b.Get("/operator/nowhere"), b.Get("/token"), b.Post("/", url.Values{}), b.Post("/terms", nil),
		b.Get("/?x=%zz"), b.Get("/?x=" + strings.Repeat("x", 17<<10)), b.Get("/sign-in?login=%00"), b.Get("/register/link?t=" + typed),
		b.Get("/register/code?attempt=" + typed), b.Get("/recover/password"), b.Get("/register/details?attempt=0190d8a2-0000-7000-8000-000000000001"),
		b.Get(a.authorize("client_id", typed)), b.Get(a.authorize("redirect_uri", "https://evil.example.test/"+typed)), b.Get("/authorize"), b.Post("/authorize", url.Values{"x": {strings.Repeat("x", 65<<10)}}),
		b.Get("/continue"), b.Get("/continue?interaction=0190d8a2-0000-7000-8000-000000000001"), b.Get("/consent"), b.Get("/consent?interaction=0190d8a2-0000-7000-8000-000000000001"),
		in.Submit(done, "allow"), person(w).Submit(done, "allow"), b.Get("/logout?request=" + typed), b.Get("/logout?state=1&state=2"),
		b.Post("/sign-in", url.Values{"login": {typed}, "password": {typed}}), b.Get("/operator/invite?token=" + typed),
	}
	seen := map[string]bool{}
	for _, p := range pages {
		m := reference.FindStringSubmatch(p.Body)
		if p.Status < 400 || m == nil {
			t.Errorf("%s: %d has no reference:\n%s", p.URL, p.Status, p.Body)
			continue
		}
		if seen[m[1]] || p.Header.Get("X-Request-Id") != m[1] {
			t.Errorf("%s: the reference %s is another's, or not the request's %q", p.URL, m[1], p.Header.Get("X-Request-Id"))
		}
		seen[m[1]] = true
		line := logLine(w, m[1])
		if line == "" || !strings.Contains(line, fmt.Sprintf(`"status":%d`, p.Status)) || !strings.Contains(line, `"path":`) {
			t.Errorf("%s: the log says of %s: %q", p.URL, m[1], line)
		}
	}
	if strings.Contains(w.Logged(), typed) {
		t.Error("the log holds what was typed")
	}
}

// logLine is what the log says of a request.
func logLine(w *world.World, id string) string {
	for line := range strings.Lines(w.Logged()) {
		if strings.Contains(line, `"request_id":"`+id+`"`) {
			return line
		}
	}
	return ""
}

// TestCookies_TellNothingAndGoNowhereElse: their names, attributes and shape.
func TestCookies_TellNothingAndGoNowhereElse(t *testing.T) {
	t.Parallel()
	w := house(t)
	login := email()
	w.Seed(login)
	b := person(w)
	action, form := b.Form(b.Get("/sign-in"), "continue")
	form.Set("login", login)
	form.Set("password", world.Password)
	fresh := person(w)
	answers := []answer{
		send(fresh, http.MethodGet, "/sign-in", nil, nil), send(b, http.MethodPost, action, form, nil),
		send(b, http.MethodGet, newAgency(w, "").authorize("ui_locales", "uk"), nil, nil),
	}
	found := map[string]bool{}
	for _, a := range answers {
		for _, c := range (&http.Response{Header: a.Header}).Cookies() {
			short, ok := strings.CutSuffix(c.Name, "-"+port(t, w))
			found[short] = true
			if !ok || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure {
				t.Errorf("cookie %s", c.Raw)
			}
			if short != "surety-lang" && !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(c.Value) {
				t.Errorf("cookie %s is not 256 bits", c.Raw)
			}
		}
	}
	if len(found) != 3 || !found["surety-browser"] || !found["surety-session"] || !found["surety-lang"] {
		t.Errorf("cookies %v", found)
	}
}

// proxied reaches the house as through a proxy that ends TLS before it.
type proxied struct{ address string }

func (p proxied) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host, r.URL.Scheme, r.URL.Host = r.URL.Host, "http", p.address
	return http.DefaultTransport.RoundTrip(r)
}

// TestCookies_OnHTTPS have the prefix with which browsers keep them to this
// very host; and plain http is refused for any issuer but one on loopback.
func TestCookies_OnHTTPS(t *testing.T) {
	t.Parallel()
	w := world.New(t, func(w *world.World) {
		w.Issuer, w.Transport = "https://id.example.test", proxied{w.Config.Listen[0]}
	})
	login := email()
	w.Seed(login)
	b := w.Browser()
	page := b.Get("/sign-in")
	if got := page.Header.Get("Strict-Transport-Security"); !strings.HasPrefix(got, "max-age=") {
		t.Errorf("Strict-Transport-Security %q", got)
	}
	action, form := b.Form(page, "continue")
	form.Set("login", login)
	form.Set("password", world.Password)
	found := map[string]bool{}
	for _, a := range []answer{
		send(w.Browser(), http.MethodGet, "/", nil, nil), send(b, http.MethodPost, action, form, http.Header{"Origin": {w.Issuer}}),
		send(b, http.MethodPost, "/language", url.Values{"csrf": form["csrf"], "lang": {"uk"}}, nil),
	} {
		for _, c := range (&http.Response{Header: a.Header}).Cookies() {
			found[c.Name] = true
			if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("cookie %s", c.Raw)
			}
		}
	}
	if len(found) != 3 || !found["__Host-surety-browser"] || !found["__Host-surety-session"] || !found["__Host-surety-lang"] {
		t.Errorf("cookies %v", found)
	}
	wantPath(t, b.Get("/account"), "/account")
	c := w.Config
	for _, issuer := range []string{"http://id.example.test", "http://192.168.0.1", "http://localhost.example.test", "https://id.example.test/", "https://id.example.test/idp", "ftp://localhost", ""} {
		c.Issuer = issuer
		if err := server.Serve(t.Context(), c); err == nil || !strings.Contains(err.Error(), "SURETY_ISSUER") {
			t.Errorf("a server for the issuer %q: %v", issuer, err)
		}
	}
}
