package policy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/client"
	"surety/idp/contact"
	"surety/idp/flow/policy"
	"surety/idp/idptest"
	"surety/idp/keys"
	"surety/idp/postgres/account"
	"surety/idp/postgres/audit"
	"surety/idp/postgres/db"
	"surety/idp/postgres/desk"
	"surety/idp/procedure"
	"surety/idp/profile"
	"surety/idp/strict"
)

// policySource is a policy of three levels. strict asks for an app at the
// second one; without top there is no third.
func policySource(version int, strict, top bool) []byte {
	checked, more := "[[password]]", ""
	if strict {
		checked = "[[password, otp]]"
	}
	if top {
		more = `
  - name: substantial
    acr: https://id.example.org/level/substantial
    identity: confirmed
    login: [[password, otp], [password, sms]]`
	}
	return fmt.Appendf(nil, `version: %d
levels:
  - name: basic
    acr: https://id.example.org/level/basic
    identity: simplified
    login: [[password]]
  - name: checked
    acr: https://id.example.org/level/checked
    identity: standard
    login: %s%s
steps:
  - {action: login, method: password, takes: 1m}
`, version, checked, more)
}

// bench is the use cases on a database of their own.
type bench struct {
	*policy.Service
	t     *testing.T
	ctx   context.Context
	db    *idptest.DB
	clock *idptest.Clock
	ring  *keys.Ring
}

func setup(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, ctx: t.Context(), db: idptest.Database(t), clock: idptest.NewClock(idptest.Start), ring: keys.NewRing()}
	b.Service = policy.New(policy.Deps{
		Clock: b.clock.Now, Parse: profile.ParsePolicy, Profile: "demo", InTx: b.db.InTx, Policies: desk.NewPolicies(b.db.DB),
		Procedures: desk.NewProcedures(b.db.DB), Clients: desk.NewClients(b.db.DB), Standings: account.New(b.db.DB, b.ring),
		Audit: audit.New(b.ring.Seal), Contacts: contact.Rules{Region: "BY"}, InForce: b.inForce,
	})
	return b
}

// inForce is the policy in force, as a process knows it.
func (b *bench) inForce() (assurance.Policy, error) {
	found, err := b.Policies.Since(b.ctx, nil, b.clock.Now())
	if err != nil || len(found) == 0 {
		return assurance.Policy{}, err
	}
	return b.Parse("in force", []byte(found[0].Source))
}

// audited lists the types of all events so far, in order.
func (b *bench) audited() (types []string) {
	b.t.Helper()
	b.must(b.db.QueryRow(b.ctx, `SELECT coalesce(array_agg(type ORDER BY xid, event_id), '{}') FROM audit_event`).Scan(&types))
	return types
}

