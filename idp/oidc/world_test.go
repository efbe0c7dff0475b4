package oidc_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/client"
	"surety/idp/flow/signin"
	"surety/idp/grant"
	"surety/idp/idptest"
	"surety/idp/keys"
	"surety/idp/oidc"
	"surety/idp/oidc/authorize"
	"surety/idp/oidc/claims"
	"surety/idp/oidc/store"
	"surety/idp/oidc/token"
	"surety/idp/oidc/userinfo"
	"surety/idp/oidc/verified"
	"surety/idp/postgres/account"
	"surety/idp/postgres/audit"
	consents "surety/idp/postgres/consent"
	"surety/idp/postgres/desk"
	grants "surety/idp/postgres/grant"
	"surety/idp/postgres/person"
	"surety/idp/session"
)

const (
	issuer    = "https://id.example"
	framework = "surety_test" // trust_framework of verified claims
)

// world is the endpoints over a real database with real keys. Only what
// stands outside (agencies, browsers, pages) is of the test's own making.
type world struct {
	testing.TB
	*idptest.DB
	clock    *idptest.Clock
	civil    *idptest.Clock
	ring     *keys.Ring
	subjects claims.Subjects
	grants   grants.Store
	batch    *audit.Batch
	policy   assurance.Policy
	rules    func() (assurance.Rules, error)
	offered  *offered
	mux      *http.ServeMux
	pages    *pages
	signin   *signin.Flow
	keySets  token.KeySets
	// between runs once, when a decision was made and before it is written.
	between func()
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{
		TB: t, DB: idptest.Database(t), clock: idptest.NewClock(time.Time{}), civil: idptest.NewClock(time.Time{}),
		ring: keys.NewRing(), policy: policy(), pages: &pages{},
	}
	w.rules = func() (assurance.Rules, error) { return assurance.One(w.policy), nil }
	w.offered = &offered{ProcedureCache: desk.NewProcedureCache(desk.NewProcedures(w.DB.DB), w.clock.Now)}
	w.subjects = claims.Subjects{Ring: w.ring}
	w.grants = grants.Store{DB: w.DB.DB}
	w.batch = audit.NewBatch(audit.New(w.ring.Seal), w.DB.DB, w.clock.Now, slog.New(slog.DiscardHandler))
	w.keySets = token.NewFetcher(http.DefaultClient, w.clock.Now)
	w.mount()
	return w
}

// mount wires the endpoints as idp/server does.
func (w *world) mount() {
	log := slog.New(slog.NewTextHandler(w.Output(), nil))
	clients := desk.NewClientCache(desk.NewClients(w.DB.DB), w.clock.Now)
	people := account.New(w.DB.DB, w.ring)
	visits := signin.New(
		signin.Config{Rules: w.now(), Terms: "1"},
		signin.Parts{
			Sessions: people, Interactions: people, Consents: consents.New(w.DB.DB, w.ring), Clients: clients, Subjects: w.subjects,
			Procedures: w.offered, Now: w.clock.Now, Civil: w.civil.Now,
		},
	)
	w.signin = visits
	set := signingKeys(w)
	holders := person.New(w.DB.DB, w.ring)
	proven := verified.Source{Framework: framework, Zone: time.UTC, Rules: w.now(), Procedures: w.offered, Civil: w.civil.Now}
	a := authorize.New(authorize.Config{
		Issuer: issuer, Grants: grant.DefaultLifetimes(), Sessions: session.DefaultLifetimes(), Terms: "1",
	}, authorize.Dependencies{
		Clients: clients, Visits: visits, Interactions: visits, Codes: codes{w}, Browser: cookies{}, Pages: w.pages,
		Subjects: w.subjects, Keys: func() *keys.Set { return set }, Rules: w.now(), Procedures: w.offered,
		Now: w.clock.Now, Civil: w.civil.Now, Log: log,
	})
	k := token.New(token.Config{Issuer: issuer, Lifetimes: grant.DefaultLifetimes()}, token.Dependencies{
		Clients: clients, Grants: w.grants, Trail: w.batch, Ring: w.ring, KeySets: w.keySets,
		Keys: func() *keys.Set { return set }, Rules: w.now(), Procedures: w.offered,
		Holders: holders, Verified: proven, Now: w.clock.Now, Civil: w.civil.Now, Log: log,
	})
	u := userinfo.New(userinfo.Config{
		Issuer: issuer, Keys: func() *keys.Set { return set }, Holders: holders, Clients: clients, Opaque: store.Opaque,
		Verified: proven, Clock: w.clock.Now, Civil: w.civil.Now, Log: log,
	})
	w.mux = http.NewServeMux()
	w.mux.Handle("/userinfo", u)
	w.mux.Handle("/authorize", a.Authorize())
	w.mux.Handle("/continue", a.Continue())
	w.mux.Handle("/token", oidc.CrossOrigin(k.Token(), "POST"))
	w.mux.Handle("/introspect", k.Introspect())
	w.mux.Handle("/outcomes/{reference}", k.Outcome())
	w.mux.Handle("/revoke", oidc.CrossOrigin(k.Revoke(), "POST"))
}

