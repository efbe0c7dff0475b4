package procedures_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/flow/account"
	"surety/idp/flow/procedures"
	"surety/idp/idptest"
	"surety/idp/idptest/citizens"
	"surety/idp/postgres/desk"
	"surety/idp/procedure"
	"surety/idp/session"

	"github.com/google/go-cmp/cmp"
)

// bench is the use cases over the demonstration profile's procedures.
type bench struct {
	*citizens.World
	*procedures.Flow
	store *desk.Procedures
}

func setup(t *testing.T) *bench {
	t.Helper()
	b := &bench{World: citizens.New(t)}
	b.store = desk.NewProcedures(b.DB.DB)
	b.Flow = procedures.New(procedures.Parts{
		Offers: desk.NewProcedureCache(b.store, b.Clock.Now), Published: b.store, Clients: desk.NewClientCache(b.Clients, b.Clock.Now),
		Visitors: b.SignIn, Rules: func() (assurance.Rules, error) { return assurance.One(b.Profile.Policy), nil },
		Now: b.Clock.Now, Civil: b.Clock.Now,
	})
	source := bytes.ReplaceAll(b.Profile.Procedures, []byte("{agency}"), []byte("https://agency.example"))
	b.publish(string(source))
	return b
}

func (b *bench) publish(source string) {
	b.Helper()
	all, err := procedure.Parse("procedures.yaml", []byte(source))
	if err != nil {
		b.Fatal(err)
	}
	err = b.InTx(b.Context(), func(ctx context.Context, tx idp.Tx) error {
		for _, p := range all {
			p.ValidFrom = b.Clock.Now().Add(-time.Hour)
			if err := b.store.Insert(ctx, tx, p, b.Clock.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// person makes an account and logs in by password.
func (b *bench) person(contact string, stage assurance.Stage, proofings ...assurance.ProofingMethod) session.Browser {
	b.Helper()
	seed := account.Seed{Contact: contact, FamilyName: "Іваноўская", GivenName: "Ганна", Password: citizens.Password, Stage: stage}
	for _, m := range proofings {
		seed.Proofings = append(seed.Proofings, assurance.Proofing{Method: m, Stage: stage, At: b.Clock.Now().Add(-time.Hour)})
	}
	if _, err := b.Account.SeedAccounts(b.Context(), []account.Seed{seed}); err != nil {
		b.Fatal(err)
	}
	browser := session.Browser{Hash: session.BrowserHash(contact), Source: "192.0.2.1"}
	ticket, err := b.LogIn(browser, contact)
	if err != nil {
		b.Fatal(err)
	}
	browser.Session = ticket.Secret
	return browser
}

// steps writes a way as its steps.
func steps(w procedures.Way) string {
	var out []string
	for _, s := range w.Steps {
		by := string(s.Method)
		if by == "" {
			by = string(s.Proofing)
		}
		out = append(out, string(s.Action)+" "+by)
	}
	return strings.Join(out, ", ")
}

func TestR1_WhatIsNeededBeforeOneStarts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	anna := b.person("anna@example.org", assurance.StageStandard, assurance.ProofingRegistry)
	path, err := b.Path(t.Context(), anna, procedure.Key{Agency: "agency", Code: "3.30.01"})
	if err != nil {
		t.Fatal(err)
	}
	if path.Held != "checked" || path.Required != "substantial" || path.Open || path.Identity != assurance.StageConfirmed || !path.Login {
		t.Errorf("held %s, required %s, gap %+v", path.Held, path.Required, path.Gap)
	}
	var ways []string
	for _, w := range path.Ways {
		ways = append(ways, steps(w))
		if w.Soonest <= 0 || w.Latest < w.Soonest {
			t.Errorf("%s takes %v to %v", steps(w), w.Soonest, w.Latest)
		}
	}
	for _, want := range []string{"present idcard", "prove letter, enrol otp"} {
		if !strings.Contains(strings.Join(ways, "\n"), want) {
			t.Errorf("no way %q among\n%s", want, strings.Join(ways, "\n"))
		}
	}
	if path.EndsAt.IsZero() {
		t.Error("the page is not told when the session ends")
	}
}

// TestR1_AWaySaysWhatItDoesNotOpen: a letter does not open what excludes it.
func TestR1_AWaySaysWhatItDoesNotOpen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	anna := b.person("anna@example.org", assurance.StageStandard, assurance.ProofingRegistry)
	path, err := b.Path(t.Context(), anna, procedure.Key{Agency: "agency", Code: "3.30.01"})
	if err != nil {
		t.Fatal(err)
	}
	closed := map[string]string{}
	for _, w := range path.Ways {
		var codes []string
		for _, p := range w.NotOpen {
			codes = append(codes, p.Code)
			if p.Code == "3.30.01" {
				t.Errorf("%s does not open what it leads to", steps(w))
			}
		}
		closed[steps(w)] = strings.Join(codes, " ")
	}
	excludes := ""
	for _, p := range b.all() {
		if len(p.Requirement.ExcludedProofings) > 0 {
			excludes = p.Code
		}
	}
	if letter := closed["prove letter, enrol otp"]; excludes == "" || !strings.Contains(letter, excludes) {
		t.Errorf("after a letter %q stay closed, not %q", letter, excludes)
	}
	if card := closed["present idcard"]; strings.Contains(card, excludes) {
		t.Errorf("after a card %q stay closed", card)
	}
}

func (b *bench) all() []procedure.Procedure {
	b.Helper()
	all, err := b.store.Page(b.Context(), procedure.Query{Limit: 100}, b.Clock.Now())
	if err != nil {
		b.Fatal(err)
	}
	return all
}

// TestListFor_SortsByWhereThePersonStands: and agrees with the path of each.
func TestListFor_SortsByWhereThePersonStands(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, browser := range map[string]session.Browser{
		"simplified": b.person("simple@example.org", assurance.StageSimplified),
		"standard":   b.person("standard@example.org", assurance.StageStandard, assurance.ProofingRegistry),
		"letter":     b.person("letter@example.org", assurance.StageConfirmed, assurance.ProofingLetter),
		"counter":    b.person("counter@example.org", assurance.StageConfirmed, assurance.ProofingCounter),
	} {
		list, err := b.ListFor(t.Context(), browser, procedures.Query{Agency: "agency"})
		if err != nil {
			t.Fatal(err)
		}
		if len(list.Items) != len(b.all()) {
			t.Errorf("%s: %d procedures", name, len(list.Items))
		}
		for _, i := range list.Items {
			path, err := b.Path(t.Context(), browser, i.Procedure.Key())
			if err != nil {
				t.Fatal(err)
			}
			want := procedures.StandingStep
			switch {
			case path.Open:
				want = procedures.StandingOpen
			case len(path.Ways) == 0:
				want = procedures.StandingClosed
			case path.Identity != "" || path.Document:
				want = procedures.StandingProofing
			}
			if i.Standing != want || want == procedures.StandingClosed && i.Reason == "" {
				t.Errorf("%s, %s: %s (%s), and the path says %s", name, i.Procedure.Code, i.Standing, i.Reason, want)
			}
		}
	}
}

// TestListFor_NamesEachStanding: what everybody may do is open, what takes a
// proof takes a proof.
func TestListFor_NamesEachStanding(t *testing.T) {
	t.Parallel()
	b := setup(t)
	list, err := b.ListFor(t.Context(), b.person("letter@example.org", assurance.StageConfirmed, assurance.ProofingLetter), procedures.Query{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]procedures.Standing{}
	for _, i := range list.Items {
		got[i.Procedure.Code] = i.Standing
	}
	for code, want := range map[string]procedures.Standing{"1.10.01": procedures.StandingOpen, "2.20.01": procedures.StandingOpen, "3.30.01": procedures.StandingStep} {
		if got[code] != want {
			t.Errorf("%s: %s, want %s", code, got[code], want)
		}
	}
}

func TestNobodyIsToldNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.Path(t.Context(), session.Browser{}, procedure.Key{Agency: "agency", Code: "1.10.01"}); err != session.ErrNobody {
		t.Errorf("path: %v", err)
	}
	if _, err := b.ListFor(t.Context(), session.Browser{Session: "made up"}, procedures.Query{}); err != session.ErrNobody {
		t.Errorf("list: %v", err)
	}
}

func TestPath_Refusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	anna := b.person("anna@example.org", assurance.StageSimplified)
	for _, k := range []procedure.Key{{Agency: "agency", Code: "9"}, {Agency: "nobody", Code: "1.10.01"}, {Agency: "a\x00b", Code: "1"}, {Agency: "agency", Code: strings.Repeat("1", 500)}} {
		if _, err := b.Path(t.Context(), anna, k); idp.CodeOf(err) != idp.CodeNotFound {
			t.Errorf("%q: %v", k, err)
		}
	}
	if _, err := b.List(t.Context(), procedures.Query{Text: strings.Repeat("x", 101)}); idp.CodeOf(err) != idp.CodeInvalid {
		t.Errorf("a long search: %v", err)
	}
	if _, err := b.List(t.Context(), procedures.Query{Text: "\xff\x00", After: "\x00/\xff"}); err != nil {
		t.Errorf("a search for what is no text: %v", err)
	}
}

// TestRulesThatCannotBeTold: nothing is said about anybody.
func TestRulesThatCannotBeTold(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	store := desk.NewProcedures(w.DB.DB)
	down := idp.E(idp.CodeUnavailable, "error.unavailable")
	f := procedures.New(procedures.Parts{
		Offers: desk.NewProcedureCache(store, w.Clock.Now), Published: store, Clients: desk.NewClientCache(w.Clients, w.Clock.Now), Visitors: w.SignIn,
		Rules: func() (assurance.Rules, error) { return assurance.Rules{}, down }, Now: w.Clock.Now, Civil: w.Clock.Now,
	})
	if _, err := f.PathOf(t.Context(), assurance.Situation{}, procedure.Key{Agency: "agency", Code: "1"}); idp.CodeOf(err) != idp.CodeUnavailable {
		t.Errorf("path: %v", err)
	}
	if _, err := f.List(t.Context(), procedures.Query{}); idp.CodeOf(err) != idp.CodeUnavailable {
		t.Errorf("list: %v", err)
	}
}

func TestList_PageByPageAndSearch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var many strings.Builder
	for i := range 120 {
		many.WriteString("- {agency: many, code: c" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + ", titles: {be: а, ru: б, uk: в, en: d}, requirement: {level: basic}, in_person: {link: 'https://m.example/'}}\n")
	}
	b.publish(many.String())
	n, pages := 0, 0
	for q := (procedures.Query{Agency: "many"}); ; pages++ {
		l, err := b.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		n += len(l.Items)
		if l.Next == "" {
			break
		}
		q.After = l.Next
	}
	if n != 120 || pages != 2 {
		t.Errorf("%d procedures in %d further pages", n, pages)
	}
	l, err := b.List(t.Context(), procedures.Query{Text: "ЗАПІС НА ПРЫЁМ"})
	if err != nil || len(l.Items) != 1 || l.Items[0].Procedure.Code != "1.10.01" || l.Items[0].Standing != "" {
		t.Errorf("%+v, %v", l.Items, err)
	}
	agencies, next, err := b.Agencies(t.Context(), "")
	if err != nil || len(agencies) != 2 || next != "" {
		t.Errorf("%+v, %q, %v", agencies, next, err)
	}
}

// TestPath_InJSON keeps the shape that agencies read.
func TestPath_InJSON(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish(`
- agency: tax
  code: "1"
  titles: {be: а, ru: б, uk: в, en: d}
  requirement: {level: checked, max_age: 5m}
  start_uri: https://tax.example/1
  in_person: {link: https://tax.example/}
`)
	s := assurance.Situation{
		Now: idptest.Start, Civil: b.Clock.Now(), Stage: assurance.StageSimplified,
		Uses: []assurance.Use{{Method: assurance.MethodPassword, At: idptest.Start, AMR: []string{"pwd"}}},
	}
	path, err := b.PathOf(t.Context(), s, procedure.Key{Agency: "tax", Code: "1"})
	if err != nil {
		t.Fatal(err)
	}
	path.Ways = path.Ways[:1]
	got, err := json.Marshal(path.JSON())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"agency":"tax","code":"1","titles":{"be":"а","en":"d","ru":"б","uk":"в"},` +
		`"required":{"level":"checked","acr":"https://surety.example/demo/level/checked","max_age":300},` +
		`"start_uri":"https://tax.example/1","in_person":{"link":"https://tax.example/"},` +
		`"held":{"level":"basic","acr":"https://surety.example/demo/level/basic"},"outcome":"pending",` +
		`"missing":[{"axis":"identity","stage":"standard"}],` +
		`"ways":[{"steps":[{"action":"present","method":"eds","proofing":"eds","soonest":180,"latest":600,"needs":["signature_key"]}],"soonest":180,"latest":600,"at_once":true}]}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}
