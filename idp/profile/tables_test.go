package profile_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"surety/assurance"
	"surety/idp/profile"
)

// matrix is what the golden file of a profile says: the tables, and what a
// reader concludes from them.
type matrix struct {
	profile profile.Profile
	policy  assurance.Policy
	// levels: by login, what is reached at each stage, all evidence fresh.
	levels map[string]map[assurance.Stage]assurance.LevelName
	// as: which stage a proofing at a stage amounts to in each state.
	as map[assurance.Stage]map[document]assurance.Stage
	// needs: the least level in each capacity; empty where there is none.
	needs map[assurance.Capacity]assurance.LevelName
}

func newMatrix(p profile.Profile) *matrix {
	m := &matrix{
		profile: p, policy: p.Policy, levels: map[string]map[assurance.Stage]assurance.LevelName{},
		as: map[assurance.Stage]map[document]assurance.Stage{}, needs: map[assurance.Capacity]assurance.LevelName{},
	}
	for _, row := range logins(m.policy) {
		m.levels[key(row.uses)] = map[assurance.Stage]assurance.LevelName{}
		for _, stage := range stages {
			m.levels[key(row.uses)][stage] = cell{login: row.uses, stage: stage, proofing: assurance.ProofingCounter}.reached(m.policy)
		}
	}
	for _, stage := range stages {
		m.as[stage] = map[document]assurance.Stage{}
		for _, d := range documents {
			m.as[stage][d] = m.amounts(cell{stage: stage, proofing: assurance.ProofingCounter, document: d})
		}
	}
	for _, rule := range m.policy.Capacities {
		m.needs[rule.Capacity] = rule.Level
	}
	return m
}

// key names a login by what it was done by, whenever that was.
func key(uses []assurance.Use) string {
	var names []string
	for _, u := range uses {
		names = append(names, string(u.Method)+"/"+u.Channel)
	}
	return strings.Join(names, " ")
}

// amounts finds the stage whose column of the first table the square has, for
// every login; empty when there is none. Where two columns are the same, that
// of the square's own stage is named.
func (m *matrix) amounts(c cell) assurance.Stage {
	for _, stage := range append([]assurance.Stage{c.stage}, stages...) {
		same := true
		for _, row := range logins(m.policy) {
			c.login = row.uses
			same = same && c.reached(m.policy) == m.levels[key(row.uses)][stage]
		}
		if same {
			return stage
		}
	}
	return ""
}

// concludes is what a reader of the tables takes a square to be: drop the uses
// that are too old, take the column that the proofing amounts to, and look
// whether it is enough for the capacity.
func (m *matrix) concludes(c cell) assurance.LevelName {
	var counting []assurance.Use
	for _, u := range c.login {
		if c.maxAge == 0 || noon.Sub(u.At) <= c.maxAge {
			counting = append(counting, u)
		}
	}
	stage := m.as[c.stage][c.document]
	if c.excluded {
		stage = assurance.StageSimplified
	}
	level := m.levels[key(counting)][stage]
	if least := m.needs[c.acting]; least != "" && m.policy.Compare(level, least) < 0 {
		return ""
	}
	return level
}

// String is the golden file.
func (m *matrix) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, `The matrix of the profile %s, policy version %d: which level is reached by which
login, at which stage of the identity, proven how, how old, and for whom.

Levels, lowest first: %s.
"-" is no level at all: nothing opens. Each table tells of one thing while all
others are at their best; a test decides every square of the whole matrix and
finds what the tables say.
`, m.profile.Name, m.policy.Version, m.names())
	m.logins(&b)
	m.proofings(&b)
	m.documents(&b)
	m.ages(&b)
	m.capacities(&b)
	return b.String()
}

func (m *matrix) names() string {
	var names []string
	for _, l := range m.policy.Levels {
		names = append(names, string(l.Name))
	}
	return strings.Join(names, " < ")
}

// width is enough for the longest login.
const width = 26

// logins is the first table: login by stage.
func (m *matrix) logins(b *strings.Builder) {
	b.WriteString("\n1. Login and stage: just logged in, for oneself, by a proofing that holds\n\n")
	line(b, width, "logged in by", "simplified", "standard", "confirmed")
	line(b, width, strings.Repeat("-", width), slices.Repeat([]string{strings.Repeat("-", column)}, 3)...)
	left := 0
	for _, row := range logins(m.policy) {
		if len(row.uses) == 2 && !m.adds(row) {
			left++
			continue
		}
		line(b, width, row.name, m.cells(row)...)
	}
	fmt.Fprintf(b, "\n  The %d other pairs reach what the better of their two reaches, at each stage.\n", left)
}

func (m *matrix) cells(row login) []string {
	var cells []string
	for _, stage := range stages {
		cells = append(cells, show(m.levels[key(row.uses)][stage]))
	}
	return cells
}