// versions counts the policies that are stored.
func (b *bench) versions() (n int) {
	b.t.Helper()
	b.must(b.db.QueryRow(b.ctx, `SELECT count(*) FROM policy`).Scan(&n))
	return n
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// client registers a client that takes nobody below the level.
func (b *bench) client(id idp.ClientID, minimum assurance.LevelName) {
	b.t.Helper()
	c, err := client.New(id, client.Metadata{
		Names: client.Localized{"": "Portal"}, RedirectURIs: []string{"https://portal.example/cb"}, MinimumLevel: minimum,
	}, idptest.Start)
	b.must(err)
	b.must(b.db.InTx(b.ctx, func(ctx context.Context, tx idp.Tx) error { return desk.NewClients(b.db.DB).Insert(ctx, tx, c) }))
}

// begin brings the first policy into force.
func (b *bench) begin() {
	b.t.Helper()
	if _, err := b.Begin(b.ctx, 1, policySource(1, false, true)); err != nil {
		b.t.Fatal(err)
	}
}

// people makes n accounts; every third is confirmed, every sixth has an app
// besides its password. What they are called nobody could decrypt.
func (b *bench) people(n int) {
	b.t.Helper()
	for _, sql := range []string{`
		INSERT INTO account (account_id, state, stage, data_key, language, tokens_valid_from, terms_version, terms_accepted_at, last_used_at, created_at)
		SELECT lpad(n::text, 32, '0')::uuid, CASE WHEN n = 1 THEN 'closed' ELSE 'active' END,
			CASE WHEN n % 3 = 0 THEN 'confirmed' ELSE 'simplified' END, 'nonsense', 'en', $1, '1', $1, $1, $1
		FROM generate_series(1, $2::int) n`, `
		INSERT INTO credential (credential_id, account_id, method, verifier, changed_at, created_at)
		SELECT gen_random_uuid(), lpad(n::text, 32, '0')::uuid, m, '', $1, $1
		FROM generate_series(1, $2::int) n, (VALUES ('password'), ('otp')) v (m)
		WHERE m = 'password' OR n % 6 = 0`, `
		INSERT INTO proofing (proofing_id, account_id, method, method_version, stage, proofed_at)
		SELECT gen_random_uuid(), lpad(n::text, 32, '0')::uuid, 'counter', 1, 'confirmed', $1
		FROM generate_series(3, $2::int, 3) n`,
	} {
		if _, err := b.db.Exec(b.ctx, sql, idptest.Start.Add(-time.Hour), n); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bench) procedure(code string, q assurance.Requirement) {
	b.t.Helper()
	p := procedure.Procedure{
		Agency: "tax", Code: code, Titles: map[string]string{"en": "Returns"}, Requirement: q, ValidFrom: idptest.Start.Add(-time.Hour),
	}
	err := b.db.InTx(b.ctx, func(ctx context.Context, tx idp.Tx) error {
		return desk.NewProcedures(b.db.DB).Insert(ctx, tx, p, idptest.Start)
	})
	b.must(err)
}

// attrs are the attributes of the last event of the type.
func (b *bench) attrs(kind string) map[string]string {
	b.t.Helper()
	var raw []byte
	b.must(b.db.QueryRow(b.ctx, `SELECT attrs FROM audit_event WHERE type = $1 ORDER BY xid DESC, event_id DESC LIMIT 1`, kind).Scan(&raw))
	var attrs map[string]string
	b.must(json.Unmarshal(raw, &attrs))
	return attrs
}

// TestBegin_ProcessesThatStartAtOnce leave one row and one event, and all
// of them decide by it.
func TestBegin_ProcessesThatStartAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	type result struct {
		p   idp.StoredPolicy
		err error
	}
	results := make(chan result, 6)
	for i := range cap(results) {
		go func() {
			p, err := b.Begin(b.ctx, 1+i%2, policySource(1+i%2, false, true))
			results <- result{p, err}
		}()
	}
	var versions []int
	for range cap(results) {
		r := <-results
		b.must(r.err)
		versions = append(versions, r.p.Version)
	}
	if slices.Min(versions) != slices.Max(versions) || b.versions() != 1 {
		t.Errorf("they begin with %v, %d rows", versions, b.versions())
	}
	if got := b.audited(); !slices.Equal(got, []string{"policy.activated"}) {
		t.Errorf("events %v", got)
	}
	if p, err := b.Begin(b.ctx, 9, policySource(9, false, true)); err != nil || p.Version != versions[0] {
		t.Errorf("a later start begins with policy %d, %v", p.Version, err)
	}
}

// TestActivate_IsToldAheadAndAuditedWithItsDifferences.
func TestActivate_IsToldAheadAndAuditedWithItsDifferences(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin()
	b.people(12)
	b.procedure("3.77.01", assurance.Requirement{Level: "checked"})
	b.procedure("3.77.02", assurance.Requirement{Level: "substantial"})
	heard := make(chan string, 8)
	go b.db.Listen(b.ctx, desk.PolicyChanged, func(string) { heard <- "" })
	<-heard // connected
	b.clock.Advance(time.Hour)
	rehearsed, err := b.Activate(b.ctx, "command", "two.yaml", policySource(2, true, true), true)
	b.must(err)
	if b.versions() != 1 || len(b.audited()) != 1 || len(heard) > 0 {
		t.Error("a rehearsal left something behind")
	}
	done, err := b.Activate(b.ctx, "command", "two.yaml", policySource(2, true, true), false)
	b.must(err)
	<-heard
	want := policy.Reached{Before: 4, After: 2, Lose: 2}
	for _, d := range []policy.Difference{rehearsed.Diff, done.Diff} {
		if d.Accounts != 11 || d.Levels[1].Reached != want || d.Levels[1].Change != policy.LevelChanged {
			t.Errorf("differences %+v", d)
		}
		if d.Procedures[0].Reached != want || d.Procedures[1].Changed() {
			t.Errorf("procedures %+v", d.Procedures)
		}
	}
	stored, err := b.Stored(b.ctx, 2)
	b.must(err)
	if !stored.EffectiveAt.Equal(b.clock.Now().Add(10*time.Second)) || stored.ActivatedBy != "command" || stored.Source != string(policySource(2, true, true)) {
		t.Errorf("stored %+v", stored)
	}
	a := b.attrs("policy.activated")
	for name, want := range map[string]string{
		"version": "2", "from": "1", "accounts": "11", "procedures": "tax/3.77.01 4>2 +0 -2",
		"levels": "basic same 11>11 +0 -0; checked changed 4>2 +0 -2; substantial same 2>2 +0 -0",
	} {
		if a[name] != want {
			t.Errorf("audit: %s is %q, want %q", name, a[name], want)
		}
	}
}

// TestActivate_AFileWithAnErrorLeavesTheOldOneInForce, and the error
// names the line.
func TestActivate_AFileWithAnErrorLeavesTheOldOneInForce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin()
	bad := strings.Replace(string(policySource(2, false, true)), "password]]\n  - name: substantial", "pasword]]\n  - name: substantial", 1)
	_, err := b.Activate(b.ctx, "command", "two.yaml", []byte(bad), false)
	var problems strict.Problems
	if idp.CodeOf(err) != idp.CodeInvalid || !errors.As(err, &problems) || problems[0].Line != 10 || !strings.Contains(err.Error(), "two.yaml:10") {
		t.Errorf("refused with %v", err)
	}
	p, err := b.InForce()
	if err != nil || p.Version != 1 || b.versions() != 1 {
		t.Errorf("policy %d is in force, %v", p.Version, err)
	}
}

