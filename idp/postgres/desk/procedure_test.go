package desk_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/idptest"
	"surety/idp/postgres/db"
	"surety/idp/postgres/desk"
	"surety/idp/procedure"

	"github.com/google/go-cmp/cmp"
)

// offered is a procedure, valid without end from so many days after the start.
func offered(agency, code, title string, day int) procedure.Procedure {
	return procedure.Procedure{
		Agency: agency, Code: code, Titles: map[string]string{"be": title, "ru": title, "uk": title, "en": title},
		Requirement: assurance.Requirement{Level: "substantial", MaxAge: 5 * time.Minute},
		InPerson:    procedure.InPerson{Link: "https://tax.example/"}, ValidFrom: onDay(day),
	}
}

func onDay(n int) time.Time { return idptest.Start.AddDate(0, 0, n).UTC() }

type procedureBench struct {
	t     *testing.T
	db    *idptest.DB
	store *desk.Procedures
	cache *desk.ProcedureCache
	clock *idptest.Clock
}

func setupProcedures(t *testing.T) *procedureBench {
	t.Helper()
	b := &procedureBench{t: t, db: idptest.Database(t), clock: idptest.NewClock(idptest.Start)}
	b.store = desk.NewProcedures(b.db.DB)
	b.cache = desk.NewProcedureCache(b.store, b.clock.Now)
	return b
}

func (b *procedureBench) write(f func(ctx context.Context, tx idp.Tx) error) {
	b.t.Helper()
	if err := b.db.InTx(b.t.Context(), f); err != nil {
		b.t.Fatal(err)
	}
}

func (b *procedureBench) publish(all ...procedure.Procedure) {
	b.t.Helper()
	b.write(func(ctx context.Context, tx idp.Tx) error {
		for _, p := range all {
			if err := b.store.Insert(ctx, tx, p, b.clock.Now()); err != nil {
				return err
			}
			if err := b.store.Tell(ctx, tx, p.Agency); err != nil {
				return err
			}
		}
		return nil
	})
}

// ask counts the round trips of one question.
func (b *procedureBench) ask(civil time.Time, codes ...string) (titles []string, trips int, err error) {
	b.t.Helper()
	ctx, n := db.Count(b.t.Context())
	all, err := b.cache.InForce(ctx, "tax", codes, civil)
	for _, p := range all {
		titles = append(titles, p.Title("en"))
	}
	return titles, n.Trips(), err
}

func TestProcedures_AreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	b := setupProcedures(t)
	p := offered("tax", "1", "One", 0)
	p.Claims = []procedure.Claim{{Name: "email", Basis: procedure.BasisConsent, Required: true}}
	p.ValidUntil = onDay(9)
	b.publish(p)
	got, err := b.store.Versions(t.Context(), nil, p.Key())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]procedure.Procedure{p}, got); diff != "" {
		t.Error(diff)
	}
	err = b.db.InTx(t.Context(), func(ctx context.Context, tx idp.Tx) error { return b.store.Insert(ctx, tx, p, b.clock.Now()) })
	if idp.CodeOf(err) != idp.CodeConflict {
		t.Errorf("a version twice: %v", err)
	}
}

// TestProcedureCache_WarmNeedsNoRoundTrip: the hot path never asks the
// database, not even for what is not there.
func TestProcedureCache_WarmNeedsNoRoundTrip(t *testing.T) {
	t.Parallel()
	b := setupProcedures(t)
	b.publish(offered("tax", "1", "One", 0), offered("tax", "2", "Two", 0))
	for i, want := range []int{2, 0, 0} {
		if got, n, err := b.ask(onDay(1), "2", "1"); err != nil || n != want || !slices.Equal(got, []string{"Two", "One"}) {
			t.Errorf("question %d: %v in %d round trips, %v", i, got, n, err)
		}
	}
	if _, n, err := b.ask(onDay(1), "1", "3"); idp.CodeOf(err) != idp.CodeNotFound || n != 0 {
		t.Errorf("unknown code: %d round trips, %v", n, err)
	} else if coded := err.(*idp.Error); coded.Args["code"] != "3" {
		t.Errorf("the error names %v", coded.Args)
	}
	// After five seconds it asks whether anything has changed, and reads nothing anew.
	b.clock.Advance(5 * time.Second)
	for i, want := range []int{1, 0} {
		if _, n, err := b.ask(onDay(1), "1"); err != nil || n != want {
			t.Errorf("later, question %d: %d round trips, %v", i, n, err)
		}
	}
}

