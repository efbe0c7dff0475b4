package profile

import (
	"fmt"
	"io/fs"
	"math"
	"slices"
	"time"

	"surety/assurance"
	"surety/assurance/lint"
	"surety/idp/strict"

	"go.yaml.in/yaml/v3"
)

const policyFile = "policy.yaml"

// policyReader reads policy.yaml and remembers on which line each part of it
// stands, for the problems that only the whole policy shows.
type policyReader struct {
	reader
	lines map[lint.Place]int
}

// ParsePolicy reads and checks a policy file that lies anywhere: one that an
// operator wants to bring into force, or one that was kept as text. The name
// of the file is for the messages only. Its error is of type Problems and
// names everything that is wrong; then nothing of the policy is returned.
func ParsePolicy(file string, source []byte) (assurance.Policy, error) {
	p, problems := parsePolicy(file, source)
	if len(problems) > 0 {
		return assurance.Policy{}, problems
	}
	return p, nil
}

// PolicySource returns the policy file of a profile that comes with Surety, as
// it is written. Error: when there is no such profile.
func PolicySource(name string) ([]byte, error) {
	files, err := folder(name)
	if err != nil {
		return nil, err
	}
	source, err := fs.ReadFile(files, policyFile)
	if err != nil {
		return nil, fmt.Errorf("read policy of profile %s: %w", name, err)
	}
	return source, nil
}

// readPolicy reads and checks the policy of a folder.
func readPolicy(folder fs.FS) (assurance.Policy, Problems) {
	r := newReader(policyFile)
	raw := r.open(folder, policyFile)
	if raw == nil {
		return assurance.Policy{}, r.collected()
	}
	return parsePolicy(policyFile, raw)
}

func parsePolicy(file string, source []byte) (assurance.Policy, Problems) {
	r := policyReader{reader: newReader(file), lines: map[lint.Place]int{}}
	p := assurance.Policy{DocumentGrace: usualDocumentGrace}
	if root := r.Document(source, maxFile); root != nil {
		r.Mapping(root, strict.Fields{
			"version": strict.Required(func(n *strict.Node) { p.Version = r.number(n, 1, math.MaxInt32) }),
			"levels": strict.Required(func(n *strict.Node) {
				r.List(n, maxList, func(i int, n *strict.Node) { p.Levels = append(p.Levels, r.level(i, n)) })
			}),
			"steps": strict.Optional(func(n *strict.Node) {
				r.List(n, maxList, func(i int, n *strict.Node) { p.Steps = append(p.Steps, r.step(i, n)) })
			}),
			"capacities": strict.Optional(func(n *strict.Node) {
				r.List(n, maxList, func(i int, n *strict.Node) { p.Capacities = append(p.Capacities, r.capacity(i, n)) })
			}),
			"document_grace": strict.Optional(func(n *strict.Node) { p.DocumentGrace = r.grace(n) }),
		})
	}
	if r.Err() == nil {
		// Of a file that could not be read as a whole nothing more can be said
		// that would not be noise.
		r.check(p)
	}
	return p, r.collected()
}

// nowhere is the place of what has no position.
var nowhere = lint.Place{Level: -1, Alternative: -1, Term: -1, Step: -1}

// level reads one level.
func (r *policyReader) level(i int, n *strict.Node) assurance.Level {
	at := nowhere
	at.Level = i
	r.lines[at] = n.Line
	var l assurance.Level
	r.Mapping(n, strict.Fields{
		"name":     strict.Required(func(n *strict.Node) { l.Name = assurance.LevelName(r.Text(n, maxText)) }),
		"acr":      strict.Required(func(n *strict.Node) { l.ACR = r.Text(n, maxText) }),
		"identity": strict.Required(func(n *strict.Node) { l.Identity = assurance.Stage(r.Text(n, maxText)) }),
		"equals":   strict.Optional(func(n *strict.Node) { l.Equals = r.Text(n, maxText) }),
		"login": strict.Required(func(n *strict.Node) {
			r.List(n, maxList, func(i int, n *strict.Node) {
				at := at
				at.Alternative = i
				l.Login = append(l.Login, r.alternative(at, n))
			})
		}),
	})
	return l
}

// alternative reads one list of terms.
func (r *policyReader) alternative(at lint.Place, n *strict.Node) assurance.Alternative {
	r.lines[at] = n.Line
	var a assurance.Alternative
	r.List(n, maxList, func(i int, n *strict.Node) {
		at := at
		at.Term = i
		r.lines[at] = n.Line
		a = append(a, r.term(n))
	})
	return a
}

// term reads a method alone, or a mapping that asks for more.
func (r *policyReader) term(n *strict.Node) assurance.Term {
	if n.Kind != yaml.MappingNode {
		return assurance.Term{Method: assurance.Method(r.Text(n, maxText))}
	}
	var t assurance.Term
	r.Mapping(n, strict.Fields{
		"method":  strict.Required(func(n *strict.Node) { t.Method = assurance.Method(r.Text(n, maxText)) }),
		"amr":     strict.Optional(func(n *strict.Node) { t.AMR = r.Texts(n, maxList, maxText) }),
		"channel": strict.Optional(func(n *strict.Node) { t.Channel = r.Texts(n, maxList, maxText) }),
		"issuer":  strict.Optional(func(n *strict.Node) { t.Issuer = r.Texts(n, maxList, maxText) }),
		"max_age": strict.Optional(func(n *strict.Node) { t.MaxAge = r.Duration(n) }),
	})
	return t
}

