package profile_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"surety/assurance"
	"surety/assurance/lint"
	"surety/idp/profile"
)

// small is a policy that has everything and is short: the fuzzer makes what it
// finds smaller byte by byte, and spends its time on nothing else when it
// begins with comments and long addresses.
const small = `version: 1
levels:
- {name: a, acr: 'x:a', identity: simplified, login: [[password], [federated]]}
- {name: b, acr: 'x:b', identity: confirmed, login: [[password, otp], [{method: eds, amr: [hwk], channel: [""], issuer: [c], max_age: 1h}]]}
steps:
- {action: login, method: password, takes: 1m}
- {action: prove, proofing: letter, from: standard, to: confirmed, takes: 1d..3d, fee: f, needs: [n], address_checked: true}
- {action: present, method: eds, proofing: eds, to: confirmed, takes: 1m}
- {action: enrol, method: otp, takes: 1m}
capacities: [{capacity: organisation, level: b}]
document_grace: 9d
`

// A policy file comes from an operator's hands, or from whoever got at them.
// Whatever is in it, reading ends soon, and either says on which line the
// mistake is or gives a policy that decides about anybody.
func FuzzPolicy(f *testing.F) {
	for _, seed := range []string{
		small, "", "version: 1", "a: &a [*a]", "levels: [{login: [[{}]]}]", "--- !x\n{}", "? [x]\n: y", "{{{{{{{{{{{{{{{{", "- - - - - - - -",
		"version: 2147483647\nlevels:\n- {name: a, acr: 'urn:x:a', identity: simplified, login: [[password, otp, sms, passkey]]}\n",
		"version: 1\nlevels:\n- {name: a, acr: 'urn:x:a', equals: 'eidas:low', identity: standard, login: [[{method: passkey, max_age: 1ns}]]}\nsteps:\n- {action: prove, proofing: letter, to: confirmed, takes: 0s..65535d}\ndocument_grace: 65535d\ncapacities: [{capacity: guardian, level: a}]\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		p, err := profile.ParsePolicy("policy.yaml", source)
		if err != nil {
			var problems profile.Problems
			if !errors.As(err, &problems) || len(problems) == 0 || len(problems) > 300 {
				t.Fatalf("told %v", err)
			}
			for _, problem := range problems {
				if problem.Text == "" || strings.ContainsRune(problem.Error(), '\n') && !strings.ContainsRune(string(source), '\n') {
					t.Errorf("problem %#v", problem)
				}
			}
			if len(p.Levels) > 0 {
				t.Errorf("something of a bad policy is used: %+v", p)
			}
			return
		}
		if problems := lint.Check(p); len(problems) > 0 {
			t.Fatalf("read a policy with %v", problems)
		}
		decideAboutAnybody(t, p)
	})
}

// decideAboutAnybody asks for each level, in the name of people who hold
// little and much.
func decideAboutAnybody(t *testing.T, p assurance.Policy) {
	// Looking for ways is dear under the fuzzer; what is looked for is a panic,
	// and few steps and levels show that as well as many.
	p.Steps = p.Steps[:min(3, len(p.Steps))]
	lint.Remarks(p)
	for _, l := range p.Levels[:min(3, len(p.Levels))] {
		for _, q := range []assurance.Requirement{
			{Level: l.Name}, {Level: l.Name, MaxAge: time.Minute, Document: assurance.DocumentCurrent},
			{Level: l.Name, ExcludedProofings: proofings[:2], Renewal: true, Capacities: []assurance.CapacityTerm{{Capacity: assurance.CapacityOrganisation}}},
		} {
			lint.CheckRequirement(p, q)
			for _, s := range []assurance.Situation{
				{}, {Now: noon, Civil: noon}, person(assurance.StageSimplified, assurance.MethodPassword), person(assurance.StageConfirmed, methods...),
			} {
				if g, granted := assurance.Decide(p, q, s).(assurance.Granted); granted && p.Compare(g.Level, l.Name) < 0 {
					t.Errorf("%s was asked for and %s granted", l.Name, g.Level)
				}
			}
		}
	}
}
