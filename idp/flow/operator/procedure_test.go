package operator_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/flow/operator"
	"surety/idp/postgres/desk"
	"surety/idp/procedure"
	"surety/idp/profile"
	"surety/idp/strict"

	"github.com/google/go-cmp/cmp"
)

// entry is one procedure of a file.
func entry(code, level, more string) string {
	return "- {agency: tax, code: '" + code + "', titles: {be: а, ru: б, uk: в, en: d}, requirement: {level: " + level + "}, in_person: {link: 'https://tax.example/'}" + more + "}\n"
}

// withPolicy is the bench under the demonstration profile's policy.
func withPolicy(t *testing.T) *bench {
	t.Helper()
	b := setup(t)
	p, err := profile.Load("demo")
	b.must(err)
	b.Policy = func() (assurance.Policy, error) { return p.Policy, nil }
	return b
}

func (b *bench) publish(source string) []operator.ProcedureChange {
	b.t.Helper()
	done, err := b.ImportProcedures(b.ctx, operator.ActorCommand, "p.yaml", []byte(source), false)
	b.must(err)
	return done
}

// level is what the procedure requires at that time; empty when it is not offered.
func (b *bench) level(code string, civil time.Time) assurance.LevelName {
	b.t.Helper()
	all, err := desk.NewProcedureCache(desk.NewProcedures(b.db.DB), b.clock.Now).InForce(b.ctx, "tax", []string{code}, civil)
	if idp.CodeOf(err) == idp.CodeNotFound {
		return ""
	}
	b.must(err)
	return all[0].Requirement.Level
}

func TestImportProcedures_AllOrNothing(t *testing.T) {
	t.Parallel()
	b := withPolicy(t)
	// The first is good; the second is refused only after the first was written.
	_, err := b.ImportProcedures(b.ctx, operator.ActorCommand, "p.yaml",
		[]byte(entry("1", "basic", "")+entry("2", "basic", ", start_uri: 'http://localhost:1/'")), false)
	if idp.CodeOf(err) != idp.CodeInvalid || !strings.Contains(err.Error(), "procedure 2 of tax") {
		t.Errorf("error %v", err)
	}
	if n := b.count("procedure"); n != 0 {
		t.Errorf("%d procedures were kept of an import that failed", n)
	}
	if got := b.audited(); got != nil {
		t.Errorf("events of an import that failed: %v", got)
	}
}

func TestImportProcedures_RefusesWhatNobodyCanSatisfy(t *testing.T) {
	t.Parallel()
	b := withPolicy(t)
	_, err := b.ImportProcedures(b.ctx, operator.ActorCommand, "p.yaml", []byte(entry("1", "basic", "")+entry("2", "gold", "")), false)
	var problems strict.Problems
	if idp.CodeOf(err) != idp.CodeInvalid || !errors.As(err, &problems) || problems[0].Line != 2 || !strings.Contains(err.Error(), "gold") {
		t.Errorf("error %v", err)
	}
}

// Without the policy in force nothing can be promised about a requirement.
func TestImportProcedures_NeedsThePolicy(t *testing.T) {
	t.Parallel()
	b := withPolicy(t)
	b.Policy = func() (assurance.Policy, error) {
		return assurance.Policy{}, idp.E(idp.CodeUnavailable, "error.unavailable")
	}
	if _, err := b.ImportProcedures(b.ctx, operator.ActorCommand, "p.yaml", []byte(entry("1", "basic", "")), false); idp.CodeOf(err) != idp.CodeUnavailable {
		t.Errorf("error %v", err)
	}
}

// A new requirement is published ahead of time and holds from its moment on.
func TestImportProcedures_AheadOfTime(t *testing.T) {
	t.Parallel()
	b := withPolicy(t)
	now := b.clock.Now()
	soon := now.Add(48 * time.Hour)
	b.publish(entry("1", "basic", ""))
	b.publish(entry("1", "substantial", ", valid_from: '"+soon.Format(time.RFC3339)+"'"))
	for at, want := range map[time.Time]assurance.LevelName{
		now.Add(-time.Microsecond): "", now: "basic", soon.Add(-time.Microsecond): "basic", soon: "substantial",
	} {
		if got := b.level("1", at); got != want {
			t.Errorf("at %v it requires %q, want %q", at, got, want)
		}
	}
}

