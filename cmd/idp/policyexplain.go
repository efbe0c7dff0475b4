package main

import (
	"io"
	"slices"
	"strings"
	"time"

	"surety/assurance"
	"surety/cmd/idp/trace"
	"surety/idp"
	"surety/idp/flow/policy"
	"surety/idp/procedure"
)

type policyExplain struct {
	Account string `help:"An account's id." placeholder:"ID"`
	Login   string `help:"Whose login name it is." placeholder:"NAME"`
	person
	Level     string        `help:"Level that is asked for." placeholder:"LEVEL"`
	MaxAge    time.Duration `help:"How old the log-in may be." placeholder:"DURATION"`
	Procedure string        `help:"Procedure whose requirement is asked for." placeholder:"AGENCY/CODE"`
	Policy    policyRef     `help:"A version's number, a profile's name, or a file. Left out: the policy in force." placeholder:"POLICY"`
}

// person is somebody made up.
type person struct {
	Use         []string                    `help:"One log-in, with its age if it is not of this moment: password,20m. May be repeated. Of an account: only these of what it has." placeholder:"METHOD[,AGE]" sep:"none"`
	Bound       map[assurance.Method]string `help:"A method counts up to the level of the session that added it: otp=basic. May be repeated." placeholder:"METHOD=LEVEL" mapsep:"none"`
	SameContact []string                    `help:"Methods that were set or reset through one contact, as password,sms." placeholder:"METHODS"`
	Stage       string                      `help:"How well the identity is known: simplified, standard or confirmed." placeholder:"STAGE"`
	Proofing    []string                    `help:"How it became known: registry, letter, counter, ... May be repeated." placeholder:"METHOD" sep:"none"`
	DocumentEnd string                      `help:"Day after which the document that was shown no longer holds." placeholder:"YYYY-MM-DD"`
	Acting      string                      `help:"In what capacity the person acts: organisation/head." placeholder:"CAPACITY[/ROLE]"`
}

// Help is shown by -h.
func (policyExplain) Help() string {
	return "For an account (-account, -login): with the best log-in that it could make now, or with -use. " +
		"Or for somebody made up: idp policy explain -stage confirmed -proofing letter -use password -use otp -bound otp=basic -level substantial. " +
		"What is asked for: -level, -procedure, or nothing: then the answer is what is held."
}

// Run explains.
func (e *policyExplain) Run(c *call) error {
	q, err := e.question()
	if err != nil {
		return err
	}
	_, version := e.Policy.version()
	stored := e.Account != "" || e.Login != "" || e.Procedure != "" || e.Policy == "" || version
	return c.policies(stored, func(s *policy.Service) error {
		if q.Policy, err = e.Policy.read(c, s); err != nil {
			return err
		}
		if _, known := q.Policy.Level(q.Requirement.Level); q.Requirement.Level != "" && !known {
			return usage("policy %d has no level %q; it has: %s", q.Policy.Version, e.Level, levelNames(q.Policy))
		}
		a, err := s.Explain(c.ctx, q)
		if err != nil {
			return err
		}
		return c.answer(trace.New(q.Policy, a), func(w io.Writer) error { return trace.Print(w, q.Policy, a) })
	})
}

// question reads the flags.
func (e *policyExplain) question() (policy.Question, error) {
	q := policy.Question{
		Account: idp.AccountID(e.Account), Login: e.Login,
		Requirement: assurance.Requirement{Level: assurance.LevelName(e.Level), MaxAge: e.MaxAge},
	}
	if e.Account != "" && e.Login != "" {
		return q, usage("-account or -login, not both")
	}
	if e.MaxAge < 0 {
		return q, usage("-max-age must not be negative")
	}
	if e.Procedure != "" {
		agency, code, ok := strings.Cut(e.Procedure, "/")
		if !ok || agency == "" || code == "" {
			return q, usage("-procedure is AGENCY/CODE, as tax/3.77.01")
		}
		q.Procedure = procedure.Key{Agency: agency, Code: code}
	}
	acts, err := e.acts()
	if err != nil {
		return q, err
	}
	q.Acts = acts
	capacity, role, _ := strings.Cut(e.Acting, "/")
	q.Situation.Acting = assurance.Acting{Capacity: assurance.Capacity(capacity), Role: role}
	if !q.Situation.Acting.Capacity.Known() {
		return q, usage("%q is no capacity; there are: %s", capacity, join(assurance.Capacities()))
	}
	if q.Situation.Acting != (assurance.Acting{}) {
		q.Situation.Rights = []assurance.Acting{q.Situation.Acting}
	}
	if e.Account != "" || e.Login != "" {
		if len(e.Bound)+len(e.SameContact)+len(e.Proofing) > 0 || e.Stage != "" || e.DocumentEnd != "" {
			return q, usage("-bound, -same-contact, -stage, -proofing and -document-end are for somebody made up: an account has its own")
		}
		return q, nil
	}
	return q, e.makeUp(&q.Situation, acts)
}

// acts reads the log-ins.
func (p *person) acts() ([]policy.Act, error) {
	var acts []policy.Act
	for _, text := range p.Use {
		method, age, aged := strings.Cut(text, ",")
		act := policy.Act{Method: assurance.Method(method)}
		if !act.Method.Known() {
			return nil, usage("%q is no method; there are: password, identifier, otp, sms, passkey, eds, idcard, residence_permit, federated:<name>", method)
		}
		if aged {
			var err error
			if act.Age, err = time.ParseDuration(age); err != nil || act.Age < 0 {
				return nil, usage("%q is no age; for example password,20m", age)
			}
		}
		acts = append(acts, act)
	}
	return acts, nil
}

// makeUp fills in what is known of somebody made up.
func (p *person) makeUp(s *assurance.Situation, acts []policy.Act) error {
	s.Stage = assurance.Stage(p.Stage)
	if s.Stage == "" && (len(acts) > 0 || len(p.Proofing) > 0) {
		s.Stage = assurance.StageSimplified
		if len(p.Proofing) > 0 {
			s.Stage = assurance.StageConfirmed
		}
	}
	if s.Stage != "" && !s.Stage.Known() {
		return usage("%q is no stage; there are: simplified, standard, confirmed", p.Stage)
	}
	var until time.Time
	if p.DocumentEnd != "" {
		day, err := time.Parse(time.DateOnly, p.DocumentEnd)
		if err != nil {
			return usage("%q is no day; for example 2026-05-03", p.DocumentEnd)
		}
		until = day.AddDate(0, 0, 1) // valid until a day is valid all of it
	}
	for _, method := range p.Proofing {
		one := assurance.Proofing{Method: assurance.ProofingMethod(method), Stage: s.Stage, DocumentUntil: until}
		if !one.Method.Known() {
			return usage("%q is no proofing; there are: registry, letter, counter, eds, idcard, federated, appointment, imported", method)
		}
		s.Proofings = append(s.Proofings, one)
	}
	for _, act := range acts {
		a := assurance.Authenticator{Method: act.Method, BoundLevel: assurance.LevelName(p.Bound[act.Method])}
		if slices.Contains(p.SameContact, string(act.Method)) {
			a.DependsOn = []assurance.ContactID{"the same contact"}
		}
		s.Authenticators = append(s.Authenticators, a)
	}
	return nil
}

func join[T ~string](list []T) string {
	names := make([]string, len(list))
	for i, one := range list {
		names[i] = string(one)
	}
	return strings.Join(names, ", ")
}
