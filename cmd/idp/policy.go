package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/flow/operator"
	"surety/idp/flow/policy"
	"surety/idp/profile"
	"surety/idp/strict"
)

type policyCommands struct {
	Lint     policyLint     `cmd:"" help:"Look for mistakes in a policy, and for what would not work under it."`
	Diff     policyDiff     `cmd:"" help:"Say which people and procedures a change of policy concerns."`
	Explain  policyExplain  `cmd:"" help:"Say how a decision comes about: which evidence led to which level, and what is missing."`
	Activate policyActivate `cmd:"" help:"Bring a policy into force, on all processes at once."`
	List     policyList     `cmd:"" help:"List the policies that were brought into force."`
	Show     policyShow     `cmd:"" help:"Show a policy as it was given."`
}

// policyRef is a policy on the command line: the number of a version that was
// in force, a profile, or a file.
type policyRef string

// version is the number, if the reference is one.
func (r policyRef) version() (int, bool) {
	n, err := strconv.Atoi(string(r))
	return n, err == nil && n > 0
}

// text finds what the reference names.
func (r policyRef) text(c *call, s *policy.Service) (file string, source []byte, err error) {
	if version, ok := r.version(); ok {
		p, err := s.Stored(c.ctx, version)
		return fmt.Sprintf("policy %d", version), []byte(p.Source), err
	}
	if slices.Contains(profile.Names(), string(r)) {
		source, err = profile.PolicySource(string(r))
		return path.Join(string(r), "policy.yaml"), source, err
	}
	source, err = readPolicy(c, string(r))
	return string(r), source, err
}

// maxPolicy is more than any policy that is read; what is longer is refused
// with its size, and not read to its end.
const maxPolicy = 2 << 20

func readPolicy(c *call, name string) ([]byte, error) {
	in := c.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read policy: %w", err)
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxPolicy))
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	return b, nil
}

// read parses what the reference names; empty is the policy in force.
func (r policyRef) read(c *call, s *policy.Service) (assurance.Policy, error) {
	if r == "" {
		return s.InForce()
	}
	file, source, err := r.text(c, s)
	if err != nil {
		return assurance.Policy{}, err
	}
	p, err := s.Parse(file, source)
	var problems strict.Problems
	if errors.As(err, &problems) {
		err = idp.E(idp.CodeInvalid, "error.invalid").Because(problems)
	}
	return p, err
}

// stored opens the use cases for the time of f.
func (c *call) stored(f func(s *policy.Service) error) error {
	cfg, err := c.house.config()
	if err != nil {
		return err
	}
	s, closing, err := c.house.policies(c.ctx, cfg)
	if err != nil {
		return err
	}
	defer closing()
	return f(s)
}

// policies opens the use cases for the time of f. Without a database they know
// the policy alone, which is enough where nothing stored is asked for.
func (c *call) policies(stored bool, f func(s *policy.Service) error) error {
	cfg, err := c.house.config()
	if err != nil {
		return err
	}
	if stored || cfg.CheckStore() == nil {
		return c.stored(f)
	}
	return f(policy.New(policy.Deps{Parse: profile.ParsePolicy, Clock: c.house.now}))
}

type policyLint struct {
	Policy policyRef `arg:"" name:"policy" help:"A version's number, a profile's name, or a file; - for standard input."`
}

// Help is shown by -h.
func (policyLint) Help() string {
	return "Says every mistake with its line. With a database, procedures and clients that nobody could use under the policy as well. " +
		"Exit status 4 if anything was found."
}

// problemRow is a mistake in JSON.
type problemRow struct {
	Where string `json:"where"`
	Line  int    `json:"line,omitempty"`
	Text  string `json:"text"`
	Hint  string `json:"hint,omitempty"`
}

func problemRows(list strict.Problems) []problemRow {
	rows := []problemRow{}
	for _, p := range list {
		rows = append(rows, problemRow{p.File, p.Line, p.Text, p.Hint})
	}
	return rows
}

// Run checks the policy.
func (l *policyLint) Run(c *call) error {
	_, stored := l.Policy.version()
	return c.policies(stored, func(s *policy.Service) error {
		file, source, err := l.Policy.text(c, s)
		if err != nil {
			return err
		}
		report, err := s.Lint(c.ctx, file, source)
		if err != nil {
			return err
		}
		found := len(report.Problems) + len(report.Broken) + len(report.Standing)
		value := struct {
			OK       bool         `json:"ok"`
			Version  int          `json:"version,omitempty"`
			Problems []problemRow `json:"problems"`
			Broken   []problemRow `json:"broken"`          // by this policy
			Standing []problemRow `json:"standing"`        // as under the policy in force
			Stored   bool         `json:"stored_was_seen"` // procedures and clients were looked at
		}{found == 0, report.Policy.Version, problemRows(report.Problems), problemRows(report.Broken), problemRows(report.Standing), s.Policies != nil}
		if err := c.answer(value, func(w io.Writer) error { return printLint(w, report, found) }); err != nil {
			return err
		}
		if s.Policies == nil && len(report.Problems) == 0 {
			c.warn("no database is set: procedures and clients were not looked at")
		}
		if found > 0 {
			return errFaults
		}
		return nil
	})
}

