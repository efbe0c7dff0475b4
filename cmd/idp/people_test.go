package main

import (
	"strings"
	"testing"
	"time"

	"surety/assurance"
)

func TestSamplePeopleAreReadAtEveryStage(t *testing.T) {
	t.Parallel()
	people, err := readPeople(&call{in: strings.NewReader(`[{
		"contact": "a@example.org", "given_name": "Ганна", "password": "x", "language": "be", "created_days_ago": 400,
		"stage": "confirmed", "anchored": true, "totp": "JBSWY3DPEHPK3PXP",
		"proofings": [{"method": "counter", "days_ago": 300, "expires_in_days": 900, "document_in_days": 7}, {"method": "registry", "stage": "standard", "days_ago": 399}],
		"attributes": {"birthdate": "1980-05-03"},
		"contacts": [{"value": "+375291112233", "anchored": true}]
	}]`)}, "-")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 5, 3, 12, 0, 0, 0, time.UTC)
	s, err := people[0].seed(now)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Proofings) != 2 || s.Proofings[0].Stage != assurance.StageConfirmed || s.Proofings[1].Stage != assurance.StageStandard ||
		!s.Proofings[0].DocumentUntil.Equal(now.AddDate(0, 0, 7)) || !s.Proofings[1].DocumentUntil.IsZero() ||
		!s.Proofings[0].At.Equal(now.AddDate(0, 0, -300)) || !s.CreatedAt.Equal(now.AddDate(0, 0, -400)) {
		t.Errorf("%+v", s)
	}
	if !s.Anchored || len(s.Contacts) != 1 || !s.Contacts[0].Anchored || s.TOTP == "" || s.Attributes["birthdate"] == "" {
		t.Errorf("%+v", s)
	}
}

func TestSamplePeopleWithMistakesAreRefused(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]samplePerson{
		"unknown stage":    {Stage: "famous"},
		"unknown proofing": {Stage: "standard", Proofings: []sampleProofing{{Method: "hearsay"}}},
		"proofing of none": {Proofings: []sampleProofing{{Method: "letter"}}},
	} {
		if _, err := p.seed(time.Now()); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if _, err := readPeople(&call{in: strings.NewReader(`[{"nickname": "x"}]`)}, "-"); err == nil {
		t.Error("a member that nobody knows was taken")
	}
}
