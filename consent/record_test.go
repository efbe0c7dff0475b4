package consent_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"surety/consent"
)

var now = time.Date(2026, time.May, 3, 12, 0, 0, 0, time.UTC)

// login is what an agency asks for at first.
func login() consent.Request {
	return consent.Request{
		AccountID: "anna", ClientID: "agency",
		Scopes: []string{"openid", "profile"}, Claims: []string{"family_name", "given_name"},
	}
}

// agreed is the record of a person who agreed to login.
func agreed() consent.Record {
	r, _ := consent.Agree(consent.Record{}, "first", login(), now, 24*time.Hour)
	return r
}

func TestCoversWhatWasAgreedAndNothingMore(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*consent.Request)
		want   bool
	}{
		"the same":         {func(*consent.Request) {}, true},
		"in another order": {func(q *consent.Request) { slices.Reverse(q.Scopes) }, true},
		"twice":            {func(q *consent.Request) { q.Claims = append(q.Claims, q.Claims...) }, true},
		"less":             {func(q *consent.Request) { q.Scopes, q.Claims = q.Scopes[:1], nil }, true},
		"one more scope":   {func(q *consent.Request) { q.Scopes = append(q.Scopes, "offline_access") }, false},
		"one more claim":   {func(q *consent.Request) { q.Claims = append(q.Claims, "national_id") }, false},
		"another person":   {func(q *consent.Request) { q.AccountID = "boris" }, false},
		"another agency":   {func(q *consent.Request) { q.ClientID = "other" }, false},
		"another purpose":  {func(q *consent.Request) { q.Purpose = "3.77.01" }, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := login()
			c.change(&q)
			if got := agreed().Covers(q, now); got != c.want {
				t.Errorf("covers: %v, want %v", got, c.want)
			}
		})
	}
}

func TestARecordEnds(t *testing.T) {
	t.Parallel()
	_, superseded := consent.Agree(agreed(), "second", login(), now, 0)
	cases := map[string]struct {
		record consent.Record
		at     time.Time
		want   consent.State
	}{
		"no record":                  {consent.Record{}, now, consent.StateNone},
		"just agreed":                {agreed(), now, consent.StateInForce},
		"a moment before its end":    {agreed(), now.Add(24*time.Hour - 1), consent.StateInForce},
		"at its end":                 {agreed(), now.Add(24 * time.Hour), consent.StateExpired},
		"withdrawn":                  {agreed().Withdraw(now), now, consent.StateWithdrawn},
		"withdrawn, later":           {agreed().Withdraw(now), now.Add(48 * time.Hour), consent.StateWithdrawn},
		"superseded":                 {superseded, now, consent.StateSuperseded},
		"superseded, then withdrawn": {superseded.Withdraw(now), now, consent.StateSuperseded},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.record.State(c.at); got != c.want {
				t.Errorf("state %s, want %s", got, c.want)
			}
			if c.record.Covers(login(), c.at) != (c.want == consent.StateInForce) {
				t.Errorf("covers although %s", c.want)
			}
		})
	}
}

func TestNoConsentCoversNothingNotEvenNothing(t *testing.T) {
	t.Parallel()
	if (consent.Record{}).Covers(consent.Request{}, now) {
		t.Error("the zero record covers the zero request")
	}
}

func TestWithdrawnTwiceKeepsTheFirstTime(t *testing.T) {
	t.Parallel()
	r := agreed().Withdraw(now).Withdraw(now.Add(time.Hour))
	if !r.WithdrawnAt.Equal(now) {
		t.Errorf("withdrawn at %v, want %v", r.WithdrawnAt, now)
	}
	if expired := agreed().Withdraw(now.Add(48 * time.Hour)); !expired.WithdrawnAt.IsZero() {
		t.Errorf("an expired record was withdrawn at %v", expired.WithdrawnAt)
	}
}

func TestWithoutADateItHoldsUntilWithdrawn(t *testing.T) {
	t.Parallel()
	r, _ := consent.Agree(consent.Record{}, "first", login(), now, 0)
	if !r.Covers(login(), now.AddDate(50, 0, 0)) {
		t.Error("it ended by itself")
	}
}

