package profile

import (
	"fmt"
	"io/fs"
	"math"
	"slices"
	"time"

	"surety/assurance"

	"go.yaml.in/yaml/v3"
)

const policyFile = "policy.yaml"

// policyReader reads policy.yaml and remembers on which line each part of it
// stands, for the problems that only the whole policy shows.
type policyReader struct {
	reader
	lines map[assurance.Place]int
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
	r := reader{file: policyFile}
	raw := r.open(folder)
	if raw == nil {
		return assurance.Policy{}, r.problems
	}
	return parsePolicy(policyFile, raw)
}

func parsePolicy(file string, source []byte) (assurance.Policy, Problems) {
	r := policyReader{reader: reader{file: file}, lines: map[assurance.Place]int{}}
	p := assurance.Policy{DocumentGrace: usualDocumentGrace}
	if root := r.parse(source); root != nil {
		r.mapping(root, fields{
			"version": required(func(n *yaml.Node) { p.Version = r.number(n, 1, math.MaxInt32) }),
			"levels": required(func(n *yaml.Node) {
				r.list(n, func(i int, n *yaml.Node) { p.Levels = append(p.Levels, r.level(i, n)) })
			}),
			"steps": optional(func(n *yaml.Node) {
				r.list(n, func(i int, n *yaml.Node) { p.Steps = append(p.Steps, r.step(i, n)) })
			}),
			"capacities": optional(func(n *yaml.Node) {
				r.list(n, func(_ int, n *yaml.Node) { p.Capacities = append(p.Capacities, r.capacity(n)) })
			}),
			"document_grace": optional(func(n *yaml.Node) { p.DocumentGrace = r.grace(n) }),
		})
	}
	if len(r.problems) == 0 {
		// Of a file that could not be read as a whole nothing more can be said
		// that would not be noise.
		r.check(p)
	}
	return p, r.problems
}

// nowhere is the place of what has no position.
var nowhere = assurance.Place{Level: -1, Alternative: -1, Term: -1, Step: -1}

// level reads one level.
func (r *policyReader) level(i int, n *yaml.Node) assurance.Level {
	at := nowhere
	at.Level = i
	r.lines[at] = n.Line
	var l assurance.Level
	r.mapping(n, fields{
		"name":     required(func(n *yaml.Node) { l.Name = assurance.LevelName(r.text(n)) }),
		"acr":      required(func(n *yaml.Node) { l.ACR = r.text(n) }),
		"identity": required(func(n *yaml.Node) { l.Identity = assurance.Stage(r.text(n)) }),
		"login": required(func(n *yaml.Node) {
			r.list(n, func(i int, n *yaml.Node) {
				at := at
				at.Alternative = i
				l.Login = append(l.Login, r.alternative(at, n))
			})
		}),
	})
	return l
}

// alternative reads one list of terms.
func (r *policyReader) alternative(at assurance.Place, n *yaml.Node) assurance.Alternative {
	r.lines[at] = n.Line
	var a assurance.Alternative
	r.list(n, func(i int, n *yaml.Node) {
		at := at
		at.Term = i
		r.lines[at] = n.Line
		a = append(a, r.term(n))
	})
	return a
}

// term reads a method alone, or a mapping that asks for more.
func (r *policyReader) term(n *yaml.Node) assurance.Term {
	if n.Kind != yaml.MappingNode {
		return assurance.Term{Method: assurance.Method(r.text(n))}
	}
	var t assurance.Term
	r.mapping(n, fields{
		"method":  required(func(n *yaml.Node) { t.Method = assurance.Method(r.text(n)) }),
		"amr":     optional(func(n *yaml.Node) { t.AMR = r.texts(n) }),
		"channel": optional(func(n *yaml.Node) { t.Channel = r.texts(n) }),
		"issuer":  optional(func(n *yaml.Node) { t.Issuer = r.texts(n) }),
		"max_age": optional(func(n *yaml.Node) { t.MaxAge = r.duration(n) }),
	})
	return t
}

// step reads one offered step.
func (r *policyReader) step(i int, n *yaml.Node) assurance.Step {
	at := nowhere
	at.Step = i
	r.lines[at] = n.Line
	var s assurance.Step
	r.mapping(n, fields{
		"action":   required(func(n *yaml.Node) { s.Action = assurance.Action(r.text(n)) }),
		"takes":    required(func(n *yaml.Node) { s.Soonest, s.Latest = r.span(n) }),
		"method":   optional(func(n *yaml.Node) { s.Method = assurance.Method(r.text(n)) }),
		"proofing": optional(func(n *yaml.Node) { s.Proofing = assurance.ProofingMethod(r.text(n)) }),
		"from":     optional(func(n *yaml.Node) { s.From = assurance.Stage(r.text(n)) }),
		"to":       optional(func(n *yaml.Node) { s.To = assurance.Stage(r.text(n)) }),
		"fee":      optional(func(n *yaml.Node) { s.Fee = r.text(n) }),
		"needs":    optional(func(n *yaml.Node) { s.Needs = r.texts(n) }),
	})
	return s
}

// capacity reads what acting for others takes.
func (r *policyReader) capacity(n *yaml.Node) assurance.CapacityRule {
	var rule assurance.CapacityRule
	r.mapping(n, fields{
		"capacity": required(func(n *yaml.Node) { rule.Capacity = assurance.Capacity(r.text(n)) }),
		"level":    required(func(n *yaml.Node) { rule.Level = assurance.LevelName(r.text(n)) }),
	})
	return rule
}

// usualDocumentGrace is how long a proofing outlives its document where the
// policy says nothing (RULES R3).
const usualDocumentGrace = 180 * 24 * time.Hour

// grace reads a time, or the word none.
func (r *policyReader) grace(n *yaml.Node) time.Duration {
	if n.Kind == yaml.ScalarNode && n.Value == "none" {
		return 0
	}
	grace := r.duration(n)
	if grace < 0 || (grace == 0 && len(r.problems) == 0) {
		r.report(n, "the word none, or for example 180d", "%q is no time after a document has ended", n.Value)
	}
	return grace
}

// check asks the policy about itself and gives each answer its line.
func (r *policyReader) check(p assurance.Policy) {
	for _, problem := range p.Check() {
		r.problems = append(r.problems, Problem{
			File: r.file, Line: r.line(problem.Place), Text: problem.Error(), Hint: hint(problem.Code),
		})
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int { return a.Line - b.Line })
}

// line finds the line of a place, or of the nearest part around it.
func (r *policyReader) line(at assurance.Place) int {
	for _, forget := range []func(){func() {}, func() { at.Term = -1 }, func() { at.Alternative = -1 }} {
		forget()
		if line, ok := r.lines[at]; ok {
			return line
		}
	}
	return 0
}

// hint says what would be right.
func hint(code assurance.ProblemCode) string {
	return map[assurance.ProblemCode]string{
		assurance.ProblemMethod:      "password, identifier, otp, sms, passkey, eds, idcard, residence_permit, federated or federated:<name>",
		assurance.ProblemStage:       "simplified, standard or confirmed",
		assurance.ProblemProofing:    "registry, letter, counter, eds, idcard, federated, appointment or imported",
		assurance.ProblemAction:      "login, enrol, prove or present",
		assurance.ProblemACR:         "for example https://id.example.org/level/basic; no spaces, no quotes",
		assurance.ProblemName:        "small letters, digits, hyphens and underscores",
		assurance.ProblemUnreachable: "whoever reaches it reaches the next one as well, or no login is good enough for it",
		assurance.ProblemSameMethod:  "two uses of one method are one factor",
	}[code]
}
