package stories_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"surety/idp/audit"
	"surety/idp/idptest/world"
	"surety/idp/server"
)

// everybodys are names and passwords that many people have here.
var everybodys = []string{"Kavalenka", "Hanna", "Piatrouna", "Каваленка", world.Password, newPassword}

// TestPersonalData_IsNotInADump: after everything that a person can do, the
// database as pg_dump writes it holds neither address, number, name, internet
// address, browser, login name, hint, code nor any secret of theirs in clear,
// hexadecimal or base64.
func TestPersonalData_IsNotInADump(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	a := newAgency(w, "")
	const agent, address = "TelltaleBrowser/9 (Firefox/140.0; X11; Linux)", "127.77.66.55"
	secrets := append([]string{agent, "TelltaleBrowser", address}, everybodys...)
	b := w.Browser()
	b.Client.Transport = from(t, address, agent)
	contact, number, hint := "Hanna.Telltale@people.example.test", "+375331234567", "hint.telltale@people.example.test"
	secrets = append(secrets, contact, strings.ToLower(contact), "Telltale@", "telltale", number, number[1:], "33 123-45-67", "331234567", hint)

	// By e-mail with a wrong code, in a request with a hint; then by phone, twice.
	page := begin(b, contact, interactionOf(b.Get(a.authorize("login_hint", hint, "scope", "openid profile email phone offline_access"))))
	mail := w.Mail(contact, 0)
	page = b.Submit(page, "continue", "code", wrong(mail.Code))
	page = b.Submit(page, "continue", "code", mail.Code)
	page = b.Submit(page, "continue", "family_name", "Каваленка", "given_name", "Ганна", "patronymic", "Пятроўна", "password", world.Password)
	want(t, page, http.StatusOK, "Ганна")
	tokens := a.redeem(b.Submit(page, "allow"))
	tokens = a.refresh(tokens)
	secrets = append(secrets, "Ганна", "Пятроўна", a.userinfo(tokens).text("name"), tokens.text("refresh_token"), cookies(b)["session"], cookies(b)["browser"])
	phoned := person(w)
	registered(w, phoned, number, "")
	w.Advance(31 * time.Second)
	secrets = append(secrets, another(w, number))

	// A wrong password, a log-in elsewhere, a forgotten password, log-outs.
	try(person(w), contact, "telltale-wrong-password")
	before := lastTo(w, contact)
	wantPath(t, try(person(w), contact, world.Password), "/account")
	before = w.Mail(contact, before).ID // of the log-in in a new browser
	w.Advance(31 * time.Second)
	page = b.Submit(forgot(b, contact, ""), "continue", "code", w.Mail(contact, before).Code)
	want(t, b.Submit(page, "continue", "password", newPassword), http.StatusOK)
	secrets = append(secrets, cookies(b)["session"])
	b.Submit(b.Get("/account"), "logout-everywhere")
	try(b, contact, newPassword)
	b.Submit(b.Get("/account"), "logout")
	begin(person(w), "unfinished."+hint, "")
	v := messages(w, contact)
	for _, m := range append(v, messages(w, number)...) {
		if m.Code != "" {
			secrets = append(secrets, "'"+m.Code+"'", "\t"+m.Code+"\t", "is "+m.Code)
		}
		for _, link := range m.Links {
			if _, token, ok := strings.Cut(link, "?t="); ok {
				secrets = append(secrets, token)
			}
		}
	}
	secrets = append(secrets, "unfinished."+hint)
	search(w, dump(w), secrets)
	for _, s := range secrets {
		if strings.Contains(w.Logged(), s) {
			t.Errorf("the log holds %q", s)
		}
	}
	wantAudit(t, w)
}

// wantAudit waits until everything is sealed, verifies the whole chain, and
// shows that it would not be in order with one event less.
func wantAudit(t *testing.T, w *world.World) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var report audit.Report
	for tick := time.NewTicker(200 * time.Millisecond); ; {
		var err error
		if report, err = server.VerifyAudit(ctx, w.Config, audit.Head{}); err != nil {
			t.Fatal(err)
		}
		if report.Pending == 0 || !report.OK() {
			tick.Stop()
			break
		}
		<-tick.C
	}
	if !report.OK() || report.Events < 20 {
		t.Fatalf("audit: %+v", report)
	}
	if again, err := server.VerifyAudit(ctx, w.Config, report.Head); err != nil || !again.OK() {
		t.Errorf("audit with a head that was written down: %+v, %v", again, err)
	}
	exec1(w, `DELETE FROM audit_event WHERE event_id = (SELECT max(event_id) FROM audit_event WHERE type = 'password.reset')`)
	if broken, err := server.VerifyAudit(ctx, w.Config, report.Head); err != nil || broken.OK() {
		t.Errorf("audit without one of its events: %+v, %v", broken, err)
	}
}