// adds reports whether a pair reaches more than either of its two.
func (m *matrix) adds(pair login) bool {
	return slices.ContainsFunc(stages, func(stage assurance.Stage) bool {
		got := m.levels[key(pair.uses)][stage]
		return got != m.levels[key(pair.uses[:1])][stage] && got != m.levels[key(pair.uses[1:])][stage]
	})
}

// proofings is the second table: by what the stage was proven.
func (m *matrix) proofings(b *strings.Builder) {
	b.WriteString("\n2. Proofing: which column of table 1 holds, by how the stage was proven\n\n")
	line(b, width, "proven by", "standard", "confirmed", "excluded by the procedure")
	line(b, width, strings.Repeat("-", width), slices.Repeat([]string{strings.Repeat("-", column)}, 3)...)
	for _, proofing := range proofings {
		cells := []string{
			string(m.amounts(cell{stage: assurance.StageStandard, proofing: proofing})),
			string(m.amounts(cell{stage: assurance.StageConfirmed, proofing: proofing})),
			string(m.amounts(cell{stage: assurance.StageConfirmed, proofing: proofing, excluded: true})),
		}
		line(b, width, string(proofing), cells...)
	}
}

// documents is the third table: what has ended.
func (m *matrix) documents(b *strings.Builder) {
	const width = 54
	days := int(m.policy.DocumentGrace / (24 * time.Hour))
	fmt.Fprintf(b, "\n3. Age of the proofing: which column of table 1 holds (document_grace: %d days)\n\n", days)
	line(b, width, "", "standard", "confirmed")
	line(b, width, strings.Repeat("-", width), slices.Repeat([]string{strings.Repeat("-", column)}, 2)...)
	for _, d := range documents {
		line(b, width, string(d), string(m.as[assurance.StageStandard][d]), string(m.as[assurance.StageConfirmed][d]))
	}
}

// ages is the fourth table: how old the login is.
func (m *matrix) ages(b *strings.Builder) {
	b.WriteString("\n4. Age of the login: at stage confirmed, with max_age=5m where it is said\n\n")
	line(b, width, "logged in by", "an hour ago", "5m ago", "5m 1s ago", "first old", "second old")
	line(b, width, "", "(no max_age)", "(max_age=5m)", "(max_age=5m)", "(max_age=5m)", "(max_age=5m)")
	line(b, width, strings.Repeat("-", width), slices.Repeat([]string{strings.Repeat("-", column)}, 5)...)
	for _, row := range logins(m.policy) {
		at := func(maxAge time.Duration, ages ...time.Duration) string {
			return show(cell{login: row.aged(ages...), stage: assurance.StageConfirmed, proofing: assurance.ProofingCounter, maxAge: maxAge}.reached(m.policy))
		}
		cells := []string{at(0, time.Hour), at(limit, limit), at(limit, old)}
		switch {
		case len(row.uses) == 0 || len(row.uses) == 2 && !m.adds(row):
			continue
		case len(row.uses) == 2:
			cells = append(cells, at(limit, old, fresh), at(limit, fresh, old))
		}
		line(b, width, row.name, cells...)
	}
}

// groups are the capacities, together those of which the policy says the same.
func (m *matrix) groups() [][]assurance.Capacity {
	var groups [][]assurance.Capacity
	for _, c := range assurance.Capacities() {
		i := slices.IndexFunc(groups, func(g []assurance.Capacity) bool { return m.needs[g[0]] == m.needs[c] })
		if i < 0 {
			groups = append(groups, nil)
			i = len(groups) - 1
		}
		groups[i] = append(groups[i], c)
	}
	return groups
}

// capacities is the fifth table: for whom. Capacities that differ nowhere share
// a column.
func (m *matrix) capacities(b *strings.Builder) {
	b.WriteString("\n5. Capacity: at stage confirmed, just logged in, with the right to act so\n\n")
	groups := m.groups()
	for n := range slices.MaxFunc(groups, func(a, b []assurance.Capacity) int { return len(a) - len(b) }) {
		var heads []string
		for _, g := range groups {
			heads = append(heads, "")
			if n < len(g) {
				heads[len(heads)-1] = string(g[n])
			}
		}
		first := ""
		if n == 0 {
			first = "logged in by"
		}
		line(b, width, first, heads...)
	}
	line(b, width, strings.Repeat("-", width), slices.Repeat([]string{strings.Repeat("-", column)}, len(groups))...)
	for _, row := range logins(m.policy) {
		if len(row.uses) == 0 || len(row.uses) == 2 && !m.adds(row) {
			continue
		}
		var cells []string
		for _, g := range groups {
			cells = append(cells, show(cell{login: row.uses, stage: assurance.StageConfirmed, proofing: assurance.ProofingCounter, acting: g[0]}.reached(m.policy)))
		}
		line(b, width, row.name, cells...)
	}
}
