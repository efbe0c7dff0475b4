package main

import (
	"cmp"
	"fmt"
	"time"

	"surety/assurance"
)

// person is a sample account, in the form of `idp sandbox-accounts`.
type person struct {
	Contact    string            `json:"contact"`
	FamilyName string            `json:"family_name,omitempty"`
	GivenName  string            `json:"given_name,omitempty"`
	Patronymic string            `json:"patronymic,omitempty"`
	Password   string            `json:"password"`
	Language   string            `json:"language"`
	DaysAgo    int               `json:"created_days_ago,omitempty"`
	Stage      string            `json:"stage,omitempty"`
	Proofings  []proofing        `json:"proofings,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Anchored   bool              `json:"anchored,omitempty"`
	Contacts   []contact         `json:"contacts,omitempty"`
	TOTP       string            `json:"totp,omitempty"`
}

// proofing is how the identity of a sample person became known.
type proofing struct {
	Method       string `json:"method"`
	Stage        string `json:"stage,omitempty"` // empty: the person's
	DaysAgo      int    `json:"days_ago"`
	DocumentDays int    `json:"document_in_days,omitempty"` // until the document that was shown ends
}

// contact is a further address of a sample person.
type contact struct {
	Value    string `json:"value"`
	Anchored bool   `json:"anchored,omitempty"` // confirmed together with the identity
}

// loadPassword is shared by the accounts of the load test. Each is hashed with
// a salt of its own all the same.
const loadPassword = "granite heron 57 lantern"

// aYear ago most sample people were confirmed: long enough for nothing to
// depend on what they registered with.
const aYear = 365

// samplePeople are those whom the sandbox introduces: one at least at every
// stage, with e-mail and with a telephone, with one name and with three.
func samplePeople() []person {
	born := func(day string) map[string]string { return map[string]string{"birthdate": day} }
	return []person{
		{Contact: "anna@example.org", FamilyName: "Кавальчук", GivenName: "Ганна", Patronymic: "Мікалаеўна", Password: "amber otter 42 window", Language: "be"},
		{Contact: "+375291112233", FamilyName: "Иванов", GivenName: "Пётр", Password: "violet marsh 19 ladder", Language: "ru"},
		{Contact: "olena@example.org", GivenName: "Олена", Password: "copper meadow 73 sail", Language: "uk"},
		{
			Contact: "maria@example.org", FamilyName: "Новікава", GivenName: "Марыя", Password: "silver thistle 28 harbour", Language: "be",
			DaysAgo: aYear, Stage: "standard", Attributes: born("1984-02-11"), Proofings: []proofing{{Method: "registry", DaysAgo: 300}},
		},
		{
			Contact: "lev@example.org", FamilyName: "Орлов", GivenName: "Лев", Patronymic: "Ильич", Password: "walnut comet 64 bridge", Language: "ru",
			DaysAgo: aYear, Stage: "confirmed", Attributes: born("1971-09-30"), Proofings: []proofing{{Method: "letter", DaysAgo: 200}, {Method: "registry", Stage: "standard", DaysAgo: 230}},
			Contacts: []contact{{Value: "+375291112244", Anchored: true}},
		},
		{
			Contact: "vera@example.org", FamilyName: "Marsh", GivenName: "Vera", Password: "orchid tunnel 35 kettle", Language: "en",
			DaysAgo: aYear, Stage: "confirmed", Attributes: born("1990-05-03"), Proofings: []proofing{{Method: "counter", DaysAgo: 120, DocumentDays: 5 * aYear}},
			Contacts: []contact{{Value: "+375291112255", Anchored: true}},
		},
		{
			Contact: "pavel@example.org", FamilyName: "Крук", GivenName: "Павел", Password: "meadow piston 81 violin", Language: "be",
			DaysAgo: 9 * aYear, Stage: "confirmed", Attributes: born("1966-12-24"), Proofings: []proofing{{Method: "counter", DaysAgo: 3 * aYear, DocumentDays: 7}},
			Contacts: []contact{{Value: "+375291112266", Anchored: true}},
		},
		{
			Contact: "nina@example.org", FamilyName: "Бондар", GivenName: "Ніна", Password: "cobalt acorn 92 ferry", Language: "uk",
			DaysAgo: aYear, Stage: "confirmed", Attributes: born("1979-07-19"), Proofings: []proofing{{Method: "counter", DaysAgo: 90, DocumentDays: 4 * aYear}},
			Contacts: []contact{{Value: "+375291112277", Anchored: true}}, TOTP: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
		},
	}
}

// loadPeople are accounts for the load test alone.
func loadPeople(count int) []person {
	var out []person
	for i := range count {
		out = append(out, person{
			Contact: fmt.Sprintf("load%d@example.test", i), FamilyName: "Load", GivenName: "Person " + string(rune('A'+i/26)) + string(rune('A'+i%26)), // a name has no digits
			Password: loadPassword, Language: "en",
		})
	}
	return out
}

// level is the highest that the person reaches with what they have: the
// password, and the app if there is one.
func (p person) level(policy assurance.Policy, now time.Time) string {
	s := assurance.Situation{Now: now, Civil: now, Stage: assurance.StageSimplified}
	if p.Stage != "" {
		s.Stage = assurance.Stage(p.Stage)
	}
	s.Uses = append(s.Uses, assurance.Use{Method: assurance.MethodPassword, At: now, AMR: []string{"pwd"}})
	if p.TOTP != "" {
		s.Uses = append(s.Uses, assurance.Use{Method: assurance.MethodOTP, At: now, AMR: []string{"otp"}})
	}
	for _, f := range p.Proofings {
		s.Proofings = append(s.Proofings, assurance.Proofing{Method: assurance.ProofingMethod(f.Method), Stage: cmp.Or(assurance.Stage(f.Stage), s.Stage), At: now.AddDate(0, 0, -f.DaysAgo)})
	}
	granted, _ := assurance.Decide(policy, assurance.Requirement{}, s).(assurance.Granted)
	return string(granted.Level)
}

// identity says in a word how the person's identity is known.
func (p person) identity() string {
	if len(p.Proofings) == 0 {
		return ""
	}
	return p.Proofings[0].Method
}
