package policy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/procedure"
)

// Standings tells what the rules know of people's accounts.
type Standings interface {
	// Standings pages over the accounts that may log in, by id, beginning after
	// the given one. Errors: unavailable.
	Standings(ctx context.Context, after idp.AccountID, limit int, now time.Time) ([]idp.Standing, error)
	// Standing reads one account. Errors: not_found, unavailable.
	Standing(ctx context.Context, account idp.AccountID, now time.Time) (idp.Standing, error)
	// LoginOwner returns whose login name it is, by its key. Errors: not_found, unavailable.
	LoginOwner(ctx context.Context, key string) (idp.AccountID, error)
}

// Difference is what a change of policy does to the people and procedures that
// there are. An account counts with the best log-in that it could make now.
type Difference struct {
	From       int             `json:"from"` // 0: there was none
	To         int             `json:"to"`
	Accounts   int             `json:"accounts"`
	Levels     []LevelDiff     `json:"levels"`     // of both policies, lowest first
	Procedures []ProcedureDiff `json:"procedures"` // by agency and code
}

// Reached is how many accounts reach something, before and after.
type Reached struct {
	Before int `json:"before"`
	After  int `json:"after"`
	Gain   int `json:"gain"` // reach it after and not before
	Lose   int `json:"lose"` // reach it before and not after
}

// LevelDiff is what becomes of a level.
type LevelDiff struct {
	Level  assurance.LevelName `json:"level"`
	Change LevelChange         `json:"change"`
	Reached
}

// LevelChange says what happens to a level itself.
type LevelChange string

// The changes.
const (
	LevelSame    LevelChange = "same"
	LevelAdded   LevelChange = "added"
	LevelRemoved LevelChange = "removed"
	LevelChanged LevelChange = "changed"
)

// ProcedureDiff is what becomes of one version of a procedure.
type ProcedureDiff struct {
	Agency    string    `json:"agency"`
	Code      string    `json:"code"`
	Title     string    `json:"title"`
	ValidFrom time.Time `json:"valid_from"`
	Reached
}

// Changed reports whether the procedure opens or closes to anybody.
func (d ProcedureDiff) Changed() bool { return d.Gain+d.Lose > 0 }

// Diff tells what changes when the second policy follows the first,
// for every account and every published procedure. It reads all accounts, a
// page at a time.
//
// Errors: unavailable.
func (s *Service) Diff(ctx context.Context, from, to assurance.Policy) (Difference, error) {
	d := Difference{From: from.Version, To: to.Version, Levels: diffLevels(from, to), Procedures: []ProcedureDiff{}}
	c := comparison{from: withoutSteps(from), to: withoutSteps(to), diff: &d}
	err := s.eachProcedure(ctx, func(one procedure.Procedure) {
		d.Procedures = append(d.Procedures, ProcedureDiff{
			Agency: one.Agency, Code: one.Code, Title: one.Title("en"), ValidFrom: one.ValidFrom,
		})
		c.ask(one.Requirement)
	})
	if err != nil {
		return Difference{}, err
	}
	now, civil := s.Clock(), s.Civil()
	for after := idp.AccountID(""); ; {
		page, err := s.Standings.Standings(ctx, after, pageSize, now)
		if err != nil {
			return Difference{}, err
		}
		for _, one := range page {
			c.account(one.Situation(now, civil))
		}
		if len(page) < pageSize {
			break
		}
		after = page[len(page)-1].AccountID
	}
	c.finish()
	return d, nil
}

// diffLevels lists the levels of both policies in the order of the second;
// those that only the first has come where they stood in it.
func diffLevels(from, to assurance.Policy) []LevelDiff {
	var out []LevelDiff
	for _, l := range to.Levels {
		d := LevelDiff{Level: l.Name, Change: LevelAdded}
		if old, ok := from.Level(l.Name); ok {
			d.Change = LevelSame
			if !reflect.DeepEqual(old, l) {
				d.Change = LevelChanged
			}
		}
		out = append(out, d)
	}
	for i, l := range from.Levels {
		if _, ok := to.Level(l.Name); !ok {
			out = slices.Insert(out, min(i, len(out)), LevelDiff{Level: l.Name, Change: LevelRemoved})
		}
	}
	return out
}