// TestActivate_Refusals.
func TestActivate_Refusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin()
	b.procedure("3.77.02", assurance.Requirement{Level: "substantial"})
	b.client("portal", "substantial")
	activate := func(version int, top bool) error {
		_, err := b.Activate(b.ctx, "command", "next.yaml", policySource(version, false, top), false)
		return err
	}
	if err := activate(1, true); idp.CodeOf(err) != idp.CodeConflict || !strings.Contains(err.Error(), "version 2 or a later one") {
		t.Errorf("the version in force: %v", err)
	}
	err := activate(2, false)
	if idp.CodeOf(err) != idp.CodeInvalid || !strings.Contains(err.Error(), "procedure tax/3.77.02") || !strings.Contains(err.Error(), "client portal") {
		t.Errorf("a level that is asked for vanishes: %v", err)
	}
	b.must(activate(5, true))
	if err := activate(6, true); idp.CodeOf(err) != idp.CodeConflict || !strings.Contains(err.Error(), "policy 5 comes into force at") {
		t.Errorf("while another one waits: %v", err)
	}
	b.clock.Advance(10 * time.Second)
	b.must(activate(6, true))
	b.clock.Advance(10 * time.Second)
	b.Profile = "by"
	if err := activate(7, true); idp.CodeOf(err) != idp.CodeForbidden || !strings.Contains(err.Error(), `profile "demo"`) {
		t.Errorf("of another profile: %v", err)
	}
}

// TestActivate_WhatIsBrokenAlreadyIsNoHindrance: a procedure that nobody
// can use today must not keep a better policy from coming.
func TestActivate_WhatIsBrokenAlreadyIsNoHindrance(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin()
	b.procedure("3.77.03", assurance.Requirement{Level: "gold"})
	done, err := b.Activate(b.ctx, "command", "two.yaml", policySource(2, true, true), false)
	b.must(err)
	if r := done.Report; len(r.Broken) != 0 || len(r.Standing) != 1 || r.Standing[0].File != "procedure tax/3.77.03" {
		t.Errorf("reported %+v", r)
	}
}

