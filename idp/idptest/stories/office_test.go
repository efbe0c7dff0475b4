package stories_test

import (
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/flow/account"
	"surety/idp/idptest/authenticator"
	"surety/idp/idptest/world"
)

// office is a program of the sample agency that a test plays itself, beside the
// agency's own: it sends whatever it likes to Surety, and calls the agency's API
// with the token that it got.
type office struct {
	*agency
	shop *world.Agency
}

// newOffice registers one more client of the sample agency.
func newOffice(w *world.World, shop *world.Agency, members string) *office {
	w.Helper()
	host := world.Random() + ".example.test"
	a := &agency{World: w, redirect: "https://" + host + "/cb", name: "Town registry", verifier: strings.Repeat("v", 43)}
	made := w.RegisterFor(shop.ID, "", `{"client_name": "`+a.name+`", "redirect_uris": ["`+a.redirect+`"], "resources": ["`+shop.API+`"],
		"scope": "openid profile offline_access", "grant_types": ["authorization_code", "refresh_token"]`+members+`}`)
	a.id, a.secret = string(made.Client.ID), made.Secret
	return &office{a, shop}
}

// forUs is a copy for another test, which then is the one that fails.
func (o *office) forUs(t testing.TB) *office {
	a := *o.agency
	a.World = o.For(t)
	return &office{&a, o.shop}
}

// plain is a request for a log-in alone, with a token for the API.
func (o *office) plain(pairs ...string) string {
	return o.authorize(append([]string{"scope", "openid", "resource", o.shop.API}, pairs...)...)
}

// asking is a request for procedures.
func (o *office) asking(code string, pairs ...string) string {
	return o.plain(append([]string{"authorization_details", wanting(code)}, pairs...)...)
}

// wanting is authorization_details for the procedures with these codes.
func wanting(codes ...string) string {
	type entry struct {
		Type string `json:"type"`
		Code string `json:"code"`
	}
	var all []entry
	for _, code := range codes {
		all = append(all, entry{"procedure", code})
	}
	text, _ := json.Marshal(all) // strings always marshal
	return string(text)
}

// challenge is what an API says is missing (RFC 9470).
type challenge map[string]string

var parameter = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)

func readChallenge(header string) challenge {
	c := challenge{}
	for _, m := range parameter.FindAllStringSubmatch(header, -1) {
		c[m[1]] = m[2]
	}
	return c
}

// calls asks the API for a procedure with a token and nothing else.
func (o *office) calls(code, token string) (int, world.Delivered, challenge) {
	o.Helper()
	status, d, header := o.shop.Ask(o, code, token)
	return status, d, readChallenge(header)
}

// letsIn fails unless the API delivers by the token alone.
func (o *office) letsIn(code, token string) world.Delivered {
	o.Helper()
	status, d, c := o.calls(code, token)
	if status != http.StatusOK || d.Procedure != code {
		o.Fatalf("the API of %s: %d %v", code, status, c)
	}
	return d
}

// turnsAway fails unless the API asks for the procedure.
func (o *office) turnsAway(code, token string) challenge {
	o.Helper()
	status, d, c := o.calls(code, token)
	if status != http.StatusUnauthorized || c["error"] != "insufficient_user_authentication" || c["procedure"] != code {
		o.Fatalf("the API of %s: %d %v %v", code, status, d, c)
	}
	return c
}

// outcome is what an agency may fetch about a requirement that was not met.
type outcome struct {
	Outcome   string
	Procedure string
	Required  struct{ Level, ACR string }
	Held      *struct{ Level string }
	Missing   []struct{ Axis, Stage string }
}

// fetch asks for the outcome that an error_uri names.
func (a *agency) fetch(uri string) (back, outcome) {
	a.Helper()
	req, err := http.NewRequestWithContext(a.Context(), http.MethodGet, uri, nil)
	if err != nil {
		a.Fatal(err)
	}
	req.SetBasicAuth(a.id, a.secret)
	got := a.decode(do(a, &http.Client{Transport: a.Transport}, req))
	var o outcome
	if err := json.Unmarshal([]byte(got.Body), &o); err != nil {
		a.Fatal(err)
	}
	return got, o
}

// citizen is somebody at some stage, with a telephone and perhaps devices.
type citizen struct {
	*world.Browser
	w            *world.World
	id           idp.AccountID
	login, phone string
	app          world.App
	device       *authenticator.Device
}

// appKey is the secret of everybody's authenticator app.
const appKey = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

