package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"surety/assurance"
	"surety/idp/flow/policy"
)

type policyDiff struct {
	From policyRef `arg:"" name:"from" help:"A version's number, a profile's name, or a file; - for standard input. The only one given: what would follow the policy in force."`
	To   policyRef `arg:"" optional:"" name:"to" help:"What follows it."`
}

// Help is shown by -h.
func (policyDiff) Help() string {
	return "Every account counts with the best log-in that it could make now. Nothing is decrypted and nothing is changed."
}

// Run compares.
func (d *policyDiff) Run(c *call) error {
	from, to := d.From, d.To
	if to == "" {
		from, to = "", d.From
	}
	return c.stored(func(s *policy.Service) error {
		before, err := from.read(c, s)
		if err != nil {
			return err
		}
		after, err := to.read(c, s)
		if err != nil {
			return err
		}
		diff, err := s.Diff(c.ctx, before, after)
		if err != nil {
			return err
		}
		return c.answer(diff, func(w io.Writer) error { return printDiff(w, diff) })
	})
}

func printDiff(w io.Writer, d policy.Difference) error {
	from := fmt.Sprintf("policy %d", d.From)
	if d.From == 0 {
		from = "no policy"
	}
	fmt.Fprintf(w, "from %s to policy %d; accounts: %d\n", from, d.To, d.Accounts)
	var lines [][]string
	for _, l := range d.Levels {
		lines = append(lines, append([]string{string(l.Level), string(l.Change)}, reached(l.Reached, d.Accounts)...))
	}
	if err := table(w, "level change before after gain lose", lines); err != nil {
		return err
	}
	lines = nil
	for _, p := range d.Procedures {
		if p.Changed() {
			lines = append(lines, append([]string{p.Agency + "/" + p.Code, moment(p.ValidFrom)}, reached(p.Reached, d.Accounts)...))
		}
	}
	if len(lines) > 0 {
		if err := table(w, "procedure valid-from before after gain lose", lines); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "procedures: %d, of which %d open or close to somebody\n", len(d.Procedures), len(lines))
	return err
}

// reached are the columns of a count, with the share of all accounts that gain
// or lose.
func reached(r policy.Reached, of int) []string {
	return []string{strconv.Itoa(r.Before), strconv.Itoa(r.After), share(r.Gain, of), share(r.Lose, of)}
}

func share(n, of int) string {
	if n == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%.1f%%)", n, 100*float64(n)/float64(of))
}

func levelNames(p assurance.Policy) string {
	var names []string
	for _, l := range p.Levels {
		names = append(names, string(l.Name))
	}
	return strings.Join(names, ", ")
}