func printLint(w io.Writer, r policy.Report, found int) error {
	for _, list := range []strict.Problems{r.Problems, r.Broken} {
		for _, p := range list {
			fmt.Fprintln(w, p.Error())
		}
	}
	for _, p := range r.Standing {
		fmt.Fprintln(w, p.Error()+"; so it is under the policy in force")
	}
	if found > 0 {
		_, err := fmt.Fprintf(w, "problems: %d\n", found)
		return err
	}
	_, err := fmt.Fprintf(w, "in order: version %d, levels: %s\n", r.Policy.Version, levelNames(r.Policy))
	return err
}

type policyActivate struct {
	rehearsal
	Policy policyRef `arg:"" optional:"" name:"policy" help:"A profile's name, or a file; - for standard input. Left out: the profile's own."`
}

// Help is shown by -h.
func (policyActivate) Help() string {
	return "The version must be above the one in force. Every process reads the policy now and decides by it ten seconds later; " +
		"in between, and for a moment after, only what both policies grant is granted. What is in force cannot be changed: " +
		"to go back, give the old text the next number. Look with -dry-run first: it shows whom the change concerns."
}

// Run activates the policy.
func (a *policyActivate) Run(c *call) error {
	return c.stored(func(s *policy.Service) error {
		ref := a.Policy
		if ref == "" {
			ref = policyRef(s.Profile)
		}
		file, source, err := ref.text(c, s)
		if err != nil {
			return err
		}
		done, err := s.Activate(c.ctx, string(operator.ActorCommand), file, source, a.DryRun)
		if err != nil {
			return err
		}
		for _, p := range done.Report.Standing {
			c.warn("%s; so it is under the policy in force", p.Error())
		}
		value := struct {
			DryRun      bool              `json:"dry_run"`
			Version     int               `json:"version"`
			EffectiveAt time.Time         `json:"effective_at"`
			Standing    []problemRow      `json:"standing"`
			Diff        policy.Difference `json:"diff"`
		}{a.DryRun, done.Policy.Version, done.Policy.EffectiveAt.UTC(), problemRows(done.Report.Standing), done.Diff}
		return c.answer(value, func(w io.Writer) error {
			if err := printDiff(w, done.Diff); err != nil {
				return err
			}
			_, err := fmt.Fprintf(w, "%spolicy %d is in force from %s on\n", would(a.DryRun), done.Policy.Version, moment(done.Policy.EffectiveAt))
			return err
		})
	})
}

type policyList struct {
	Limit int `help:"How many at most." default:"20"`
	Below int `help:"Begin below this version: what the page before gave as next." placeholder:"VERSION"`
}

// Run lists a page of policies.
func (l *policyList) Run(c *call) error {
	if l.Limit < 1 || l.Limit > policy.MaxPage || l.Below < 0 {
		return usage("-limit must be 1 to %d, -below a version", policy.MaxPage)
	}
	return c.stored(func(s *policy.Service) error {
		page, next, err := s.List(c.ctx, l.Below, l.Limit)
		if err != nil {
			return err
		}
		type row struct {
			Version     int          `json:"version"`
			State       policy.State `json:"state"`
			Profile     string       `json:"profile"`
			EffectiveAt time.Time    `json:"effective_at"`
			ActivatedAt time.Time    `json:"activated_at"`
			ActivatedBy string       `json:"activated_by"`
		}
		rows, lines := []row{}, [][]string{}
		for _, p := range page {
			rows = append(rows, row{p.Version, p.State, p.Profile, p.EffectiveAt.UTC(), p.ActivatedAt.UTC(), p.ActivatedBy})
			lines = append(lines, []string{strconv.Itoa(p.Version), string(p.State), p.Profile, moment(p.EffectiveAt), p.ActivatedBy})
		}
		value := struct {
			Policies []row `json:"policies"`
			Next     int   `json:"next,omitempty"`
		}{rows, next}
		return c.answer(value, func(w io.Writer) error {
			if err := table(w, "version state profile from by", lines); err != nil || next == 0 {
				return err
			}
			_, err := fmt.Fprintln(w, "more: idp policy list -below", next)
			return err
		})
	})
}

type policyShow struct {
	Version int `arg:"" optional:"" help:"Left out: the one in force."`
}

// Run shows a policy.
func (p *policyShow) Run(c *call) error {
	if p.Version < 0 {
		return usage("%d is no version", p.Version)
	}
	return c.stored(func(s *policy.Service) error {
		one, err := s.Stored(c.ctx, p.Version)
		if err != nil {
			return err
		}
		value := struct {
			Version     int       `json:"version"`
			Profile     string    `json:"profile"`
			EffectiveAt time.Time `json:"effective_at"`
			ActivatedAt time.Time `json:"activated_at"`
			ActivatedBy string    `json:"activated_by"`
			Source      string    `json:"source"`
		}{one.Version, one.Profile, one.EffectiveAt.UTC(), one.ActivatedAt.UTC(), one.ActivatedBy, one.Source}
		return c.answer(value, func(w io.Writer) error {
			_, err := io.WriteString(w, one.Source)
			return err
		})
	})
}
