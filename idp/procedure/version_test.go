package procedure_test

import (
	"testing"
	"time"

	"surety/idp/procedure"

	"github.com/google/go-cmp/cmp"
)

func day(n int) time.Time { return time.Date(2026, 5, n, 0, 0, 0, 0, time.UTC) }

// TestAt_AtMostOneVersionCounts walks over the boundaries of overlapping versions.
func TestAt_AtMostOneVersionCounts(t *testing.T) {
	t.Parallel()
	v := func(title string, from, until int) procedure.Procedure {
		p := procedure.Procedure{Code: "1", Titles: map[string]string{"en": title}, ValidFrom: day(from)}
		if until > 0 {
			p.ValidUntil = day(until)
		}
		return p
	}
	versions := []procedure.Procedure{v("third", 20, 25), v("first", 1, 0), v("second", 10, 15)}
	for _, row := range []struct {
		at   time.Time
		want string
	}{
		{day(1).Add(-time.Nanosecond), ""},
		{day(1), "first"},
		{day(10).Add(-time.Nanosecond), "first"},
		{day(10), "second"},
		{day(15).Add(-time.Nanosecond), "second"},
		{day(15), ""}, // what asked for less must not come back
		{day(20), "third"},
		{day(25), ""},
	} {
		got, ok := procedure.At(versions, row.at)
		if ok != (row.want != "") || ok && got.Title("en") != row.want {
			t.Errorf("at %v: %q, %v; want %q", row.at, got.Title("en"), ok, row.want)
		}
	}
}

// TestAt_SwitchedOffUncoversNothing: an older, weaker version must not come
// out from under one that was switched off.
func TestAt_SwitchedOffUncoversNothing(t *testing.T) {
	t.Parallel()
	versions := []procedure.Procedure{{ValidFrom: day(1)}, {ValidFrom: day(2), Disabled: true}}
	if p, ok := procedure.At(versions, day(3)); ok {
		t.Errorf("version of %v counts", p.ValidFrom)
	}
}

func TestChanges_NameFieldsWithOldAndNew(t *testing.T) {
	t.Parallel()
	all, err := procedure.Parse("p", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	before, after := all[0], all[0]
	after.ValidFrom = day(20) // when it begins is not what it says
	if got, err := procedure.Changes(before, after); err != nil || got != nil {
		t.Errorf("%v, %v", got, err)
	}
	after.Requirement.Level, after.Requirement.MaxAge, after.StartURI = "high", 0, "https://tax.example/new"
	got, err := procedure.Changes(before, after)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, c := range got {
		lines = append(lines, c.Field+" "+string(c.Old)+" "+string(c.New))
	}
	want := []string{`requirement.level "substantial" "high"`, `requirement.max_age "5m" null`, `start_uri "https://tax.example/certificate" "https://tax.example/new"`}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func TestWriteDuration(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{5 * time.Minute: "5m", 90 * time.Second: "90s", 48 * time.Hour: "2d", 36 * time.Hour: "36h", 1500 * time.Millisecond: "1.5s"} {
		if got := procedure.WriteDuration(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}
