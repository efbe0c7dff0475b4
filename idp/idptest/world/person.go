package world

import (
	"regexp"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"surety/idp"
)

// Confirm has the identity of the account proven at a counter, as later pages
// will. Anchored, the contacts that it has were confirmed there as well.
func (w *World) Confirm(account idp.AccountID, anchored bool) {
	w.Helper()
	owner, now := w.DB.Owner(w.TB), w.Now()
	for _, sql := range []string{
		`UPDATE account SET stage = 'confirmed' WHERE account_id = $1 AND $2::timestamptz IS NOT NULL`,
		`INSERT INTO proofing (proofing_id, account_id, method, method_version, stage, proofed_at)
			VALUES (gen_random_uuid(), $1, 'counter', 1, 'confirmed', $2)`,
		`UPDATE person_attribute SET source = 'counter', verified_at = $2 WHERE account_id = $1`,
	} {
		if _, err := owner.Exec(w.Context(), sql, account, now); err != nil {
			w.Fatal(err)
		}
	}
	if anchored {
		w.Anchor(account, now)
	}
}

// Anchor says since when the account's contacts stand as they were confirmed
// with the identity; the zero time: they do not.
func (w *World) Anchor(account idp.AccountID, since time.Time) {
	w.Helper()
	var at *time.Time
	if !since.IsZero() {
		at = &since
	}
	if _, err := w.DB.Owner(w.TB).Exec(w.Context(), `UPDATE contact SET anchored_at = $2 WHERE account_id = $1`, account, at); err != nil {
		w.Fatal(err)
	}
}

// App is an authenticator app on somebody's phone.
type App struct {
	world *World
	key   string
}

var keyOnPage = regexp.MustCompile(`id="key">([A-Z2-7 ]+)<`)

// ScanApp takes over the key that the page shows.
func (w *World) ScanApp(p Page) App {
	w.Helper()
	m := keyOnPage.FindStringSubmatch(p.Body)
	if m == nil {
		w.Fatalf("no key on the page at %s (%d):\n%s", p.URL, p.Status, p.Body)
	}
	return App{w, strings.ReplaceAll(m[1], " ", "")}
}

// SameApp is an app that has had the key since before the test.
func (w *World) SameApp(key string) App { return App{w, key} }

// Code is what the app shows now.
func (a App) Code() string {
	code, err := totp.GenerateCode(a.key, a.world.Now())
	if err != nil {
		a.world.Fatal(err)
	}
	return code
}

// Next waits for the app's next code: no code counts twice.
func (a App) Next() string {
	a.world.Advance(30 * time.Second)
	return a.Code()
}

var listed = regexp.MustCompile(`<li>([0-9A-Z-]+)</li>`)

// RecoveryCodes are those that the page shows.
func (p Page) RecoveryCodes() []string {
	var codes []string
	for _, m := range listed.FindAllStringSubmatch(p.Body, -1) {
		codes = append(codes, m[1])
	}
	return codes
}
