package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/flow/account"
	"surety/idp/idptest/world"
	"surety/idp/server"

	"github.com/go-jose/go-jose/v4"
)

// mode is a response_mode; the empty one is the default, query.
type mode string

const formPost mode = "form_post"

// op is the provider under test, as one test sees it.
type op struct {
	testing.TB
	world *world.World
	meta  map[string]any
	keys  jose.JSONWebKeySet
	http  *http.Client // of programs: no cookies, no redirects
	mode  mode         // of the requests that are made
	next  *atomic.Int64
	bases []string // login names of people
}

// persons is how many people a world has by e-mail. Tests take turns, so that
// no person logs in from many browsers in the same moment.
const persons = 8

// People with other contacts: a telephone and no e-mail, and both.
const (
	byPhone   = "+375291234567"
	withBoth  = "both@example.test"
	bothPhone = "+375291234568"
	proven    = "proven@example.test" // confirmed at a counter
	withApp   = "app@example.test"    // the same, with an authenticator app
	appKey    = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
)

// start opens a world and checks what every module of the suite checks first:
// metadata and keys.
func start(t testing.TB, options ...world.Option) *op {
	t.Helper()
	w := world.New(t, options...)
	o := &op{TB: t, world: w, next: &atomic.Int64{}, http: &http.Client{
		Transport: w.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	var seeds []account.Seed
	for i := range persons {
		o.bases = append(o.bases, fmt.Sprintf("person%d@example.test", i))
	}
	for _, contact := range append([]string{byPhone, withBoth}, o.bases...) {
		seeds = append(seeds, account.Seed{
			Contact: contact, FamilyName: "Kavalenka", GivenName: "Hanna", Patronymic: "Piatrouna", Password: world.Password, Language: "be",
		})
	}
	atCounter := seeds[0]
	atCounter.Contact, atCounter.Stage, atCounter.Attributes = proven, assurance.StageConfirmed, map[string]string{"birthdate": "1984-02-29"}
	atCounter.Proofings = []assurance.Proofing{{Method: assurance.ProofingCounter, Version: 1, Stage: assurance.StageConfirmed, At: w.Now().Add(-time.Hour)}}
	app := atCounter
	app.Contact, app.TOTP = withApp, appKey
	seeds = append(seeds, atCounter, app)
	made, err := server.Seed(t.Context(), w.Config, seeds)
	if err != nil {
		t.Fatal(err)
	}
	w.AddContact(made[1].AccountID, idp.ContactPhone, bothPhone)
	o.discover()
	return o
}

// on returns the provider for a subtest, which then is what fails.
func (o *op) on(t testing.TB) *op {
	c := *o
	c.TB, c.world = t, o.world.For(t)
	return &c
}

// discover reads metadata and keys as a client does.
func (o *op) discover() {
	o.Helper()
	r := o.get(o.world.Issuer + "/.well-known/openid-configuration")
	o.wantJSON(r, http.StatusOK)
	o.meta = r.json
	if o.meta["issuer"] != o.world.Issuer {
		o.Fatalf("issuer is %v, want %s", o.meta["issuer"], o.world.Issuer)
	}
	keys := o.get(o.endpoint("jwks_uri"))
	if keys.StatusCode != http.StatusOK {
		o.Fatalf("keys: %d", keys.StatusCode)
	}
	checkKeys(o, keys.body)
	if err := json.Unmarshal(keys.body, &o.keys); err != nil {
		o.Fatal(err)
	}
}

// endpoint is an address out of the metadata.
func (o *op) endpoint(name string) string {
	o.Helper()
	s, _ := o.meta[name].(string)
	if s == "" {
		o.Fatalf("the metadata have no %s", name)
	}
	return s
}

// lists is a list out of the metadata.
func (o *op) lists(name string) []string {
	o.Helper()
	raw, ok := o.meta[name].([]any)
	if !ok {
		o.Fatalf("%s is no list: %v", name, o.meta[name])
	}
	var out []string
	for _, v := range raw {
		s, ok := v.(string)
		if !ok {
			o.Fatalf("%s holds %v", name, v)
		}
		out = append(out, s)
	}
	return out
}

// checkKeys holds a key set to what section 0 asks of it.
func checkKeys(t testing.TB, body []byte) {
	t.Helper()
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil || len(set.Keys) == 0 {
		t.Fatalf("no key set: %v %s", err, body)
	}
	seen := map[string]bool{}
	for _, k := range set.Keys {
		kid, _ := k["kid"].(string)
		if kid == "" || seen[kid] {
			t.Errorf("kid %q is missing or there twice", kid)
		}
		seen[kid] = true
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
			if _, there := k[private]; there {
				t.Errorf("key %s has the private member %s", kid, private)
			}
		}
		raw, _ := json.Marshal(k)
		var key jose.JSONWebKey
		if err := json.Unmarshal(raw, &key); err != nil || !key.Valid() || !key.IsPublic() {
			t.Errorf("key %s: %v", kid, err)
		}
		if bits := strength(key); bits != "" {
			t.Errorf("key %s: %s", kid, bits)
		}
	}
}

// reply is an answer that was read.
type reply struct {
	*http.Response
	body []byte
	json map[string]any // if it is a JSON object
}

func (r reply) text(member string) string {
	s, _ := r.json[member].(string)
	return s
}

func (o *op) send(req *http.Request) reply {
	o.Helper()
	resp, err := o.http.Do(req)
	if err != nil {
		o.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		o.Fatal(err)
	}
	r := reply{Response: resp, body: body}
	_ = json.Unmarshal(body, &r.json) // whoever needs it asks wantJSON
	return r
}

func (o *op) request(method, address string, body io.Reader, header ...string) *http.Request {
	o.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(o.Context()), method, address, body)
	if err != nil {
		o.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return req
}

func (o *op) get(address string, header ...string) reply {
	o.Helper()
	return o.send(o.request(http.MethodGet, address, nil, header...))
}

func (o *op) post(address string, form url.Values, header ...string) reply {
	o.Helper()
	req := o.request(http.MethodPost, address, strings.NewReader(form.Encode()), header...)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return o.send(req)
}

// crossSite are the headers of a browser whose form was on an agency's page.
// It brings no cookies along (SameSite=Lax), so op.post sends it.
func crossSite(origin string) []string {
	return []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Origin", origin, "Accept", "text/html"}
}

func (o *op) wantJSON(r reply, status int) {
	o.Helper()
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.StatusCode != status || err != nil || kind != "application/json" || r.json == nil {
		o.Fatalf("%s: want %d and JSON, got %d, %q: %s", r.Request.URL.Path, status, r.StatusCode, kind, r.body)
	}
}