func TestImportProcedures_SaysWhatChanges(t *testing.T) {
	t.Parallel()
	b := withPolicy(t)
	until := b.clock.Now().Add(24 * time.Hour).Format(time.RFC3339)
	b.publish(entry("1", "basic", "") + entry("2", "basic", "") + entry("3", "basic", ""))
	b.clock.Advance(time.Minute)
	done := b.publish(entry("1", "substantial", ", scopes: [email]") + entry("2", "basic", "") + entry("3", "basic", ", valid_until: '"+until+"'") + entry("4", "basic", ""))
	var got []string
	for _, d := range done {
		line := d.Code + " " + string(d.State)
		for _, c := range d.Changes {
			line += " " + c.Field
		}
		got = append(got, line)
	}
	if diff := cmp.Diff([]string{"1 changed requirement.level scopes", "2 unchanged", "3 ended valid_until", "4 added"}, got); diff != "" {
		t.Error(diff)
	}
	var changes string
	b.must(b.db.QueryRow(b.ctx, `
		SELECT attrs ->> 'changes'
		FROM audit_event
		WHERE type = 'procedure.changed'`).Scan(&changes))
	if want := "requirement.level: \"basic\" -> \"substantial\"\nscopes: null -> [\"email\"]\n"; changes != want {
		t.Errorf("the audit says %q", changes)
	}
	want := []string{"procedure.added", "procedure.added", "procedure.added", "procedure.changed", "procedure.ended", "procedure.added"}
	if diff := cmp.Diff(want, b.audited()); diff != "" {
		t.Error(diff)
	}
}

// A large text must not keep a change out of the audit.
func TestImportProcedures_LargeTextsFitTheAudit(t *testing.T) {
	t.Parallel()
	b := withPolicy(t)
	text := func(letter string) string {
		long := strings.Repeat(letter, 2000)
		return ", claims: [{name: email, basis: law, reference: Code, law: {be: " + long + ", ru: " + long + ", uk: " + long + ", en: " + long + "}}]"
	}
	b.publish(entry("1", "basic", text("а")))
	b.clock.Advance(time.Minute)
	if done := b.publish(entry("1", "basic", text("ф"))); done[0].State != operator.ProcedureChanged {
		t.Errorf("%+v", done)
	}
}

func TestSetProcedure_KeepsWhatItDoesNotName(t *testing.T) {
	t.Parallel()
	b := withPolicy(t)
	b.publish(entry("1", "basic", ", scopes: [email]"))
	k := procedure.Key{Agency: "tax", Code: "1"}
	from := b.clock.Now().Add(time.Hour)
	done, err := b.SetProcedure(b.ctx, operator.ActorCommand, k, []operator.ProcedureField{{Name: "requirement.level", Value: "substantial"}}, from, false)
	b.must(err)
	if done.State != operator.ProcedureChanged || len(done.Changes) != 1 || !done.ValidFrom.Equal(from) {
		t.Errorf("%+v", done)
	}
	versions, current, err := b.ProcedureVersions(b.ctx, k)
	b.must(err)
	if len(versions) != 2 || current != 1 || versions[0].Scopes[0] != "email" || versions[0].Requirement.Level != "substantial" {
		t.Errorf("current %d of %+v", current, versions)
	}
	same, err := b.SetProcedure(b.ctx, operator.ActorCommand, k, []operator.ProcedureField{{Name: "requirement.level", Value: "basic"}}, time.Time{}, false)
	if err != nil || same.State != operator.ProcedureUnchanged || b.count("procedure") != 2 {
		t.Errorf("nothing new was published: %+v, %v", same, err)
	}
}

// TestDisableProcedure_NoVersionComesThrough: neither an older version nor one
// that is published later switches it on again.
func TestDisableProcedure_NoVersionComesThrough(t *testing.T) {
	t.Parallel()
	b := withPolicy(t)
	k := procedure.Key{Agency: "tax", Code: "1"}
	b.publish(entry("1", "basic", ""))
	b.clock.Advance(time.Minute)
	b.publish(entry("1", "substantial", ""))
	if _, err := b.SetProcedureDisabled(b.ctx, operator.ActorCommand, k, true, false); err != nil {
		t.Fatal(err)
	}
	b.clock.Advance(time.Minute)
	b.publish(entry("1", "basic", ", scopes: [email]"))
	if got := b.level("1", b.clock.Now()); got != "" {
		t.Errorf("it is offered and requires %q", got)
	}
	if _, err := b.SetProcedureDisabled(b.ctx, operator.ActorCommand, k, false, false); err != nil {
		t.Fatal(err)
	}
	if got := b.level("1", b.clock.Now()); got != "basic" {
		t.Errorf("switched on it requires %q", got)
	}
	if _, err := b.SetProcedureDisabled(b.ctx, operator.ActorCommand, procedure.Key{Agency: "tax", Code: "2"}, true, false); idp.CodeOf(err) != idp.CodeNotFound {
		t.Errorf("one that is not there: %v", err)
	}
}

func TestListProcedures_PageByPage(t *testing.T) {
	t.Parallel()
	b := withPolicy(t)
	b.publish(entry("1", "basic", "") + entry("2", "basic", "") + entry("3", "basic", ""))
	var got []string
	for q := (procedure.Query{Limit: 2}); ; {
		page, next, err := b.ListProcedures(b.ctx, q)
		b.must(err)
		for _, p := range page {
			got = append(got, p.Code)
		}
		if next == (procedure.Key{}) {
			break
		}
		q.After = next
	}
	if diff := cmp.Diff([]string{"1", "2", "3"}, got); diff != "" {
		t.Error(diff)
	}
	if _, _, err := b.ListProcedures(b.ctx, procedure.Query{}); idp.CodeOf(err) != idp.CodeInvalid {
		t.Errorf("a page of none: %v", err)
	}
}