// TestProcedureCache_FindsChangesThatNobodyTold: a notification can be lost.
func TestProcedureCache_FindsChangesThatNobodyTold(t *testing.T) {
	t.Parallel()
	b := setupProcedures(t)
	p := offered("tax", "1", "One", 0)
	b.publish(p)
	if _, _, err := b.ask(onDay(1), "1"); err != nil {
		t.Fatal(err)
	}
	p.Titles["en"] = "One, changed"
	b.clock.Advance(time.Second)
	b.write(func(ctx context.Context, tx idp.Tx) error { return b.store.Update(ctx, tx, p, b.clock.Now()) })
	b.clock.Advance(4 * time.Second)
	if got, n, err := b.ask(onDay(1), "1"); err != nil || n != 2 || got[0] != "One, changed" {
		t.Errorf("%v in %d round trips, %v", got, n, err)
	}
}

func TestProcedureCache_IsToldOfChanges(t *testing.T) {
	t.Parallel()
	b := setupProcedures(t)
	b.publish(offered("tax", "1", "One", 0))
	heard := make(chan string, 8)
	go b.db.Listen(t.Context(), desk.ProcedureChanged, func(agency string) {
		b.cache.Forget(agency)
		heard <- agency
	})
	<-heard // connected
	if _, _, err := b.ask(onDay(1), "1"); err != nil {
		t.Fatal(err)
	}
	b.write(func(ctx context.Context, tx idp.Tx) error {
		if err := b.store.SetDisabled(ctx, tx, procedure.Key{Agency: "tax", Code: "1"}, true, b.clock.Now()); err != nil {
			return err
		}
		return b.store.Tell(ctx, tx, "tax")
	})
	if got := <-heard; got != "tax" {
		t.Fatalf("heard %q", got)
	}
	if _, _, err := b.ask(onDay(1), "1"); idp.CodeOf(err) != idp.CodeNotFound {
		t.Errorf("a procedure that is off: %v", err)
	}
}

// TestProcedureCache_PublishedAheadHoldsFromItsMoment: no restart, no
// notification, and no reading anew makes the new requirement count.
func TestProcedureCache_PublishedAheadHoldsFromItsMoment(t *testing.T) {
	t.Parallel()
	b := setupProcedures(t)
	last := offered("tax", "1", "last", 20)
	last.ValidUntil = onDay(25)
	b.publish(offered("tax", "1", "first", 0), offered("tax", "1", "second", 10), last)
	for i, row := range []struct {
		civil time.Time
		want  string
	}{
		{onDay(0).Add(-time.Microsecond), ""}, {onDay(0), "first"}, {onDay(10).Add(-time.Microsecond), "first"}, {onDay(10), "second"},
		{onDay(20).Add(-time.Microsecond), "second"}, {onDay(20), "last"}, {onDay(25).Add(-time.Microsecond), "last"}, {onDay(25), ""},
	} {
		got, n, err := b.ask(row.civil, "1")
		if want := row.want; want == "" && idp.CodeOf(err) != idp.CodeNotFound || want != "" && (err != nil || got[0] != want) {
			t.Errorf("at %v: %v, %v; want %q", row.civil, got, err, want)
		}
		if i > 0 && n > 0 {
			t.Errorf("at %v: %d round trips", row.civil, n)
		}
	}
	// A sandbox's day may go back; what was covered by then must be found again.
	b.cache.Forget("")
	if got, _, err := b.ask(onDay(26), "1"); idp.CodeOf(err) != idp.CodeNotFound {
		t.Errorf("%v, %v", got, err)
	}
	if got, _, err := b.ask(onDay(11), "1"); err != nil || got[0] != "second" {
		t.Errorf("back again: %v, %v", got, err)
	}
}

