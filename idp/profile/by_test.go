package profile_test

import (
	"slices"
	"testing"

	"surety/assurance"
)

// The sentences of DESIGN §9 about the Belarusian profile, one test each.

func TestBY_OneRegistersByEMailOrByEDS(t *testing.T) {
	t.Parallel()
	p := load(t, "by")
	if got := level(p, person(assurance.StageSimplified, assurance.MethodPassword)); got != "password" {
		t.Errorf("who registered by e-mail and chose a password reaches %q", got)
	}
	s := person(assurance.StageSimplified, assurance.MethodEDS)
	if got := level(p, s); got != "password" {
		t.Errorf("a signature whose holder is not compared yet reaches %q", got)
	}
	s = person(assurance.StageConfirmed, assurance.MethodEDS)
	s.Proofings[0].Method = assurance.ProofingEDS
	if got := level(p, s); got != "strict" {
		t.Errorf("who registered by signature reaches %q", got)
	}
}

func TestBY_TheUniqueIdentifierIsIssuedByTheOneWindowService(t *testing.T) {
	t.Parallel()
	p := load(t, "by")
	beginner := person(assurance.StageSimplified, assurance.MethodPassword)
	var handedOver bool
	for _, w := range ways(p, assurance.Requirement{Level: "identifier"}, beginner) {
		for _, step := range w.Steps {
			if step.Method != assurance.MethodIdentifier {
				continue
			}
			handedOver = true
			if step.Action != assurance.ActionPresent || step.Proofing != assurance.ProofingCounter || !slices.Contains(step.Needs, "document") || !slices.Contains(step.Needs, "application") {
				t.Errorf("the identifier comes by %+v", step)
			}
			if w.AtOnce() {
				t.Error("a visit is said to need no visit")
			}
		}
	}
	if !handedOver {
		t.Error("nobody is told where to get an identifier")
	}
	if got := level(p, person(assurance.StageConfirmed, assurance.MethodIdentifier)); got != "identifier" {
		t.Errorf("who has it reaches %q", got)
	}
	if got := level(p, person(assurance.StageSimplified, assurance.MethodIdentifier)); got != "password" {
		t.Errorf("an identifier of somebody unproven reaches %q", got)
	}
	// Two factors that one adds by oneself are no identifier.
	if got := level(p, person(assurance.StageConfirmed, assurance.MethodPassword, assurance.MethodOTP)); got != "password" {
		t.Errorf("password and app reach %q", got)
	}
}

func TestBY_LevelsArePasswordIdentifierStrict(t *testing.T) {
	t.Parallel()
	var names []assurance.LevelName
	for _, l := range load(t, "by").Policy.Levels {
		names = append(names, l.Name)
		if l.ACR != "https://surety.example/by/level/"+string(l.Name) {
			t.Errorf("%s has acr %s", l.Name, l.ACR)
		}
	}
	if !slices.Equal(names, []assurance.LevelName{"password", "identifier", "strict"}) {
		t.Errorf("levels %v", names)
	}
}

func TestBY_StrictIsEDSOrIDCardOrBiometricResidencePermit(t *testing.T) {
	t.Parallel()
	p := load(t, "by")
	for _, m := range methods {
		want := slices.Contains([]assurance.Method{assurance.MethodEDS, assurance.MethodIDCard, assurance.MethodResidencePermit}, m)
		if got := level(p, person(assurance.StageConfirmed, m)) == "strict"; got != want {
			t.Errorf("%s is strict: %v", m, got)
		}
	}
}

func TestBY_MobileEDSCountsForNothing(t *testing.T) {
	t.Parallel()
	p := load(t, "by")
	for _, channel := range []string{"", "tls", "file", "agent"} {
		s := person(assurance.StageConfirmed, assurance.MethodEDS)
		s.Uses[0].Channel = channel
		if got := level(p, s); got != "strict" {
			t.Errorf("a signature by %q reaches %q", channel, got)
		}
	}
	for _, stage := range stages {
		s := person(stage, assurance.MethodEDS)
		s.Uses[0].Channel = "mobile"
		if got := level(p, s); got != "" {
			t.Errorf("at %s a mobile signature reaches %q", stage, got)
		}
		// It takes nothing away from what else there is, and adds nothing.
		s.Uses = append(s.Uses, assurance.Use{Method: assurance.MethodPassword, At: noon})
		if got := level(p, s); got != "password" {
			t.Errorf("at %s a mobile signature and a password reach %q", stage, got)
		}
	}
}

func TestBY_AnOrganisationIsActivatedByItsHead(t *testing.T) {
	t.Parallel()
	p := load(t, "by")
	activation := procedureNamed(t, p, "3.90.01").Requirement
	head := assurance.Acting{Capacity: assurance.CapacityOrganisation, Role: "head"}
	for name, c := range map[string]struct {
		method assurance.Method
		acting assurance.Acting
		want   bool
	}{
		"the head with a signature":   {assurance.MethodEDS, head, true},
		"the head with a card":        {assurance.MethodIDCard, head, true},
		"the head with an identifier": {assurance.MethodIdentifier, head, false},
		"the head with a password":    {assurance.MethodPassword, head, false},
		"an employee":                 {assurance.MethodEDS, assurance.Acting{Capacity: assurance.CapacityOrganisation, Role: "employee"}, false},
		"somebody for themselves":     {assurance.MethodEDS, assurance.Acting{}, false},
	} {
		s := person(assurance.StageConfirmed, c.method)
		s.Acting = c.acting
		if got := opens(p, activation, s); got != c.want {
			t.Errorf("%s may activate an organisation: %v", name, got)
		}
	}
	// Speaking for an organisation takes the strict level whatever is asked for.
	easy := assurance.Requirement{Level: "password"}
	s := person(assurance.StageConfirmed, assurance.MethodPassword)
	if !opens(p, easy, s) {
		t.Error("for themselves a password is enough")
	}
	s.Acting = head
	if opens(p, easy, s) {
		t.Error("a password speaks for an organisation")
	}
}

func TestBY_TheLevelIsSetPerProcedure(t *testing.T) {
	t.Parallel()
	p := load(t, "by")
	for code, want := range map[string]assurance.LevelName{"1.01.01": "password", "2.37.01": "identifier", "3.77.01": "strict"} {
		if got := procedureNamed(t, p, code).Requirement.Level; got != want {
			t.Errorf("%s needs %s", code, got)
		}
	}
	strict := procedureNamed(t, p, "3.77.01").Requirement
	if opens(p, strict, person(assurance.StageConfirmed, assurance.MethodIdentifier)) || !opens(p, strict, person(assurance.StageConfirmed, assurance.MethodResidencePermit)) {
		t.Error("3.77.01 is not strict")
	}
}