// step reads one offered step.
func (r *policyReader) step(i int, n *strict.Node) assurance.Step {
	at := nowhere
	at.Step = i
	r.lines[at] = n.Line
	var s assurance.Step
	r.Mapping(n, strict.Fields{
		"action":          strict.Required(func(n *strict.Node) { s.Action = assurance.Action(r.Text(n, maxText)) }),
		"takes":           strict.Required(func(n *strict.Node) { s.Soonest, s.Latest = r.span(n) }),
		"method":          strict.Optional(func(n *strict.Node) { s.Method = assurance.Method(r.Text(n, maxText)) }),
		"proofing":        strict.Optional(func(n *strict.Node) { s.Proofing = assurance.ProofingMethod(r.Text(n, maxText)) }),
		"from":            strict.Optional(func(n *strict.Node) { s.From = assurance.Stage(r.Text(n, maxText)) }),
		"to":              strict.Optional(func(n *strict.Node) { s.To = assurance.Stage(r.Text(n, maxText)) }),
		"fee":             strict.Optional(func(n *strict.Node) { s.Fee = r.Text(n, maxText) }),
		"needs":           strict.Optional(func(n *strict.Node) { s.Needs = r.Texts(n, maxList, maxText) }),
		"address_checked": strict.Optional(func(n *strict.Node) { s.AddressChecked = r.Bool(n) }),
	})
	return s
}

// capacity reads what acting for others takes.
func (r *policyReader) capacity(i int, n *strict.Node) assurance.CapacityRule {
	at := nowhere
	at.Capacity = i + 1 // counted from one, see lint.Place
	r.lines[at] = n.Line
	var rule assurance.CapacityRule
	r.Mapping(n, strict.Fields{
		"capacity": strict.Required(func(n *strict.Node) { rule.Capacity = assurance.Capacity(r.Text(n, maxText)) }),
		"level":    strict.Required(func(n *strict.Node) { rule.Level = assurance.LevelName(r.Text(n, maxText)) }),
	})
	return rule
}

// usualDocumentGrace is how long a proofing outlives its document where the
// policy says nothing (RULES R3).
const usualDocumentGrace = 180 * 24 * time.Hour

// grace reads a time, or the word none.
func (r *policyReader) grace(n *strict.Node) time.Duration {
	if n.Kind == yaml.ScalarNode && n.Value == "none" {
		return 0
	}
	grace := r.Duration(n)
	if r.Err() == nil && grace <= 0 {
		r.Report(n, "the word none, or for example 180d", "%q is no time after a document has ended", n.Value)
	}
	return grace
}

// check asks the policy about itself and gives each answer its line.
func (r *policyReader) check(p assurance.Policy) {
	problems := lint.Check(p)
	slices.SortStableFunc(problems, func(a, b lint.Problem) int { return r.line(a.Place) - r.line(b.Place) })
	for _, problem := range problems {
		r.Report(&strict.Node{Line: r.line(problem.Place)}, hint(problem.Code), "%s", problem.Error())
	}
}

// line finds the line of a place, or of the nearest part around it.
func (r *policyReader) line(at lint.Place) int {
	for _, forget := range []func(){func() {}, func() { at.Term = -1 }, func() { at.Alternative = -1 }} {
		forget()
		if line, ok := r.lines[at]; ok {
			return line
		}
	}
	return 0
}

// hint says what would be right.
func hint(code lint.ProblemCode) string {
	return map[lint.ProblemCode]string{
		lint.ProblemMethod:       "password, identifier, otp, sms, passkey, eds, idcard, residence_permit, federated or federated:<name>",
		lint.ProblemStage:        "simplified, standard or confirmed",
		lint.ProblemProofing:     "registry, letter, counter, eds, idcard, federated, appointment or imported",
		lint.ProblemAction:       "login, enrol, prove or present",
		lint.ProblemACR:          "for example https://id.example.org/level/basic; no spaces, no quotes",
		lint.ProblemName:         "small letters, digits, hyphens and underscores",
		lint.ProblemUnreachable:  "whoever reaches it reaches the next one as well, or no login is good enough for it",
		lint.ProblemSameMethod:   "two uses of one method are one factor",
		lint.ProblemLevel:        "one of the names under levels",
		lint.ProblemCapacity:     "entrepreneur, organisation, state_body, guardian or profession",
		lint.ProblemWeaker:       "whoever meets this meets the lower level's own alternative too, which then means nothing",
		lint.ProblemEquals:       "eidas:low, eidas:substantial or eidas:high",
		lint.ProblemEqualsFactor: "each alternative of this level and of those above must prove two kinds of factors",
		lint.ProblemEqualsProof:  "the identity of such a level is standard or confirmed",
		lint.ProblemEqualsLetter: "address_checked: true, if the post hands the letter over against a document or the registry knows the address",
		lint.ProblemLeadsNowhere: "no level asks for this, or it leads no further than from where it begins",
	}[code]
}