func TestProcedureCache_DatabaseDown(t *testing.T) {
	t.Parallel()
	b := setupProcedures(t)
	b.publish(offered("tax", "1", "One", 0))
	if _, _, err := b.ask(onDay(1), "1"); err != nil {
		t.Fatal(err)
	}
	back := b.db.Lose(t)
	if _, _, err := b.ask(onDay(1), "1"); err != nil {
		t.Errorf("from memory: %v", err)
	}
	b.clock.Advance(5 * time.Second)
	if _, _, err := b.ask(onDay(1), "1"); idp.CodeOf(err) != idp.CodeUnavailable {
		t.Errorf("not from memory: %v", err)
	}
	back()
	if _, _, err := b.ask(onDay(1), "1"); err != nil {
		t.Errorf("when it is back: %v", err)
	}
}

// Anybody can make up agencies in an address; they must not fill the memory.
func TestProcedureCache_IsBounded(t *testing.T) {
	t.Parallel()
	b := setupProcedures(t)
	for i := range 4200 {
		if _, err := b.cache.InForce(t.Context(), fmt.Sprint("made-up-", i), []string{"1"}, onDay(1)); idp.CodeOf(err) != idp.CodeNotFound {
			t.Fatal(err)
		}
	}
	ctx, n := db.Count(t.Context())
	if _, err := b.cache.InForce(ctx, "made-up-0", []string{"1"}, onDay(1)); n.Trips() == 0 || err == nil {
		t.Error("4200 unknown agencies are all remembered")
	}
}

func TestProcedures_PageAndSearch(t *testing.T) {
	t.Parallel()
	b := setupProcedures(t)
	off, later := offered("tax", "4", "Switched off", 0), offered("tax", "5", "Later", 30)
	off.Disabled = true
	mine := offered("tax", "3.1", "Car", 0)
	mine.Titles["uk"] = "Довідка про ДОХОДИ"
	b.publish(offered("tax", "1", "Income", 0), offered("tax", "1", "Income certificate", 1), mine, off, later, offered("post", "1", "Parcel", 0))
	for name, row := range map[string]struct {
		q    procedure.Query
		want []string
	}{
		"all":                   {procedure.Query{Limit: 10}, []string{"post/1 Parcel", "tax/1 Income certificate", "tax/3.1 Car"}},
		"an agency's":           {procedure.Query{Agency: "tax", Limit: 10}, []string{"tax/1 Income certificate", "tax/3.1 Car"}},
		"the first":             {procedure.Query{Limit: 2}, []string{"post/1 Parcel", "tax/1 Income certificate"}},
		"after it":              {procedure.Query{Limit: 2, After: procedure.Key{Agency: "tax", Code: "1"}}, []string{"tax/3.1 Car"}},
		"by title":              {procedure.Query{Text: procedure.Searchable("  CERTIFICATE "), Limit: 10}, []string{"tax/1 Income certificate"}},
		"by a title in another": {procedure.Query{Text: procedure.Searchable("доходи"), Limit: 10}, []string{"tax/3.1 Car"}},
		"by code":               {procedure.Query{Text: "3.1", Limit: 10}, []string{"tax/3.1 Car"}},
		"by what nobody has":    {procedure.Query{Text: "%", Limit: 10}, nil},
		"those off as well":     {procedure.Query{Agency: "tax", Text: "off", Disabled: true, Limit: 10}, []string{"tax/4 Switched off"}},
	} {
		page, err := b.store.Page(t.Context(), row.q, onDay(2))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range page {
			got = append(got, p.Agency+"/"+p.Code+" "+p.Title("en"))
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if got, err := b.store.Agencies(t.Context(), "", 10, onDay(2)); err != nil || !slices.Equal(got, []string{"post", "tax"}) {
		t.Errorf("agencies %v, %v", got, err)
	}
}
