package grant_test

import (
	"testing"
	"time"

	"surety/idp"
	"surety/idp/grant"
	"surety/idp/idptest"
	store "surety/idp/postgres/grant"
	"surety/idp/session"
)

// bench is a database with one open session.
type bench struct {
	*testing.T
	store.Store
	db      *idptest.DB
	now     time.Time
	account string
	session string
}

func setup(t *testing.T) *bench {
	t.Helper()
	d := idptest.Database(t)
	b := &bench{T: t, Store: store.Store{DB: d.DB}, db: d, now: idptest.Start, account: idp.NewID(), session: idp.NewID()}
	b.exec(`INSERT INTO account (account_id, state, stage, language, tokens_valid_from, terms_version, terms_accepted_at, last_used_at, created_at)
		VALUES ($1, 'active', 'simplified', 'be', $2, '1', $2, $2, $2)`, b.account, b.now)
	hash, _ := session.HashSecret(session.NewSecret())
	b.exec(`INSERT INTO session (session_id, secret_hash, account_id, shared, uses, created_at, seen_at, idle_expires_at, expires_at)
		VALUES ($1, $2, $3, false, '[]', $4, $4, $5, $5)`, b.session, hash[:], b.account, b.now, b.now.Add(time.Hour))
	return b
}

func (b *bench) exec(sql string, args ...any) {
	b.Helper()
	if _, err := b.db.Exec(b.Context(), sql, args...); err != nil {
		b.Fatal(err)
	}
}

// issue is a complete Issue with a code of its own.
func (b *bench) issue(code byte) grant.Issue {
	id, age := idp.GrantID(idp.NewID()), 90*time.Second
	return grant.Issue{
		Now: b.now,
		Grant: grant.Grant{
			ID: id, ClientID: "agency", AccountID: idp.AccountID(b.account), SessionID: idp.SessionID(b.session), Subject: "sub", SID: "sid",
			Scopes: []string{"openid"}, Level: "basic", ACR: "urn:basic", AMR: []string{"pwd"}, Method: "password", AuthTime: b.now,
			MaxAge: &age, PolicyVersion: 7, Claims: []byte(`{"userinfo": ["name"]}`), CreatedAt: b.now, ExpiresAt: b.now.Add(time.Hour),
		},
		Code: grant.Code{Hash: [32]byte{code}, RedirectURI: "https://agency.example/cb", Challenge: "c", Nonce: "n", ExpiresAt: b.now.Add(time.Minute)},
	}
}

func TestIssueAndFind(t *testing.T) {
	t.Parallel()
	b := setup(t)
	want := b.issue(1)
	if err := b.Issue(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	h, err := b.Code(t.Context(), want.Code.Hash, b.now, b.now)
	if err != nil {
		t.Fatal(err)
	}
	g := h.Grant
	if g.ID != want.Grant.ID || *g.MaxAge != 90*time.Second || g.PolicyVersion != 7 || string(g.Claims) != string(want.Grant.Claims) ||
		h.Code.Nonce != "n" || h.Code.Challenge != "c" || !h.Code.UsedAt.IsZero() || !h.Valid(b.now) || h.Valid(b.now.Add(time.Hour)) {
		t.Errorf("found %+v", h)
	}
	if _, err := b.Code(t.Context(), [32]byte{9}, b.now, b.now); idp.CodeOf(err) != idp.CodeNotFound {
		t.Errorf("unknown code: %v", err)
	}
}

// TestIssue_Interaction completes an interaction once, in its browser, in time.
func TestIssue_Interaction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, browser := idp.NewID(), [32]byte{5}
	b.exec(`INSERT INTO interaction (interaction_id, browser_hash, client_id, sealed, created_at, expires_at)
		VALUES ($1, $2, 'agency', '', $3, $4)`, id, browser[:], b.now, b.now.Add(time.Hour))
	try := func(code byte, browser [32]byte, at time.Time) error {
		i := b.issue(code)
		i.InteractionID, i.BrowserHash, i.Now = idp.InteractionID(id), browser, at
		return b.Issue(t.Context(), i)
	}
	if err := try(1, [32]byte{6}, b.now); idp.CodeOf(err) != idp.CodeConflict {
		t.Errorf("another browser: %v", err)
	}
	if err := try(2, browser, b.now.Add(time.Hour)); idp.CodeOf(err) != idp.CodeConflict {
		t.Errorf("too late: %v", err)
	}
	if err := try(3, browser, b.now); err != nil {
		t.Errorf("in time: %v", err)
	}
	if err := try(4, browser, b.now); idp.CodeOf(err) != idp.CodeConflict {
		t.Errorf("again: %v", err)
	}
	var codes int
	if err := b.db.QueryRow(t.Context(), `SELECT count(*) FROM auth_code`).Scan(&codes); err != nil || codes != 1 {
		t.Errorf("%d codes, %v", codes, err)
	}
}

func TestRedeemAndRotate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	i := b.issue(1)
	if err := b.Issue(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	first, second := grant.Refresh{Hash: [32]byte{10}, ExpiresAt: i.Grant.ExpiresAt}, grant.Refresh{Hash: [32]byte{11}, ExpiresAt: i.Grant.ExpiresAt}
	redeem := grant.Redemption{Used: i.Code.Hash, Refresh: &first, Now: b.now}
	if err := b.Redeem(t.Context(), redeem); err != nil {
		t.Fatal(err)
	}
	if err := b.Redeem(t.Context(), redeem); idp.CodeOf(err) != idp.CodeConflict {
		t.Errorf("second use of the code: %v", err)
	}
	rotate := grant.Redemption{Used: first.Hash, Refresh: &second, Now: b.now, GraceFrom: b.now.Add(-10 * time.Second)}
	for range 2 { // a retry within the grace
		if err := b.Rotate(t.Context(), rotate); err != nil {
			t.Fatal(err)
		}
	}
	rotate.Now = b.now.Add(11 * time.Second)
	rotate.GraceFrom = rotate.Now.Add(-10 * time.Second)
	if err := b.Rotate(t.Context(), rotate); idp.CodeOf(err) != idp.CodeConflict {
		t.Errorf("after the grace: %v", err)
	}
	for range 2 { // revoking twice says it once
		if err := b.Revoke(t.Context(), i.Grant.ID, "test", b.now); err != nil {
			t.Fatal(err)
		}
	}
	var events int
	if err := b.db.QueryRow(t.Context(), `SELECT count(*) FROM audit_event WHERE type = 'grant.revoked'`).Scan(&events); err != nil || events != 1 {
		t.Errorf("%d events, %v", events, err)
	}
	if err := b.Rotate(t.Context(), grant.Redemption{Used: second.Hash, Refresh: &first, Now: b.now}); idp.CodeOf(err) != idp.CodeConflict {
		t.Errorf("after the revocation: %v", err)
	}
	if token, err := b.Signed(t.Context(), i.Grant.ID, "x", b.now, b.now); err != nil || token.Valid(b.now) {
		t.Errorf("token of a revoked grant: %+v %v", token, err)
	}
}

func TestUseAssertion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	use := func(client idp.ClientID, jti string) error { return b.UseAssertion(t.Context(), client, jti, b.now) }
	if err := use("a", "1"); err != nil {
		t.Fatal(err)
	}
	if err := use("a", "1"); idp.CodeOf(err) != idp.CodeConflict {
		t.Errorf("again: %v", err)
	}
	if err := use("b", "1"); err != nil {
		t.Errorf("another client: %v", err)
	}
}