// now gives the rules that the test has put in force by the time they are asked for.
func (w *world) now() func() (assurance.Rules, error) {
	return func() (assurance.Rules, error) { return w.rules() }
}

// signingKeys are the same for all tests: making RSA keys is slow.
func signingKeys(w *world) *keys.Set {
	w.Helper()
	all, err := madeKeys()
	if err != nil {
		w.Fatal(err)
	}
	set, err := keys.NewSet(all, w.clock.Now())
	if err != nil {
		w.Fatal(err)
	}
	return set
}

var madeKeys = sync.OnceValues(func() ([]keys.SigningKey, error) {
	var all []keys.SigningKey
	for _, alg := range keys.Algorithms() {
		k, err := keys.NewSigningKey(alg, idptest.Start)
		if err != nil {
			return nil, err
		}
		k.PublishedAt, k.ActiveAt = idptest.Start.Add(-48*time.Hour), idptest.Start.Add(-24*time.Hour)
		all = append(all, k)
	}
	return all, nil
})

// Levels of the test policy.
const (
	acrBasic       = "urn:example:basic"
	acrSubstantial = "urn:example:substantial"
)

func policy() assurance.Policy {
	return assurance.Policy{Version: 1,
		Levels: []assurance.Level{
			{Name: "basic", ACR: acrBasic, Identity: assurance.StageSimplified, Login: []assurance.Alternative{{{Method: assurance.MethodPassword}}}},
			{Name: "substantial", ACR: acrSubstantial, Identity: assurance.StageConfirmed, Login: []assurance.Alternative{{{Method: assurance.MethodPassword}}}},
		},
		Steps: []assurance.Step{{Action: assurance.ActionLogin, Method: assurance.MethodPassword}},
	}
}

// exec runs a statement of the test itself.
func (w *world) exec(sql string, args ...any) {
	w.Helper()
	if _, err := w.DB.Exec(w.Context(), sql, args...); err != nil {
		w.Fatalf("%s: %v", sql, err)
	}
}

// count reads one number.
func (w *world) count(sql string, args ...any) (n int) {
	w.Helper()
	if err := w.DB.QueryRow(w.Context(), sql, args...).Scan(&n); err != nil {
		w.Fatalf("%s: %v", sql, err)
	}
	return n
}

// person makes an account.
func (w *world) person() idp.AccountID {
	id := idp.NewID()
	_, key, err := w.ring.NewDataKey([]byte(id))
	if err != nil {
		w.Fatal(err)
	}
	w.exec(`INSERT INTO account (account_id, state, stage, data_key, language, tokens_valid_from, terms_version, terms_accepted_at, last_used_at, created_at)
		VALUES ($1, 'active', 'simplified', $3, 'be', $2, '1', $2, $2, $2)`, id, w.clock.Now(), key)
	w.exec(`INSERT INTO credential (credential_id, account_id, method, verifier, changed_at, created_at)
		VALUES ($1, $2, 'password', '', $3, $3)`, idp.NewID(), id, w.clock.Now())
	return idp.AccountID(id)
}

