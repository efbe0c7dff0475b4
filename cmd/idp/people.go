package main

import (
	"fmt"
	"time"

	"surety/assurance"
	"surety/idp/flow/account"
)

// samplePerson is one person in the file. Times are in days from today, so
// that the same file makes the same people whenever it is read.
type samplePerson struct {
	Contact    string            `json:"contact"`
	FamilyName string            `json:"family_name"`
	GivenName  string            `json:"given_name"`
	Patronymic string            `json:"patronymic"`
	Password   string            `json:"password"`
	Language   string            `json:"language"`
	DaysAgo    int               `json:"created_days_ago"`
	Stage      string            `json:"stage"`     // simplified, standard, confirmed; empty is simplified
	Proofings  []sampleProofing  `json:"proofings"` // the decisive one first
	Attributes map[string]string `json:"attributes"`
	Anchored   bool              `json:"anchored"` // the contact was confirmed together with the identity
	Contacts   []sampleContact   `json:"contacts"` // further ones
	TOTP       string            `json:"totp"`     // secret of an authenticator app, as an app takes it
}

// sampleProofing is how a sample person's identity became known.
type sampleProofing struct {
	Method       string `json:"method"`
	Stage        string `json:"stage"` // empty: the person's
	DaysAgo      int    `json:"days_ago"`
	ExpiresIn    int    `json:"expires_in_days"`  // 0: it does not expire
	DocumentDays int    `json:"document_in_days"` // until the document shown ends; 0: not known
}

// sampleContact is one more contact of a sample person.
type sampleContact struct {
	Value    string `json:"value"`
	Anchored bool   `json:"anchored"`
}

// seed is the account to make.
func (p samplePerson) seed(now time.Time) (account.Seed, error) {
	s := account.Seed{
		Contact: p.Contact, FamilyName: p.FamilyName, GivenName: p.GivenName, Patronymic: p.Patronymic,
		Password: p.Password, Language: p.Language, Attributes: p.Attributes, Anchored: p.Anchored, TOTP: p.TOTP,
		Stage: assurance.Stage(p.Stage), CreatedAt: now.AddDate(0, 0, -p.DaysAgo),
	}
	if p.Stage != "" && !s.Stage.Known() {
		return s, fmt.Errorf("%q is no stage", p.Stage)
	}
	for _, q := range p.Proofings {
		made := assurance.Proofing{
			Method: assurance.ProofingMethod(q.Method), Version: 1, Stage: s.Stage, At: now.AddDate(0, 0, -q.DaysAgo),
			ExpiresAt: inDays(now, q.ExpiresIn), DocumentUntil: inDays(now, q.DocumentDays),
		}
		if q.Stage != "" {
			made.Stage = assurance.Stage(q.Stage)
		}
		if !made.Method.Known() || !made.Stage.Known() {
			return s, fmt.Errorf("no proofing %q reaches stage %q", q.Method, made.Stage)
		}
		s.Proofings = append(s.Proofings, made)
	}
	for _, c := range p.Contacts {
		s.Contacts = append(s.Contacts, account.SeedContact{Value: c.Value, Anchored: c.Anchored})
	}
	return s, nil
}

func inDays(now time.Time, days int) time.Time {
	if days == 0 {
		return time.Time{}
	}
	return now.AddDate(0, 0, days)
}
