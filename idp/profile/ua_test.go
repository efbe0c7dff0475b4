package profile_test

import (
	"slices"
	"strings"
	"testing"

	"surety/assurance"
	"surety/idp/text"
)

// The sentences of DESIGN §9 about the Ukrainian profile, one test each.

const bank assurance.Method = "federated:bank"

func TestUA_ANaturalPersonIsKnownByBankOrKEP(t *testing.T) {
	t.Parallel()
	p := load(t, "ua")
	for m, want := range map[assurance.Method]map[assurance.Stage]assurance.LevelName{
		assurance.MethodPassword: {assurance.StageSimplified: "registered", assurance.StageStandard: "registered", assurance.StageConfirmed: "registered"},
		bank:                     {assurance.StageSimplified: "registered", assurance.StageStandard: "bank", assurance.StageConfirmed: "bank"},
		assurance.MethodEDS:      {assurance.StageSimplified: "registered", assurance.StageStandard: "bank", assurance.StageConfirmed: "qualified"},
	} {
		for stage, want := range want {
			if got := level(p, person(stage, m)); got != want {
				t.Errorf("%s at %s reaches %q, not %q", m, stage, got, want)
			}
		}
	}
	// Another provider is no bank.
	if got := level(p, person(assurance.StageStandard, "federated:shop")); got != "" {
		t.Errorf("a shop's word reaches %q", got)
	}
}

func TestUA_ALegalEntityActsByKEPAlone(t *testing.T) {
	t.Parallel()
	p := load(t, "ua")
	change := procedureNamed(t, p, "3.02").Requirement
	entity := assurance.Acting{Capacity: assurance.CapacityOrganisation, Role: "head"}
	for m, want := range map[assurance.Method]bool{assurance.MethodEDS: true, bank: false, assurance.MethodPassword: false} {
		s := person(assurance.StageConfirmed, m)
		s.Acting = entity
		if got := opens(p, change, s); got != want {
			t.Errorf("%s speaks for a legal entity: %v", m, got)
		}
		if opens(p, assurance.Requirement{}, s) != want {
			t.Errorf("%s speaks for a legal entity where little is asked for", m)
		}
	}
	if opens(p, change, person(assurance.StageConfirmed, assurance.MethodEDS)) {
		t.Error("a natural person for themselves changes a legal entity's entry")
	}
}

func TestUA_ANonResidentNeedsNoBankAndNoNationalNumber(t *testing.T) {
	t.Parallel()
	p := load(t, "ua")
	one := procedureNamed(t, p, "1.02")
	nonResident := person(assurance.StageSimplified, assurance.MethodPassword)
	if !opens(p, one.Requirement, nonResident) {
		t.Error("who has only followed the link of an e-mail cannot ask for a tax number")
	}
	for _, c := range one.Claims {
		if c.Name == "national_id" || c.Name == "phone_number" {
			t.Errorf("a non-resident is asked for %s", c.Name)
		}
	}
	if p.Contacts.Countries != nil {
		t.Errorf("messages go to %v only", p.Contacts.Countries)
	}
	// Further on, a signature from any authority of the trust list is a way without a bank.
	further := ways(p, assurance.Requirement{Level: "qualified"}, nonResident)
	if !slices.ContainsFunc(further, func(w assurance.Way) bool { return !slices.ContainsFunc(w.Steps, needs("bank")) }) {
		t.Errorf("each way needs a bank: %+v", further)
	}
}

// needs tells steps for which one must own that.
func needs(what string) func(assurance.Step) bool {
	return func(s assurance.Step) bool { return slices.Contains(s.Needs, what) }
}

func TestUA_KEPFromFileOrCarrierOfAnyAuthority(t *testing.T) {
	t.Parallel()
	p := load(t, "ua")
	for _, amr := range []string{"swk", "hwk"} { // a key in a file, a key on a carrier
		for _, authority := range []string{"One authority", "Another authority"} {
			s := person(assurance.StageConfirmed, assurance.MethodEDS)
			s.Uses[0].AMR, s.Uses[0].Issuer = []string{amr}, authority
			g, granted := assurance.Decide(p.Policy, assurance.Requirement{Level: "qualified"}, s).(assurance.Granted)
			if !granted || !slices.Equal(g.AMR, []string{amr}) {
				t.Errorf("a signature (%s) of %s: %+v", amr, authority, g)
			}
		}
	}
}

func TestUA_BankIdentityIsAnAlternativeUpToItsLevel(t *testing.T) {
	t.Parallel()
	p := load(t, "ua")
	registered := person(assurance.StageSimplified, assurance.MethodPassword)
	byBank := func(w assurance.Way) bool {
		return len(w.Steps) == 1 && w.Steps[0].Action == assurance.ActionPresent && w.Steps[0].Method == bank
	}
	if !slices.ContainsFunc(ways(p, procedureNamed(t, p, "2.01").Requirement, registered), byBank) {
		t.Error("a bank does not lead to what needs a bank")
	}
	if slices.ContainsFunc(ways(p, procedureNamed(t, p, "3.01").Requirement, registered), byBank) {
		t.Error("a bank leads to what needs a signature")
	}
}

func TestUA_TheEMailIsConfirmedByALink(t *testing.T) {
	t.Parallel()
	texts, err := text.Load(text.Config{})
	if err != nil {
		t.Fatal(err)
	}
	p := load(t, "ua")
	if p.Languages[0] != "uk" {
		t.Errorf("the first language is %s", p.Languages[0])
	}
	for _, lang := range p.Languages {
		const link = "https://id.example/register/link?code=1"
		_, body, err := texts.Compose(lang, "email", "register_code", map[string]any{"Link": link, "Code": "123456", "Valid": "24"})
		if err != nil || !strings.Contains(body, link) {
			t.Errorf("%s: no link in %q (%v)", lang, body, err)
		}
	}
}

func TestUA_TheCertificateGivesTheAccountItsDataAtOnce(t *testing.T) {
	t.Parallel()
	p := load(t, "ua")
	found := ways(p, assurance.Requirement{Level: "qualified"}, person(assurance.StageSimplified, assurance.MethodPassword))
	if len(found) == 0 || len(found[0].Steps) != 1 {
		t.Fatalf("ways %+v", found)
	}
	step := found[0].Steps[0]
	if step.Action != assurance.ActionPresent || step.Method != assurance.MethodEDS || step.Proofing != assurance.ProofingEDS || step.To != assurance.StageConfirmed {
		t.Errorf("the soonest way is %+v", step)
	}
	// What the certificate proved stays the account's: the next signature finds it there.
	s := person(assurance.StageConfirmed, assurance.MethodEDS)
	s.Proofings = []assurance.Proofing{{Method: assurance.ProofingEDS, Stage: assurance.StageConfirmed, At: noon}}
	if got := level(p, s); got != "qualified" {
		t.Errorf("after it the account reaches %q", got)
	}
}
