package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"surety/idp/flow/account"
	"surety/idp/flow/operator"
)

type operatorCommand struct {
	Invite operatorInvite `cmd:"" help:"Make the link by which the first operator sets a passkey."`
}

type operatorInvite struct {
	rehearsal
	Bootstrap bool   `help:"Needed: from two operators on, operators invite one another in the browser."`
	Name      string `help:"Whom the link is for." default:"Operator"`
	Replace   bool   `help:"Void a link that is still open, as when it was lost."`
}

// Help is shown by -h.
func (operatorInvite) Help() string {
	return "The link works once, within a day. It is audited. Refused as soon as two operators exist."
}

// Run makes the link.
func (o *operatorInvite) Run(c *call) error {
	if !o.Bootstrap {
		return usage("operators invite one another in the browser; the first ones with -bootstrap")
	}
	return c.operator(func(s *operator.Service) error {
		made, err := s.Bootstrap(c.ctx, o.Name, o.Replace, o.DryRun)
		if err != nil {
			return err
		}
		value := struct {
			DryRun    bool      `json:"dry_run"`
			Link      string    `json:"link,omitempty"`
			ExpiresAt time.Time `json:"expires_at"`
		}{o.DryRun, made.Link, made.ExpiresAt.UTC()}
		if o.DryRun {
			value.Link = "" // it leads nowhere
		}
		return c.answer(value, func(w io.Writer) error {
			if o.DryRun {
				_, err := fmt.Fprintln(w, "would make a link, good until", moment(made.ExpiresAt))
				return err
			}
			_, err := fmt.Fprintf(w, "%s\ngood once, until %s\n", made.Link, moment(made.ExpiresAt))
			return err
		})
	})
}

// sandboxAccounts makes sample people. It is hidden because it makes accounts
// whose contacts nobody has proven, and refused outside a sandbox.
type sandboxAccounts struct {
	File string `arg:"" help:"JSON: a list of people; - for standard input."`
}

// Run makes the accounts that are not there yet.
func (a *sandboxAccounts) Run(c *call) error {
	cfg, err := c.house.config()
	if err != nil {
		return err
	}
	if !cfg.Sandbox {
		return errors.New("sample accounts are for sandboxes: SURETY_SANDBOX is not set")
	}
	people, err := readPeople(c, a.File)
	if err != nil {
		return err
	}
	var seeds []account.Seed
	for _, p := range people {
		seed, err := p.seed(time.Now())
		if err != nil {
			return fmt.Errorf("sample account %s: %w", p.GivenName, err)
		}
		seeds = append(seeds, seed)
	}
	done, err := c.house.seed(c.ctx, cfg, seeds)
	if err != nil {
		return err
	}
	type row struct {
		AccountID string `json:"account_id"`
		Login     string `json:"login"`
		Existed   bool   `json:"existed"`
	}
	rows, lines := []row{}, [][]string{}
	for _, d := range done {
		rows = append(rows, row{string(d.AccountID), d.Login, d.Existed})
		lines = append(lines, []string{string(d.AccountID), d.Login})
	}
	return c.answer(map[string]any{"accounts": rows}, func(w io.Writer) error { return table(w, "account login", lines) })
}

func readPeople(c *call, file string) ([]samplePerson, error) {
	in := c.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("read sample accounts: %w", err)
		}
		defer f.Close()
		in = f
	}
	dec := json.NewDecoder(io.LimitReader(in, 4<<20))
	dec.DisallowUnknownFields()
	var people []samplePerson
	if err := dec.Decode(&people); err != nil {
		return nil, fmt.Errorf("read sample accounts: %w", err)
	}
	return people, nil
}
