package account_test

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"surety/consent"
	"surety/idp"
	"surety/idp/flow/account"
	"surety/idp/idptest/citizens"
	"surety/idp/interaction"
	"surety/idp/postgres/cluster"
	"surety/idp/session"
)

// TestADumpOfTheDatabaseNamesNobody lives through registration, recovery,
// log-in and a request with consent, and looks for what was typed and told in
// a dump of the whole database: as text, and as the bytes that text becomes.
func TestADumpOfTheDatabaseNamesNobody(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	agency := w.Client("tax", "")
	b := session.Browser{
		Hash: session.BrowserHash(session.NewSecret()), Source: "203.0.113.77", UserAgent: "TelltaleBrowser/9 (Firefox/140.0)", Language: "be",
	}
	secrets := []string{b.Source, b.UserAgent, "TelltaleBrowser"}

	// By e-mail, wrong code and all; with one wrong password.
	w.Register(b, "Hanna.Telltale@example.org")
	_ = logIn(w, b, "hanna.telltale@example.org", "telltale-wrong-password")
	if err := logIn(w, citizens.Browser("203.0.113.78"), "hanna.telltale@example.org", citizens.Password); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(time.Minute)
	// By telephone, with a second account of the same number and its made-up name.
	w.Register(citizens.Browser("203.0.113.79"), "+375 29 765-43-21")
	w.Clock.Advance(time.Minute)
	second := w.Register(citizens.Browser("203.0.113.79"), "+375 29 765-43-21")
	// One that is begun and not finished, and a recovery.
	w.Begin(citizens.Browser("203.0.113.80"), "unfinished.telltale@example.org")
	r := proveRecovery(w, b, "Hanna.Telltale@example.org")
	done, err := w.Account.ResetPassword(t.Context(), account.ResetPassword{Browser: b, ID: r.ID, Password: newPassword})
	if err != nil {
		t.Fatal(err)
	}
	b.Session = done.Ticket.Secret
	consentTo(w, b, agency.ID, "hint.telltale@example.org")

	for _, m := range w.Outbox() {
		secrets = append(secrets, m.Message.To, m.Token)
		if m.Code != "" {
			secrets = append(secrets, "'"+m.Code+"'", "\t"+m.Code+"\t", "code is "+m.Code)
		}
	}
	secrets = append(secrets,
		"hanna.telltale@example.org", "Telltale@", "unfinished.telltale", "hint.telltale", "7654321", "765-43-21",
		"Іваноўская", "Ганна", "telltale-wrong-password", citizens.Password, newPassword, second.Login,
		strings.ReplaceAll(second.Login, "-", ""), done.Ticket.Secret, "203.0.113.78", "203.0.113.79", "203.0.113.80")
	look(t, dumpOf(t, w), secrets)
}

// consentTo goes through a request whose login_hint is personal, and consents.
func consentTo(w *citizens.World, b session.Browser, client idp.ClientID, hint string) {
	w.Helper()
	now := w.Clock.Now()
	i := interaction.Interaction{
		ID: idp.InteractionID(idp.NewID()), CreatedAt: now, ExpiresAt: now.Add(interaction.Lifetime),
		Request: interaction.Request{
			ClientID: client, RedirectURI: "https://tax.example/cb", Scopes: []string{"openid", "profile", "email"},
			ConsentClaims: []string{"name", "family_name", "given_name", "email", "email_verified"}, LoginHint: hint, ReceivedAt: now,
		},
		Form: url.Values{"login_hint": {hint}, "client_id": {string(client)}},
	}
	if err := w.SignIn.Open(w.Context(), b.Hash, i); err != nil {
		w.Fatal(err)
	}
	screen, err := w.SignIn.ConsentScreen(w.Context(), b, i.ID)
	if err != nil || screen.Optional[0].Value != "Ганна Іваноўская" {
		w.Fatalf("consent screen: %+v, %v", screen.Optional, err)
	}
	if err := w.SignIn.Allow(w.Context(), b, i.ID, []string{"name", "family_name", "given_name", "email"}); err != nil {
		w.Fatal(err)
	}
	r, err := w.SignIn.Consent(w.Context(), whoIs(w, b), client)
	if err != nil || r.State(now) != consent.StateInForce {
		w.Fatalf("consent %+v, %v", r, err)
	}
}

func whoIs(w *citizens.World, b session.Browser) idp.AccountID {
	w.Helper()
	v, err := w.SignIn.Visitor(w.Context(), b.Session, w.Clock.Now())
	return citizens.Must(w.TB, v, err).Account.ID
}

// dumpOf returns the database as pg_dump writes it.
func dumpOf(t *testing.T, w *citizens.World) string {
	t.Helper()
	folder, err := cluster.Binaries()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), filepath.Join(folder, "pg_dump"), "--dbname="+w.URL).Output()
	if err != nil {
		t.Fatalf("pg_dump: %v", err)
	}
	if !strings.Contains(string(out), "COPY public.contact_proof") {
		t.Fatal("the dump holds no rows")
	}
	return string(out)
}

// look finds secrets as they are, in other letters, and as bytes are written:
// bytea in hexadecimal, base64 (at each of its three offsets), and percent signs.
func look(t *testing.T, dump string, secrets []string) {
	t.Helper()
	lower := strings.ToLower(dump)
	for _, s := range secrets {
		if s == "" {
			continue
		}
		forms := map[string]string{"as text": strings.ToLower(s), "in hexadecimal": hex.EncodeToString([]byte(s)), "escaped": strings.ToLower(url.QueryEscape(s))}
		for form, text := range forms {
			if strings.Contains(lower, text) {
				t.Errorf("the dump holds %q %s", s, form)
			}
		}
		for offset := range 3 {
			// What stands beside a value shifts its base64; the inner part stays the same.
			if enc := inner(s, offset); len(enc) >= 6 && strings.Contains(dump, enc) {
				t.Errorf("the dump holds %q in base64", s)
			}
		}
	}
}

func inner(s string, offset int) string {
	padded := strings.Repeat("x", offset) + s
	whole := padded[:len(padded)/3*3]
	enc := base64.StdEncoding.EncodeToString([]byte(whole))
	if offset > 0 && len(enc) >= 4 {
		enc = enc[4:]
	}
	return enc
}
