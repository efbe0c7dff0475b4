package profile_test

import (
	"flag"
	"fmt"
	"iter"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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

var proofings = []assurance.ProofingMethod{
	assurance.ProofingRegistry, assurance.ProofingLetter, assurance.ProofingCounter, assurance.ProofingEDS, assurance.ProofingIDCard,
	assurance.ProofingFederated, assurance.ProofingAppointment, assurance.ProofingImported,
}

// The ages of a login that the matrix knows: when it happened before now.
const (
	fresh = 0
	limit = 5 * time.Minute // the max_age that is asked for
	old   = limit + time.Second
)

// cell is one square of the matrix: everything that a level may depend on.
type cell struct {
	login    []assurance.Use
	stage    assurance.Stage
	proofing assurance.ProofingMethod
	document document
	maxAge   time.Duration
	excluded bool // the requirement excludes the proofing
	acting   assurance.Capacity
}

// document is what became of the proofing and of the document shown for it.
type document string

const (
	holds       document = "nothing has ended"
	ended       document = "the document has ended"
	endedAsked  document = "the document has ended, a current one is asked for"
	graceOver   document = "the document has ended longer ago than document_grace"
	renewal     document = "the same, but the procedure renews it"
	proofingEnd document = "the proofing itself has ended"
)

var documents = []document{holds, ended, endedAsked, graceOver, renewal, proofingEnd}

// reached is the level of a square; empty means none.
func (c cell) reached(p assurance.Policy) assurance.LevelName {
	p.Steps = nil // no ways are looked for where the level is asked alone
	s := assurance.Situation{Now: noon, Civil: noon, Stage: c.stage, Uses: c.login, Acting: assurance.Acting{Capacity: c.acting}}
	proof := assurance.Proofing{Method: c.proofing, Stage: c.stage, At: noon.AddDate(-3, 0, 0)}
	r := assurance.Requirement{MaxAge: c.maxAge}
	switch c.document {
	case ended, endedAsked:
		proof.DocumentUntil = noon
	case graceOver, renewal:
		proof.DocumentUntil = noon.Add(-p.DocumentGrace)
	case proofingEnd:
		proof.ExpiresAt = noon
	}
	if c.document == endedAsked {
		r.Document = assurance.DocumentCurrent
	}
	r.Renewal = c.document == renewal
	if c.excluded {
		r.ExcludedProofings = []assurance.ProofingMethod{c.proofing}
	}
	s.Proofings = []assurance.Proofing{proof}
	g, _ := assurance.Decide(p, r, s).(assurance.Granted)
	return g.Level
}

// login is a row of the matrix: what somebody logged in by.
type login struct {
	name string
	uses []assurance.Use
}

// logins are all sets of at most two methods, and, where the policy tells
// channels apart, signatures that came by another than the usual one.
func logins(p assurance.Policy) []login {
	var rows []login
	for size := range 3 {
		for set := range uint(1) << len(methods) {
			if bits.OnesCount(set) == size {
				rows = append(rows, loginBy(set))
			}
		}
		if size == 1 && tellsChannels(p) {
			for _, channel := range []string{"upload", "mobile"} {
				rows = append(rows, login{"eds (" + channel + ")", []assurance.Use{{Method: assurance.MethodEDS, Channel: channel, At: noon}}})
			}
		}
	}
	return rows
}

// tellsChannels reports whether some term names channels.
func tellsChannels(p assurance.Policy) bool {
	for _, l := range p.Levels {
		for _, a := range l.Login {
			if slices.ContainsFunc(a, func(t assurance.Term) bool { return len(t.Channel) > 0 }) {
				return true
			}
		}
	}
	return false
}

// loginBy is the login by each method of a set, just now.
func loginBy(set uint) login {
	var l login
	var names []string
	for i, m := range methods {
		if set&(1<<i) != 0 {
			names = append(names, string(m))
			l.uses = append(l.uses, assurance.Use{Method: m, At: noon})
		}
	}
	l.name = strings.Join(names, " + ")
	if l.name == "" {
		l.name = "(not logged in)"
	}
	return l
}

// aged is the login with each use as long ago as the age of its place; the
// last age stands for all that follow.
func (l login) aged(ages ...time.Duration) []assurance.Use {
	uses := make([]assurance.Use, len(l.uses))
	for i, u := range l.uses {
		u.At = noon.Add(-ages[min(i, len(ages)-1)])
		uses[i] = u
	}
	return uses
}

func TestMatrixOfEachProfile(t *testing.T) {
	t.Parallel()
	for _, name := range profile.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden := filepath.Join("testdata", name+".matrix.txt")
			got := newMatrix(load(t, name)).String()
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

// The golden file has a table for each thing that a level depends on, instead
// of a million lines for all of them together. That is the same only if they
// do not depend on each other: here every square of the whole matrix is decided
// and compared with what a reader would conclude from the tables.
func TestTheTablesSayTheWholeMatrix(t *testing.T) {
	t.Parallel()
	for _, name := range profile.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := load(t, name)
			m := newMatrix(p)
			wrong, squares := 0, 0
			for _, row := range logins(p.Policy) {
				for c := range m.squares(row) {
					squares++
					if got, want := c.reached(p.Policy), m.concludes(c); got != want && wrong < 20 {
						wrong++
						t.Errorf("%s: %+v reaches %q, the tables say %q", row.name, c, got, want)
					}
				}
			}
			if squares < 60_000 {
				t.Errorf("only %d squares", squares)
			}
		})
	}
}