// TestActivate_APolicyThatNobodyCanReadHasASuccessor: a newer program left it
// behind, and the way out must not go through reading it.
func TestActivate_APolicyThatNobodyCanReadHasASuccessor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.procedure("3.77.01", assurance.Requirement{Level: "checked"})
	b.people(3)
	_, err := b.Begin(b.ctx, 1, []byte("version: 1\nmoon_phase: full\n"))
	b.must(err)
	done, err := b.Activate(b.ctx, "command", "two.yaml", policySource(2, false, true), false)
	b.must(err)
	if done.Policy.Version != 2 || done.Diff.Procedures[0].Reached != (policy.Reached{After: 1, Gain: 1}) {
		t.Errorf("activated %+v", done)
	}
}

// TestActivate_TwoOperatorsAtOnce: one of them is first, and the other is
// told to look again.
func TestActivate_TwoOperatorsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin()
	errs := make(chan error, 6)
	for i := range cap(errs) {
		go func() {
			_, err := b.Activate(b.ctx, "command", "next.yaml", policySource(2+i, true, true), false)
			errs <- err
		}()
	}
	done := 0
	for range cap(errs) {
		switch err := <-errs; {
		case err == nil:
			done++
		case idp.CodeOf(err) != idp.CodeConflict:
			t.Error(err)
		}
	}
	if done != 1 || b.versions() != 2 {
		t.Errorf("%d were activated, %d rows", done, b.versions())
	}
}

// TestDiff_ReadsAllAccountsAPageAtATime, in as many statements as there
// are pages, whatever the number of procedures.
func TestDiff_ReadsAllAccountsAPageAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin()
	b.people(1201)
	for i := range 20 {
		b.procedure(fmt.Sprint("3.77.", i), assurance.Requirement{Level: "checked"})
	}
	from, err := b.Parse("from", policySource(1, false, true))
	b.must(err)
	to, err := b.Parse("to", policySource(2, true, false))
	b.must(err)
	ctx, n := db.Count(b.ctx)
	d, err := b.Diff(ctx, from, to)
	b.must(err)
	if n.Trips() != 4 { // procedures, and three pages of accounts
		t.Errorf("%d round trips", n.Trips())
	}
	confirmed := policy.Reached{Before: 400, After: 200, Lose: 200}
	if d.Accounts != 1200 || d.Levels[1].Reached != confirmed {
		t.Errorf("%d accounts, %+v", d.Accounts, d.Levels)
	}
	if l := d.Levels[2]; l.Change != policy.LevelRemoved || l.Reached != (policy.Reached{Before: 200, Lose: 200}) {
		t.Errorf("the level that is gone: %+v", l)
	}
	for _, p := range d.Procedures {
		if p.Reached != confirmed {
			t.Errorf("procedure %s: %+v", p.Code, p.Reached)
		}
	}
}

// TestExplain_ByLoginName finds the account without reading anything
// personal, and says why its app does not count.
func TestExplain_ByLoginName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin()
	b.people(6)
	const id = "00000000-0000-0000-0000-000000000006"
	mark := b.ring.Fingerprint(idp.MarkLoginName, []byte(b.Contacts.LoginKey("Hanna@Example.org")))
	_, err := b.db.Exec(b.ctx, `INSERT INTO login_name (fingerprint, account_id, sealed, created_at) VALUES ($1, $2, '', $3)`, mark[:], id, idptest.Start)
	b.must(err)
	_, err = b.db.Exec(b.ctx, `UPDATE credential SET bound_level = 'checked' WHERE method = 'otp'`)
	b.must(err)
	p, err := b.InForce()
	b.must(err)
	a, err := b.Explain(b.ctx, policy.Question{
		Policy: p, Login: " hanna@example.org", Requirement: assurance.Requirement{Level: "substantial"},
	})
	b.must(err)
	if a.Account != id || a.State != idp.AccountActive || len(a.Trace.Uses) != 2 {
		t.Fatalf("answered %+v", a)
	}
	if _, granted := a.Trace.Decision.(assurance.Granted); granted {
		t.Error("an app that is bound to checked reaches substantial")
	}
	notes := slices.Concat(a.Trace.Uses[0].Notes, a.Trace.Uses[1].Notes)
	if len(notes) != 1 || notes[0].Cause != assurance.CauseBound || notes[0].Level != "checked" {
		t.Errorf("notes %+v", notes)
	}
	if _, err := b.Explain(b.ctx, policy.Question{Policy: p, Login: "nobody@example.org"}); idp.CodeOf(err) != idp.CodeNotFound {
		t.Errorf("a login name that nobody has: %v", err)
	}
}