// confirm proves the person's identity.
func (w *world) confirm(id idp.AccountID) {
	w.exec(`UPDATE account SET stage = 'confirmed' WHERE account_id = $1`, string(id))
	w.exec(`INSERT INTO proofing (proofing_id, account_id, method, method_version, stage, proofed_at)
		VALUES ($1, $2, 'counter', 1, 'confirmed', $3)`, idp.NewID(), string(id), w.civil.Now())
}

// agree stores the consent of a person to a client.
func (w *world) agree(id idp.AccountID, a *agency, scopes ...string) {
	names := append([]string{}, claims.Names(scopes, claims.Request{})...)
	w.exec(`UPDATE consent SET superseded_by = $3 WHERE account_id = $1 AND client_id = $2 AND superseded_by IS NULL AND withdrawn_at IS NULL`,
		string(id), string(a.ID), idp.NewID())
	w.exec(`INSERT INTO consent (consent_id, account_id, client_id, scopes, claims, granted_at)
		VALUES ($1, $2, $3, $4, $5, $6)`, idp.NewID(), string(id), string(a.ID), scopes, names, w.civil.Now())
}

// browser is a person's browser: it has cookies and follows no redirect.
type browser struct {
	*world
	cookies map[string]string
}

func (w *world) browser() *browser { return &browser{world: w, cookies: map[string]string{}} }

// logIn gives the browser a session of the person, begun now.
func (b *browser) logIn(id idp.AccountID) *browser {
	b.Helper()
	secret := session.NewSecret()
	hash, _ := session.HashSecret(secret)
	now := b.clock.Now()
	uses, err := json.Marshal([]assurance.Use{{Method: assurance.MethodPassword, At: now, AMR: []string{"pwd"}}})
	if err != nil {
		b.Fatal(err)
	}
	l := session.DefaultLifetimes()
	b.exec(`INSERT INTO session (session_id, secret_hash, account_id, shared, uses, created_at, seen_at, idle_expires_at, expires_at)
		VALUES ($1, $2, $3, false, $4, $5, $5, $6, $7)`, idp.NewID(), hash[:], string(id), uses, now, now.Add(l.Idle), now.Add(l.Absolute))
	b.cookies["session"] = secret
	return b
}

// logOut ends the browser's session on the server.
func (b *browser) logOut() {
	hash, _ := session.HashSecret(b.cookies["session"])
	b.exec(`UPDATE session SET ended_at = $2, ended_reason = 'logout' WHERE secret_hash = $1`, hash[:], b.clock.Now())
}

// send sends a request with the browser's cookies and keeps those it gets.
func (b *browser) send(r *http.Request) *httptest.ResponseRecorder {
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	rec := httptest.NewRecorder()
	b.mux.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		b.cookies[c.Name] = c.Value
	}
	return rec
}

func (b *browser) get(path string) *httptest.ResponseRecorder {
	return b.send(httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil))
}

// authorize sends an authorization request by GET.
func (b *browser) authorize(p url.Values) *httptest.ResponseRecorder {
	return b.get("/authorize?" + p.Encode())
}

// code sends an authorization request and returns the code it is answered with.
func (b *browser) code(p url.Values) string {
	b.Helper()
	rec := b.authorize(p)
	code := answerOf(b, rec).Get("code")
	if code == "" {
		b.Fatalf("no code: %d %s %s", rec.Code, rec.Header().Get("Location"), rec.Body)
	}
	return code
}

