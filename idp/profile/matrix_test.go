package profile_test

import (
	"flag"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"surety/assurance"
	"surety/idp/profile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// methods in the order of the design, so that a set of them is a set of bits.
var methods = []assurance.Method{
	assurance.MethodPassword, assurance.MethodIdentifier, assurance.MethodOTP, assurance.MethodSMS, assurance.MethodPasskey,
	assurance.MethodEDS, assurance.MethodIDCard, assurance.MethodResidencePermit, "federated:bank",
}

var stages = []assurance.Stage{assurance.StageSimplified, assurance.StageStandard, assurance.StageConfirmed}

// reached is the level of an account at the stage that logged in by each method of the set.
func reached(p assurance.Policy, set uint, stage assurance.Stage) assurance.LevelName {
	s := assurance.Situation{Now: noon, Civil: noon, Stage: stage, Proofings: []assurance.Proofing{
		{Method: assurance.ProofingCounter, Stage: stage, At: noon},
	}}
	for i, m := range methods {
		if set&(1<<i) != 0 {
			s.Uses = append(s.Uses, assurance.Use{Method: m, At: noon})
		}
	}
	g, _ := assurance.Decide(p, assurance.Requirement{}, s).(assurance.Granted)
	return g.Level
}

// named writes a set of methods as a person would.
func named(set uint) string {
	var names []string
	for i, m := range methods {
		if set&(1<<i) != 0 {
			names = append(names, string(m))
		}
	}
	if len(names) == 0 {
		return "(not logged in)"
	}
	return strings.Join(names, " + ")
}

// matrix is the table of all sets of at most two methods.
func matrix(p assurance.Policy) string {
	var b strings.Builder
	line := func(cells ...any) {
		b.WriteString(strings.TrimRight(fmt.Sprintf("%-36s%-14s%-14s%s", cells...), " ") + "\n")
	}
	line("logged in by", stages[0], stages[1], stages[2])
	for size := range 3 {
		b.WriteString("\n")
		for set := range uint(1) << len(methods) {
			if bits.OnesCount(set) != size {
				continue
			}
			cells := []any{named(set)}
			for _, stage := range stages {
				level := reached(p, set, stage)
				if level == "" {
					level = "-"
				}
				cells = append(cells, level)
			}
			line(cells...)
		}
	}
	return b.String()
}

func TestMatrixOfEachProfile(t *testing.T) {
	t.Parallel()
	for _, name := range profile.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := profile.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".matrix.txt")
			got := matrix(p.Policy)
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the matrix changed; if that was meant, run with -update and read it\n%s", got)
			}
		})
	}
}

// The table stops at two methods. No alternative of the demonstration profile
// has more terms, so a larger set reaches what the best two of it reach.
func TestMoreThanTwoMethodsReachWhatTheBestTwoReach(t *testing.T) {
	t.Parallel()
	p, err := profile.Load("demo")
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range stages {
		for set := range uint(1) << len(methods) {
			var best assurance.LevelName
			for pair := range uint(1) << len(methods) {
				if pair&set != pair || bits.OnesCount(pair) > 2 {
					continue
				}
				if level := reached(p.Policy, pair, stage); p.Policy.Compare(level, best) > 0 {
					best = level
				}
			}
			if got := reached(p.Policy, set, stage); got != best {
				t.Errorf("%s at %s reaches %q, its best two %q", named(set), stage, got, best)
			}
		}
	}
}