func TestAskingForMoreSupersedesAndCarriesOver(t *testing.T) {
	t.Parallel()
	first, q := agreed(), login()
	kept := first
	kept.Scopes, kept.Claims = slices.Clone(first.Scopes), slices.Clone(first.Claims)
	q.Scopes, q.Claims = []string{"openid", "email"}, []string{"email"}
	second, old := consent.Agree(first, "second", q, now.Add(time.Hour), 48*time.Hour)

	if want := []string{"email", "openid", "profile"}; !slices.Equal(second.Scopes, want) {
		t.Errorf("scopes %v, want %v", second.Scopes, want)
	}
	if !second.Covers(q, now.Add(time.Hour)) || !second.Covers(login(), now.Add(time.Hour)) {
		t.Error("the new record does not cover both")
	}
	if !second.ExpiresAt.Equal(first.ExpiresAt) {
		t.Errorf("what was carried over now lasts until %v instead of %v", second.ExpiresAt, first.ExpiresAt)
	}
	if !reflect.DeepEqual(first, kept) {
		t.Errorf("the first answer changed to %+v", first)
	}
	first.SupersededBy = "second"
	if !reflect.DeepEqual(old, first) {
		t.Errorf("superseded %+v, want %+v", old, first)
	}
}

func TestWhatEndedIsNotCarriedOver(t *testing.T) {
	t.Parallel()
	q := login()
	q.Scopes, q.Claims = []string{"openid"}, nil
	other := q
	other.Purpose = "3.77.01"
	stranger := agreed()
	stranger.AccountID = "boris"
	cases := map[string]struct {
		before     consent.Record
		request    consent.Request
		at         time.Time
		superseded bool
	}{
		"withdrawn":       {agreed().Withdraw(now), q, now, false},
		"expired":         {agreed(), q, now.Add(24 * time.Hour), true},
		"another purpose": {agreed(), other, now, true},
		"somebody else's": {stranger, q, now, false},
		"none":            {consent.Record{}, q, now, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			second, old := consent.Agree(c.before, "second", c.request, c.at, 0)
			if len(second.Scopes) != 1 || len(second.Claims) != 0 || !second.ExpiresAt.IsZero() {
				t.Errorf("carried over into %+v", second)
			}
			if (old.SupersededBy == "second") != c.superseded {
				t.Errorf("superseded by %q", old.SupersededBy)
			}
		})
	}
}

func TestTermsAreAcceptedByVersion(t *testing.T) {
	t.Parallel()
	cases := []struct {
		current, accepted string
		want              bool
	}{
		{"2026-05-01", "2026-05-01", true},
		{"2026-05-01", "2026-04-30", false},
		{"2026-05-01", "2026-06-01", true},
		{"2026-05-01", "", false},
		{"2026-05-01", "zzzz", false},
		{"draft", "2026-05-01", false},
		{"draft", "draft", true},
	}
	for _, c := range cases {
		if got := (consent.Terms{Version: c.current}).AcceptedBy(c.accepted); got != c.want {
			t.Errorf("%q accepted, %q in force: %v, want %v", c.accepted, c.current, got, c.want)
		}
	}
}

func TestR10_WhatIsLeftOutIsNeitherGivenNorAskedForAgain(t *testing.T) {
	t.Parallel()
	q := login()
	q.LeftOut = []string{"family_name"}
	r, _ := consent.Agree(agreed(), "second", q, now, 0)
	if slices.Contains(r.Claims, "family_name") {
		t.Error("what was left out now was carried over from before")
	}
	if !r.Covers(login(), now) {
		t.Error("what was left out is asked for again")
	}
	again, _ := consent.Agree(r, "third", login(), now, 0)
	if !slices.Contains(again.Claims, "family_name") || len(again.LeftOut) != 0 {
		t.Errorf("given after all: claims %v, left out %v", again.Claims, again.LeftOut)
	}
	more := login()
	more.Claims = []string{"email"}
	if third, _ := consent.Agree(r, "third", more, now, 0); !third.Covers(login(), now) || slices.Contains(third.Claims, "family_name") {
		t.Error("another question forgot what was left out")
	}
}
