package profile_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"surety/assurance"
	"surety/assurance/lint"
	"surety/idp/procedure"
	"surety/idp/profile"
)

// procedures reads the samples of a profile as the sandbox imports them.
func procedures(t testing.TB, p profile.Profile) []procedure.Procedure {
	t.Helper()
	source := bytes.ReplaceAll(p.Procedures, []byte("{agency}"), []byte("http://localhost:8090"))
	all, err := procedure.Parse("procedures.yaml", source)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// named returns the sample procedure of that code.
func procedureNamed(t testing.TB, p profile.Profile, code string) procedure.Procedure {
	t.Helper()
	all := procedures(t, p)
	i := slices.IndexFunc(all, func(one procedure.Procedure) bool { return one.Code == code })
	if i < 0 {
		t.Fatalf("%s has no procedure %s", p.Name, code)
	}
	return all[i]
}

// Each world has something to open at each of its levels, something fresh, and
// something that counts less than everything.
func TestSampleProceduresShowEachLevelAndEachKindOfRequirement(t *testing.T) {
	t.Parallel()
	for _, name := range profile.Names() {
		p := load(t, name)
		var levels []assurance.LevelName
		var fresh, excludes, document, renewal int
		for _, one := range procedures(t, p) {
			q := one.Requirement
			if _, known := p.Policy.Level(q.Level); !known {
				t.Errorf("%s: procedure %s needs %q, which is no level", name, one.Code, q.Level)
			}
			if one.Agency != "agency" || one.StartURI != "http://localhost:8090/procedures/"+one.Code {
				t.Errorf("%s: procedure %s of %s begins at %s", name, one.Code, one.Agency, one.StartURI)
			}
			if len(q.Capacities) == 0 {
				levels = append(levels, q.Level)
			}
			for counter, says := range map[*int]bool{
				&fresh: q.MaxAge > 0, &excludes: len(q.ExcludedProofings) > 0, &document: q.Document == assurance.DocumentCurrent, &renewal: q.Renewal,
			} {
				if says {
					*counter++
				}
			}
		}
		for _, l := range p.Policy.Levels {
			if !slices.Contains(levels, l.Name) {
				t.Errorf("%s: nothing is open to those who hold %s for themselves", name, l.Name)
			}
		}
		if len(levels) < 6 || fresh == 0 {
			t.Errorf("%s: %d procedures, %d that ask for a fresh login", name, len(levels), fresh)
		}
		if name == "demo" && (len(levels) < 7 || excludes == 0 || document == 0 || renewal == 0) {
			t.Errorf("demo: %d procedures, %d exclude a proofing, %d need a current document, %d are renewals", len(levels), excludes, document, renewal)
		}
	}
}

// No procedure is published that nobody could ever use.
func TestEverySampleProcedureCanBeSatisfied(t *testing.T) {
	t.Parallel()
	for _, name := range profile.Names() {
		p := load(t, name)
		for _, one := range procedures(t, p) {
			for _, problem := range lint.CheckRequirement(p.Policy, one.Requirement) {
				t.Errorf("%s: procedure %s: %v", name, one.Code, problem)
			}
			if one.Requirement.Capacities != nil {
				continue // a right to act comes from elsewhere
			}
			if refuse, ok := assurance.Decide(p.Policy, one.Requirement, person(assurance.StageSimplified, assurance.MethodPassword)).(assurance.Refuse); ok {
				t.Errorf("%s: procedure %s is closed to somebody who begins: %+v", name, one.Code, refuse)
			}
		}
	}
}

// A profile that is somebody's own may have no samples; then there are none.
func TestSampleProceduresMayBeMissing(t *testing.T) {
	t.Parallel()
	folder := demo(t)
	p, err := profile.Read("mine", folder)
	if err != nil || len(p.Procedures) != 0 {
		t.Errorf("%d bytes of procedures, %v", len(p.Procedures), err)
	}
	if !strings.Contains(string(load(t, "demo").Procedures), "{agency}/procedures/") {
		t.Error("the samples of the demonstration profile do not name their agency")
	}
}