// squares are all squares of a login: its ages with and without max_age, stage,
// proofing, document, exclusion and capacity. Of capacities of which the policy
// says the same one is taken.
func (m *matrix) squares(row login) iter.Seq[cell] {
	squares := []cell{{login: row.aged(old, fresh)}, {login: row.aged(fresh), maxAge: limit}, {login: row.aged(old), maxAge: limit}}
	if len(row.uses) > 1 {
		squares = append(squares, cell{login: row.aged(old, fresh), maxAge: limit}, cell{login: row.aged(fresh, old), maxAge: limit})
	}
	squares = each(squares, stages, func(c *cell, v assurance.Stage) { c.stage = v })
	squares = each(squares, proofings, func(c *cell, v assurance.ProofingMethod) { c.proofing = v })
	squares = each(squares, documents, func(c *cell, v document) { c.document = v })
	squares = each(squares, []bool{false, true}, func(c *cell, v bool) { c.excluded = v })
	var capacities []assurance.Capacity
	for _, group := range m.groups() {
		capacities = append(capacities, group[0])
	}
	return slices.Values(each(squares, capacities, func(c *cell, v assurance.Capacity) { c.acting = v }))
}

// each takes every square once with every value.
func each[T any](squares []cell, values []T, set func(*cell, T)) []cell {
	out := make([]cell, 0, len(squares)*len(values))
	for _, c := range squares {
		for _, v := range values {
			set(&c, v)
			out = append(out, c)
		}
	}
	return out
}

// The tables stop at two methods. No alternative of ours has more terms, so a
// larger set reaches what the best two of it reach.
func TestMoreThanTwoMethodsReachWhatTheBestTwoReach(t *testing.T) {
	t.Parallel()
	for _, name := range profile.Names() {
		p := load(t, name).Policy
		for _, stage := range stages {
			levels := map[uint]assurance.LevelName{}
			for set := range uint(1) << len(methods) {
				levels[set] = cell{login: loginBy(set).uses, stage: stage, proofing: assurance.ProofingCounter}.reached(p)
			}
			for set := range uint(1) << len(methods) {
				var best assurance.LevelName
				for pair := range uint(1) << len(methods) {
					if pair&set == pair && bits.OnesCount(pair) <= 2 && p.Compare(levels[pair], best) > 0 {
						best = levels[pair]
					}
				}
				if levels[set] != best {
					t.Errorf("%s: %s at %s reaches %q, its best two %q", name, loginBy(set).name, stage, levels[set], best)
				}
			}
		}
	}
}

// show writes a level as the tables do.
func show(l assurance.LevelName) string {
	if l == "" {
		return "-"
	}
	return string(l)
}

// line is one line of a table: a name and its cells.
func line(b *strings.Builder, width int, name string, cells ...string) {
	text := fmt.Sprintf("  %-*s", width, name)
	for _, c := range cells {
		text += fmt.Sprintf("  %-*s", column, c)
	}
	b.WriteString(strings.TrimRight(text, " ") + "\n")
}

// column is the width of a cell.
const column = 14
