package stepup_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"surety/cmd/sandbox/outbox"
	"surety/idp"
	"surety/idp/idptest/world"
)

// agency is one that needs more of people than a password.
type agency struct {
	*world.World
	id, home string
}

const (
	basic       = "https://surety.example/demo/level/basic"
	substantial = "https://surety.example/demo/level/substantial"
	high        = "https://surety.example/demo/level/high"
)

func newAgency(w *world.World, members string) agency {
	w.Helper()
	home := "https://" + world.Random() + ".example.test"
	made := w.Register(`{"client_name": "Tax office", "redirect_uris": ["` + home + `/cb"], "scope": "openid"` + members + `}`)
	return agency{w, string(made.Client.ID), home}
}

func (a agency) authorize(pairs ...string) string {
	sum := sha256.Sum256([]byte(strings.Repeat("v", 43)))
	q := url.Values{
		"response_type": {"code"}, "client_id": {a.id}, "redirect_uri": {a.home + "/cb"}, "scope": {"openid"}, "state": {"s1"}, "nonce": {"n1"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return "/authorize?" + q.Encode()
}

// person is somebody with a browser who can be reached.
type person struct {
	*world.Browser
	w            *world.World
	id           idp.AccountID
	login, phone string
}

// confirmed is a person whose identity is confirmed, with an e-mail address and
// a phone that were confirmed with it.
func confirmed(w *world.World) person {
	w.Helper()
	p := somebody(w)
	p.phone = "+3752912" + digits(w)
	w.AddContact(p.id, idp.ContactPhone, p.phone)
	w.Confirm(p.id, true)
	return p
}

func somebody(w *world.World) person {
	w.Helper()
	login := world.Random() + "@example.test"
	return person{Browser: w.Browser(), w: w, id: w.Seed(login).AccountID, login: login}
}

// digits are five that no other test uses.
func digits(w *world.World) string {
	sum := sha256.Sum256([]byte(world.Random()))
	out := make([]byte, 5)
	for i := range out {
		out[i] = '0' + sum[i]%10
	}
	return string(out)
}

// comes is what the person sees who comes from the agency and logs in.
func (p person) comes(address string) world.Page {
	p.Helper()
	page := p.Get(address)
	if page.URL.Path != "/sign-in" {
		return page
	}
	return p.Submit(page, "continue", "login", p.login, "password", world.Password)
}

// goes presses the link with this id.
func (p person) goes(page world.Page, id string) world.Page {
	p.Helper()
	m := regexp.MustCompile(`<a[^>]* id="` + id + `"[^>]* href="([^"]+)"|<a[^>]* href="([^"]+)"[^>]* id="` + id + `"`).FindStringSubmatch(page.Body)
	if m == nil {
		p.Fatalf("no link %s at %s (%d):\n%s", id, page.URL, page.Status, page.Body)
	}
	return p.Get(strings.ReplaceAll(m[1]+m[2], "&amp;", "&"))
}

// addApp adds an authenticator app, bound by a code to the phone.
func (p person) addApp(page world.Page) (world.App, world.Page) {
	p.Helper()
	page = p.Submit(page, "send", "contact", contactAt(page, "+375"))
	page = p.Submit(page, "continue", "code", p.code(0).Code)
	app := p.w.ScanApp(page)
	return app, p.Submit(page, "continue", "code", app.Code())
}

// code waits for the next message to the phone that holds a code.
func (p person) code(after int64) outbox.Message {
	p.Helper()
	for {
		m := p.w.Mail(p.phone, after)
		if m.Code != "" {
			return m
		}
		after = m.ID
	}
}

// contactAt is the value of the choice whose label begins so.
func contactAt(page world.Page, begins string) string {
	for _, m := range regexp.MustCompile(`name="contact" value="([^"]+)"[^>]*><span><strong>([^<]+)<`).FindAllStringSubmatch(page.Body, -1) {
		if strings.HasPrefix(strings.ReplaceAll(m[2], "&#43;", "+"), begins) {
			return m[1]
		}
	}
	return ""
}

func wantPath(t *testing.T, p world.Page, path string) {
	t.Helper()
	if p.Away || p.URL.Path != path {
		t.Fatalf("at %s (%d), want %s:\n%s", p.URL, p.Status, path, p.Body)
	}
}

func wantText(t *testing.T, p world.Page, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !p.Has(text) {
			t.Errorf("%s does not say %q:\n%s", p.URL, text, p.Body)
		}
	}
}

func wantBack(t *testing.T, a agency, p world.Page, name, value string) {
	t.Helper()
	if !p.Away || !strings.HasPrefix(p.URL.String(), a.home+"/cb?") {
		t.Fatalf("not back at the agency but at %s (%d):\n%s", p.URL, p.Status, p.Body)
	}
	if got := p.URL.Query().Get(name); got == "" || value != "" && got != value {
		t.Fatalf("back with %s, want %s=%s", p.URL, name, value)
	}
}

// zero is no time at all.
var zero time.Time

// noPhones takes the phones of the person away.
func noPhones(w *world.World, p person) {
	w.Helper()
	if _, err := w.DB.Owner(w.TB).Exec(w.Context(), `DELETE FROM contact WHERE account_id = $1 AND kind = 'phone'`, p.id); err != nil {
		w.Fatal(err)
	}
}
