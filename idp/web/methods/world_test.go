package methods_test

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"surety/cmd/sandbox/outbox"
	"surety/idp"
	"surety/idp/idptest/authenticator"
	"surety/idp/idptest/world"
)

// person is somebody with a browser, a phone, and devices.
type person struct {
	*world.Browser
	w            *world.World
	id           idp.AccountID
	login, phone string
	device       *authenticator.Device
}

func somebody(w *world.World) person {
	w.Helper()
	login := world.Random() + "@example.test"
	return person{Browser: w.Browser(), w: w, id: w.Seed(login).AccountID, login: login, device: authenticator.New(w.Issuer)}
}

// logIn goes to a page that needs somebody to be logged in, and is there.
func (p person) logIn(page string) world.Page {
	p.Helper()
	at := p.Get(page)
	if at.URL.Path != "/sign-in" {
		p.Fatalf("%s does not ask to log in but is at %s (%d):\n%s", page, at.URL, at.Status, at.Body)
	}
	return p.Submit(at, "continue", "login", p.login, "password", world.Password)
}

// addApp adds an authenticator app without a code to bind it.
func (p person) addApp() (world.App, world.Page) {
	p.Helper()
	page := p.Get("/methods/otp?skip=1")
	app := p.w.ScanApp(page)
	return app, p.Submit(page, "continue", "code", app.Code())
}

var options = regexp.MustCompile(`data-options="([^"]+)"`)

func (p person) options(page world.Page) []byte {
	p.Helper()
	m := options.FindStringSubmatch(page.Body)
	if m == nil {
		p.Fatalf("no question for a passkey at %s (%d):\n%s", page.URL, page.Status, page.Body)
	}
	return []byte(html.UnescapeString(m[1]))
}

// addPasskey answers the page as its script does.
func (p person) addPasskey(page world.Page, name string) world.Page {
	p.Helper()
	answer, err := p.device.Create(p.options(page))
	if err != nil {
		p.Fatal(err)
	}
	return p.Submit(page, "passkey", "credential", string(answer), "name", name)
}

// usePasskey answers the page as its script does.
func (p person) usePasskey(page world.Page, pairs ...string) world.Page {
	p.Helper()
	answer, err := p.device.Get(p.options(page))
	if err != nil {
		p.Fatal(err)
	}
	return p.Submit(page, "passkey", append(pairs, "credential", string(answer))...)
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

// link is the address of the first link that begins so.
func link(t *testing.T, p world.Page, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(`href="(` + pattern + `)"`).FindStringSubmatch(p.Body)
	if m == nil {
		t.Fatalf("no link like %s at %s:\n%s", pattern, p.URL, p.Body)
	}
	return strings.ReplaceAll(m[1], "&amp;", "&")
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

// stale is longer ago than a log-in that may change something.
const stale = 11 * time.Minute
