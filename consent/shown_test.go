package consent_test

import (
	"slices"
	"testing"
	"time"

	"surety/consent"
)

// What goes by law is not agreed to, but nothing goes unseen.
func TestR10_WhatGoesByLawIsShownOnce(t *testing.T) {
	t.Parallel()
	q := login()
	q.Shown = []string{"name"}
	if agreed().Covers(q, now) {
		t.Error("a value that was never shown counts as seen")
	}
	r, before := consent.Agree(agreed(), "second", q, now.Add(time.Hour), 0)
	if !r.Covers(q, now.Add(time.Hour)) || before.SupersededBy != "second" || slices.Contains(r.Claims, "name") {
		t.Errorf("%+v", r)
	}
	more := q
	more.Shown = []string{"name", "birthdate"}
	if r.Covers(more, now.Add(time.Hour)) {
		t.Error("a further value counts as seen")
	}
	// Asked for by consent it is still a question, whatever was shown.
	asked := login()
	asked.Claims = append(asked.Claims, "name")
	if r.Covers(asked, now.Add(time.Hour)) {
		t.Error("what was shown counts as agreed")
	}
	// An answer about something else keeps what was seen.
	third, _ := consent.Agree(r, "third", login(), now.Add(2*time.Hour), 0)
	if !third.Covers(q, now.Add(2*time.Hour)) {
		t.Error("what was seen is forgotten")
	}
}