// answerOf returns the parameters of a redirect.
func answerOf(t testing.TB, rec *httptest.ResponseRecorder) url.Values {
	t.Helper()
	u, err := url.Parse(rec.Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// agency is a relying party with its secret.
type agency struct {
	*client.Client
	secret string
	world  *world
}

const verifier = "an-agency-makes-forty-three-or-more-such-characters"

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// agency registers a client, confidential unless the change says otherwise.
func (w *world) agency(change func(*client.Metadata)) *agency {
	w.Helper()
	m := client.Metadata{
		Names: client.Localized{"": "Agency"}, Homes: client.Localized{"": "https://agency.example/home"},
		RedirectURIs: []string{"https://agency.example/cb"}, TokenEndpointAuthMethod: client.AuthSecretBasic,
		GrantTypes: []client.GrantType{client.GrantAuthorizationCode, client.GrantRefreshToken},
	}
	if change != nil {
		change(&m)
	}
	c, err := client.New(idp.ClientID("agency-"+idp.NewID()), m, w.clock.Now())
	if err != nil {
		w.Fatal(err)
	}
	secret, hash := client.NewSecret(client.HashWith(w.ring))
	c.Secrets = []client.Secret{hash}
	err = w.DB.InTx(w.Context(), func(ctx context.Context, tx idp.Tx) error { return desk.NewClients(w.DB.DB).Insert(ctx, tx, c) })
	if err != nil {
		w.Fatal(err)
	}
	return &agency{Client: c, secret: secret, world: w}
}

// request is a plain authorization request of the agency; changes come in
// pairs of name and value, an empty value taking the parameter out.
func (a *agency) request(changes ...string) url.Values {
	p := url.Values{
		"client_id": {string(a.ID)}, "redirect_uri": {a.RedirectURIs[0]}, "response_type": {"code"}, "scope": {"openid profile"},
		"state": {"st&te+1"}, "nonce": {"n-0S6_WzA2Mj"}, "code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == "" {
			p.Del(changes[i])
		} else {
			p.Set(changes[i], changes[i+1])
		}
	}
	return p
}

// reply is an answer of a protocol endpoint.
type reply struct {
	testing.TB
	status int
	header http.Header
	body   map[string]any
}

func (r reply) text(name string) string {
	s, _ := r.body[name].(string)
	return s
}

// want fails the test unless the reply is of the status and error.
func (r reply) want(status int, code string) {
	r.Helper()
	if r.status != status || r.text("error") != code {
		r.Fatalf("got %d %v, want %d %q", r.status, r.body, status, code)
	}
}

// call posts a form to a protocol endpoint, without any authentication.
func (w *world) call(ctx context.Context, path string, form url.Values, header http.Header) reply {
	w.Helper()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, values := range header {
		r.Header[name] = values
	}
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r)
	out := reply{TB: w, status: rec.Code, header: rec.Header()}
	if rec.Body.Len() > 0 {
		if err := json.Unmarshal(rec.Body.Bytes(), &out.body); err != nil {
			w.Errorf("answer is not JSON: %q", rec.Body)
		}
	}
	return out
}

// post posts a form, authenticated as the agency is registered.
func (a *agency) post(path string, form url.Values) reply {
	a.world.Helper()
	return a.postCtx(a.world.Context(), path, form)
}

func (a *agency) postCtx(ctx context.Context, path string, form url.Values) reply {
	a.world.Helper()
	header := http.Header{}
	switch a.TokenEndpointAuthMethod {
	case client.AuthSecretBasic:
		header.Set("Authorization", basic(string(a.ID), a.secret))
	case client.AuthSecretPost:
		form.Set("client_id", string(a.ID))
		form.Set("client_secret", a.secret)
	case client.AuthNone:
		form.Set("client_id", string(a.ID))
	}
	return a.world.call(ctx, path, form, header)
}

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
}

func (a *agency) exchange(code string, changes ...string) reply {
	a.world.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {a.RedirectURIs[0]}, "code_verifier": {verifier},
	}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == "" {
			form.Del(changes[i])
		} else {
			form.Set(changes[i], changes[i+1])
		}
	}
	return a.post("/token", form)
}

func (a *agency) refresh(token string, changes ...string) reply {
	a.world.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	for i := 0; i < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	return a.post("/token", form)
}

// tokens is a whole flow of a person who is logged in and has agreed.
func (a *agency) tokens(b *browser, changes ...string) reply {
	a.world.Helper()
	r := a.exchange(b.code(a.request(changes...)))
	r.want(http.StatusOK, "")
	return r
}

// active asks whether the agency's token is good.
func (a *agency) active(token string) bool {
	a.world.Helper()
	r := a.post("/introspect", url.Values{"token": {token}})
	r.want(http.StatusOK, "")
	return r.body["active"] == true
}