// withoutSteps is a policy that only says whether something is met: looking
// for ways is what costs.
func withoutSteps(p assurance.Policy) assurance.Policy {
	p.Steps = nil
	return p
}

// comparison counts, account by account.
type comparison struct {
	from, to assurance.Policy
	diff     *Difference
	// Procedures share requirements: each different one is decided about once
	// an account. of has its position for each procedure.
	requirements []assurance.Requirement
	counts       []Reached
	of           []int
	seen         map[string]int
}

// ask adds the next procedure's requirement.
func (c *comparison) ask(q assurance.Requirement) {
	text, _ := json.Marshal(q) // plain values: cannot fail, and would only cost time
	i, known := c.seen[string(text)]
	if !known || len(text) == 0 {
		if c.seen == nil {
			c.seen = map[string]int{}
		}
		i = len(c.requirements)
		c.seen[string(text)] = i
		c.requirements, c.counts = append(c.requirements, q), append(c.counts, Reached{})
	}
	c.of = append(c.of, i)
}

func (c *comparison) account(s assurance.Situation) {
	c.diff.Accounts++
	before, after := held(c.from, s), held(c.to, s)
	for i := range c.diff.Levels {
		l := &c.diff.Levels[i]
		l.count(reaches(c.from, before, l.Level), reaches(c.to, after, l.Level))
	}
	for i, q := range c.requirements {
		s.Acting = acting(q)
		c.counts[i].count(meets(c.from, q, s), meets(c.to, q, s))
	}
}

func (c *comparison) finish() {
	for i := range c.diff.Procedures {
		c.diff.Procedures[i].Reached = c.counts[c.of[i]]
	}
}

func (r *Reached) count(before, after bool) {
	if before {
		r.Before++
	}
	if after {
		r.After++
	}
	switch {
	case after && !before:
		r.Gain++
	case before && !after:
		r.Lose++
	}
}

// held is the level that all evidence reaches; empty for none.
func held(p assurance.Policy, s assurance.Situation) assurance.LevelName {
	return assurance.One(p).Held(s)
}

func reaches(p assurance.Policy, held, level assurance.LevelName) bool {
	_, known := p.Level(level)
	return known && held != "" && p.Compare(held, level) >= 0
}

func meets(p assurance.Policy, q assurance.Requirement, s assurance.Situation) bool {
	_, ok := assurance.Decide(p, q, s).(assurance.Granted)
	return ok
}

// acting is the first capacity that the requirement accepts: the comparison is
// of levels, and who may speak for whom does not depend on a policy.
func acting(q assurance.Requirement) assurance.Acting {
	if len(q.Capacities) == 0 {
		return assurance.Acting{}
	}
	first := q.Capacities[0]
	a := assurance.Acting{Capacity: first.Capacity}
	if len(first.Roles) > 0 {
		a.Role = first.Roles[0]
	}
	return a
}

// auditText bounds an attribute of the audit event, well below the event's own bound.
const auditText = 1500

// attributes are the diff as the audit keeps it: what fits, and how many more.
func (d Difference) attributes(source []byte) map[string]string {
	levels := make([]string, len(d.Levels))
	for i, l := range d.Levels {
		levels[i] = fmt.Sprintf("%s %s %s", l.Level, l.Change, l.Reached)
	}
	var procedures []string
	for _, p := range d.Procedures {
		if p.Changed() {
			procedures = append(procedures, fmt.Sprintf("%s/%s %s", p.Agency, p.Code, p.Reached))
		}
	}
	sum := sha256.Sum256(source)
	return map[string]string{
		"from": strconv.Itoa(d.From), "accounts": strconv.Itoa(d.Accounts), "levels": bounded(levels), "procedures": bounded(procedures),
		"source_sha256": hex.EncodeToString(sum[:]),
	}
}

// String is the count in short: before>after +gain -loss.
func (r Reached) String() string {
	return fmt.Sprintf("%d>%d +%d -%d", r.Before, r.After, r.Gain, r.Lose)
}

// bounded joins as many as fit.
func bounded(list []string) string {
	size := 0
	for i, one := range list {
		if size += len(one) + 2; size > auditText {
			return fmt.Sprintf("%s; and %d more", strings.Join(list[:i], "; "), len(list)-i)
		}
	}
	return strings.Join(list, "; ")
}

func commas(list []string) string { return strings.Join(list, ", ") }