// citizens makes accounts that were confirmed as the change says, each with a
// telephone of its own that was confirmed with the identity.
func citizens(w *world.World, number int, change func(*account.Seed)) []citizen {
	w.Helper()
	all, seeds := make([]citizen, number), make([]account.Seed, number)
	for i := range all {
		all[i] = citizen{Browser: person(w), w: w, login: email(), phone: phone(), app: w.SameApp(appKey), device: authenticator.New(w.Issuer)}
		seeds[i] = account.Seed{
			Contact: all[i].login, CreatedAt: w.Now().AddDate(-1, 0, 0), Contacts: []account.SeedContact{{Value: all[i].phone, Anchored: true}},
		}
		change(&seeds[i])
	}
	for i, made := range w.SeedAll(seeds...) {
		all[i].id = made.AccountID
	}
	return all
}

// provenBy is the stage that was reached so many days ago; the document that
// was shown ends in so many, 0: none is known.
func provenBy(now time.Time, m assurance.ProofingMethod, stage assurance.Stage, ago, ends int) func(*account.Seed) {
	return func(s *account.Seed) {
		p := assurance.Proofing{Method: m, Version: 1, Stage: stage, At: now.AddDate(0, 0, -ago)}
		if ends != 0 {
			p.DocumentUntil = now.AddDate(0, 0, ends)
		}
		s.Stage, s.Proofings = stage, []assurance.Proofing{p}
	}
}

// atACounter is the usual citizen.
func atACounter(w *world.World) func(*account.Seed) {
	return provenBy(w.Now(), assurance.ProofingCounter, assurance.StageConfirmed, 120, 5*365)
}

// confirmedCitizen is somebody whose identity was confirmed at a counter.
func confirmedCitizen(w *world.World, app bool) citizen {
	w.Helper()
	at := atACounter(w)
	return citizens(w, 1, func(s *account.Seed) {
		at(s)
		if app {
			s.TOTP = appKey
		}
	})[0]
}

// elsewhere is the same person in another browser.
func (c citizen) elsewhere() citizen {
	c.Browser = person(c.w)
	return c
}

// comes goes to an address and logs in by the password where asked to.
func (c citizen) comes(address string) world.Page {
	c.Helper()
	page := c.Get(address)
	if page.URL.Path == "/sign-in" && !page.Away {
		page = logIn(c.Browser, page, c.login)
	}
	return page
}

// agrees presses the button of the consent page, if that is where one is.
func (c citizen) agrees(page world.Page) world.Page {
	c.Helper()
	if !page.Away && page.URL.Path == "/consent" {
		return c.Submit(page, "allow")
	}
	return page
}

// code waits for the next code to the telephone.
func (c citizen) code(after int64) string {
	c.Helper()
	for {
		m := c.w.Mail(c.phone, after)
		if m.Code != "" {
			return m.Code
		}
		after = m.ID
	}
}

var passkeyOptions = regexp.MustCompile(`data-options="([^"]+)"`)

// addsPasskey gives the account a passkey of the person's device, bound by a
// code to the telephone where that can be had.
func (c citizen) addsPasskey() {
	c.Helper()
	wantPath(c, c.comes("/sign-in"), "/account")
	page := c.Get("/methods/passkey")
	if page.URL.Path == "/methods/bind" {
		page = c.Submit(c.Submit(page, "send"), "continue", "code", c.code(0))
	}
	wantPath(c, page, "/methods/passkey")
	answer, err := c.device.Create(optionsOf(c, page))
	if err != nil {
		c.Fatal(err)
	}
	wantPath(c, c.Submit(page, "passkey", "credential", string(answer), "name", "Phone"), "/methods")
}

// usesPasskey answers the question of the page as its script does.
func (c citizen) usesPasskey(page world.Page) world.Page {
	c.Helper()
	answer, err := c.device.Get(optionsOf(c, page))
	if err != nil {
		c.Fatal(err)
	}
	return c.Submit(page, "passkey", "credential", string(answer))
}

func optionsOf(t testing.TB, page world.Page) []byte {
	t.Helper()
	m := passkeyOptions.FindStringSubmatch(page.Body)
	if m == nil {
		t.Fatalf("no question for a passkey at %s (%d):\n%s", page.URL, page.Status, page.Body)
	}
	return []byte(html.UnescapeString(m[1]))
}

// hostOf is the host of an address.
func hostOf(t *testing.T, address string) string {
	t.Helper()
	return mustParse(t, address).Host
}