// payload returns what a token says, and its header. It is not verified.
func payload(t testing.TB, token string) (head, body map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", token)
	}
	for i, into := range []*map[string]any{&head, &body} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatal(err)
		}
	}
	return head, body
}

// setup is what most tests begin with: an agency, and a person who has agreed
// and is logged in.
func setup(t testing.TB, change func(*client.Metadata)) (*world, *agency, *browser) {
	t.Helper()
	w := newWorld(t)
	a := w.agency(change)
	p := w.person()
	w.agree(p, a, "openid", "profile", "email", "phone", "offline_access")
	return w, a, w.browser().logIn(p)
}

// cookies are plain: which prefix they carry is the pages' business.
type cookies struct{}

func (cookies) Session(r *http.Request) string      { return valueOf(r, "session") }
func (cookies) KnownBrowser(r *http.Request) string { return valueOf(r, "browser") }

func (c cookies) Browser(w http.ResponseWriter, r *http.Request) string {
	if id := c.KnownBrowser(r); id != "" {
		return id
	}
	id := idp.NewID()
	cookie := &http.Cookie{Name: "browser", Value: id}
	r.AddCookie(cookie)
	http.SetCookie(w, cookie)
	return id
}

func valueOf(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// pages tell the test what would be shown.
type pages struct {
	mu       sync.Mutex // guards what follows
	failure  oidc.Failure
	formPost oidc.FormPost
}

func (p *pages) Error(w http.ResponseWriter, _ *http.Request, f oidc.Failure) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failure = f
	w.WriteHeader(f.Status)
	_, _ = w.Write([]byte("page: " + f.Kind))
}

func (p *pages) FormPost(w http.ResponseWriter, _ *http.Request, f oidc.FormPost) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.formPost = f
	_, _ = w.Write([]byte("page: form_post"))
}

func (p *pages) ConfirmLogout(http.ResponseWriter, *http.Request, oidc.ConfirmLogout) {}

func (p *pages) last() oidc.Failure {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failure
}

func hasScope(scope, s string) bool { return slices.Contains(strings.Fields(scope), s) }

func httpGet(ctx context.Context, path string) *http.Request {
	return httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
}

func codeForm(a *agency, code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {a.RedirectURIs[0]}, "code_verifier": {verifier},
	}
}

func refreshForm(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
}

func ownForm() url.Values { return url.Values{"grant_type": {"client_credentials"}} }

func tokenForm(token string) url.Values { return url.Values{"token": {token}} }

// serviceClient is a client that acts for itself.
func serviceClient(m *client.Metadata) {
	m.GrantTypes = []client.GrantType{client.GrantClientCredentials}
	m.RedirectURIs = nil
	m.Scope = "registry:read registry:write"
}

// accountOf is who is logged in in the browser.
func accountOf(b *browser) (id idp.AccountID) {
	b.Helper()
	hash, _ := session.HashSecret(b.cookies["session"])
	err := b.DB.QueryRow(b.Context(), `SELECT account_id::text FROM session WHERE secret_hash = $1`, hash[:]).Scan((*string)(&id))
	if err != nil {
		b.Fatal(err)
	}
	return id
}

// advance moves protocol time. What waits for the audit is written first, as
// the worker of production would have.
func (w *world) advance(d time.Duration) time.Time {
	w.Helper()
	if err := w.batch.Flush(w.Context()); err != nil {
		w.Fatal(err)
	}
	return w.clock.Advance(d)
}

// codes lets a test change the world before the last write.
type codes struct{ *world }

func (c codes) Issue(ctx context.Context, i grant.Issue) error {
	if f := c.between; f != nil {
		c.between = nil
		f()
	}
	return c.grants.Issue(ctx, i)
}

func (c codes) KeepOutcome(ctx context.Context, o grant.Outcome) error {
	return c.grants.KeepOutcome(ctx, o)
}

// userInfo asks UserInfo with a token.
func (w *world) userInfo(token string) reply {
	w.Helper()
	return w.call(w.Context(), "/userinfo", url.Values{}, http.Header{"Authorization": {"Bearer " + token}})
}
