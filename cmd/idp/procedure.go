package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"surety/idp/flow/operator"
	"surety/idp/procedure"
	"surety/idp/strict"

	"go.yaml.in/yaml/v3"
)

type procedureCommands struct {
	Import  procedureImport  `cmd:"" help:"Publish procedures out of a file: all, or none."`
	Set     procedureSet     `cmd:"" help:"Change single fields of a procedure, from now or from a day on."`
	List    procedureList    `cmd:"" help:"List procedures."`
	Show    procedureShow    `cmd:"" help:"Show a procedure in all its versions."`
	Disable procedureDisable `cmd:"" help:"Switch a procedure off: nobody can ask for it."`
	Enable  procedureEnable  `cmd:"" help:"Switch a procedure on again."`
}

type procedureImport struct {
	rehearsal
	File string `arg:"" help:"YAML or JSON: a list of procedures; - for standard input."`
}

// Help is shown by -h.
func (procedureImport) Help() string {
	return "Says of each procedure whether it is added, changed (which fields, from what to what), unchanged or ended. An entry with valid_from is " +
		"that version; one without is compared with what counts now and published from now on if it differs. Procedures that the file does not name stay " +
		"as they are. What data go by law is for the operator to say: read the file before you bring it in."
}

// Run publishes the file.
func (i *procedureImport) Run(c *call) error {
	source, err := readProcedures(c, i.File)
	if err != nil {
		return err
	}
	return c.operator(func(s *operator.Service) error {
		name := i.File
		if name == "-" {
			name = "standard input"
		}
		done, err := s.ImportProcedures(c.ctx, operator.ActorCommand, name, source, i.DryRun)
		if err != nil {
			return err
		}
		return c.published(done, i.DryRun)
	})
}

// readProcedures reads no more of a file than is needed to refuse it.
func readProcedures(c *call, name string) ([]byte, error) {
	in := c.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read procedures: %w", err)
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, procedure.MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read procedures: %w", err)
	}
	return b, nil
}

// published answers with what was done, or would be.
func (c *call) published(done []operator.ProcedureChange, dryRun bool) error {
	counts := map[operator.ProcedureState]int{}
	for _, d := range done {
		counts[d.State]++
	}
	value := struct {
		DryRun     bool                            `json:"dry_run"`
		Counts     map[operator.ProcedureState]int `json:"counts"`
		Procedures []operator.ProcedureChange      `json:"procedures"`
	}{dryRun, counts, done}
	return c.answer(value, func(w io.Writer) error {
		if dryRun {
			fmt.Fprintln(w, "nothing was changed; it would be:")
		}
		for _, d := range done {
			printChange(w, d)
		}
		var sums []string
		for _, state := range []operator.ProcedureState{operator.ProcedureAdded, operator.ProcedureChanged, operator.ProcedureUnchanged, operator.ProcedureEnded} {
			if n := counts[state]; n > 0 {
				sums = append(sums, fmt.Sprint(n, " ", state))
			}
		}
		_, err := fmt.Fprintln(w, strings.Join(append(sums, "no procedures")[:max(1, len(sums))], ", "))
		return err
	})
}

// printChange writes a procedure with each field that differs.
func printChange(w io.Writer, d operator.ProcedureChange) {
	span := ""
	if d.State != operator.ProcedureUnchanged {
		span = validity(d.ValidFrom, d.ValidUntil)
	}
	fmt.Fprintf(w, "%-9s  %s %s%s\n", d.State, d.Agency, d.Code, span)
	for _, f := range d.Changes {
		fmt.Fprintf(w, "  %s: %s -> %s\n", f.Field, f.Old, f.New)
	}
}

func validity(from, until time.Time) string {
	out := ""
	if !from.IsZero() {
		out = " from " + moment(from)
	}
	if !until.IsZero() {
		out += " until " + moment(until)
	}
	return out
}

// procedureArg is the procedure that a command is about.
type procedureArg struct {
	Agency string `arg:"" help:"Whose procedure it is."`
	Code   string `arg:"" help:"The agency's code for it."`
}

func (a procedureArg) key() procedure.Key { return procedure.Key{Agency: a.Agency, Code: a.Code} }

type procedureSet struct {
	rehearsal
	procedureArg
	Fields    []string `arg:"" name:"field=value" help:"Fields as in a file: requirement.level=high, titles.en=..., scopes=[profile]. Nothing after = takes the field away."`
	ValidFrom string   `help:"When it begins to hold: a day (UTC) or a moment (RFC 3339). Now if left out." placeholder:"TIME"`
}

// Help is shown by -h.
func (procedureSet) Help() string {
	return "For example: idp procedure set tax 3.77.01 requirement.level=high requirement.max_age=5m -valid-from 2026-12-01" + "\n\n" +
		"Publishes a new version; the one before holds until then."
}

// Run publishes the version.
func (p *procedureSet) Run(c *call) error {
	fields, err := parseFields(p.Fields)
	if err != nil {
		return err
	}
	var from time.Time
	if p.ValidFrom != "" {
		if from, err = strict.ParseMoment(p.ValidFrom, time.UTC); err != nil {
			return usage("-valid-from %q is not a day or a moment", p.ValidFrom)
		}
	}
	return c.operator(func(s *operator.Service) error {
		done, err := s.SetProcedure(c.ctx, operator.ActorCommand, p.key(), fields, from, p.DryRun)
		if err != nil {
			return err
		}
		return c.published([]operator.ProcedureChange{done}, p.DryRun)
	})
}

// parseFields reads name=value; the value is as in a file.
func parseFields(list []string) ([]operator.ProcedureField, error) {
	var out []operator.ProcedureField
	for _, one := range list {
		name, text, ok := strings.Cut(one, "=")
		if !ok || name == "" {
			return nil, usage("%q is not field=value", one)
		}
		field := operator.ProcedureField{Name: name}
		if text != "" {
			var err error
			if field.Value, err = fieldValue(text); err != nil {
				return nil, usage("the value of %s cannot be read: %v", name, err)
			}
		}
		out = append(out, field)
	}
	return out, nil
}

// fieldValue reads a list or a mapping as YAML, and everything else as the
// text that it is: a day or a code must not become something cleverer.
func fieldValue(text string) (any, error) {
	switch {
	case text == "true", text == "false":
		return text == "true", nil
	case text[0] != '[' && text[0] != '{':
		return text, nil
	}
	var value any
	err := yaml.Unmarshal([]byte(text), &value)
	return value, err
}

type procedureList struct {
	Agency string `help:"Of this agency alone." placeholder:"AGENCY"`
	Search string `help:"With this text in a title or the code." placeholder:"TEXT"`
	Limit  int    `help:"How many at most." default:"100"`
	After  string `help:"Begin after this one: what the page before gave as next." placeholder:"AGENCY/CODE"`
}

// Run lists a page of procedures.
func (l *procedureList) Run(c *call) error {
	if l.Limit < 1 || l.Limit > operator.MaxPage {
		return usage("-limit must be 1 to %d", operator.MaxPage)
	}
	q := procedure.Query{Agency: l.Agency, Text: l.Search, Limit: l.Limit}
	q.After.Agency, q.After.Code, _ = strings.Cut(l.After, "/")
	return c.operator(func(s *operator.Service) error {
		page, next, err := s.ListProcedures(c.ctx, q)
		if err != nil {
			return err
		}
		var lines [][]string
		for _, p := range page {
			state := "on"
			if p.Disabled {
				state = "disabled"
			}
			lines = append(lines, []string{p.Agency, p.Code, state, required(p), p.Title("en")})
		}
		value := struct {
			Procedures []procedure.Procedure `json:"procedures"`
			Next       string                `json:"next,omitempty"`
		}{append([]procedure.Procedure{}, page...), ""}
		if next != (procedure.Key{}) {
			value.Next = next.Agency + "/" + next.Code
		}
		return c.answer(value, func(w io.Writer) error {
			if err := table(w, "agency code state requires title", lines); err != nil || value.Next == "" {
				return err
			}
			_, err := fmt.Fprintln(w, "more: idp procedure list -after", value.Next)
			return err
		})
	})
}

// required is a requirement in short: its level, and the age of the login.
func required(p procedure.Procedure) string {
	text := string(p.Requirement.Level)
	if age := p.Requirement.MaxAge; age > 0 {
		text += ", " + procedure.WriteDuration(age)
	}
	return text
}

type procedureShow struct{ procedureArg }

// Run shows a procedure.
func (p *procedureShow) Run(c *call) error {
	return c.operator(func(s *operator.Service) error {
		versions, current, err := s.ProcedureVersions(c.ctx, p.key())
		if err != nil {
			return err
		}
		type version struct {
			InForce   bool                `json:"in_force"`
			Procedure procedure.Procedure `json:"procedure"`
		}
		value := []version{}
		for i, v := range versions {
			value = append(value, version{i == current, v})
		}
		return c.answer(value, func(w io.Writer) error {
			for i, v := range versions {
				if err := printVersion(w, v, i == current); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// printVersion writes a version with its members, one a line.
func printVersion(w io.Writer, p procedure.Procedure, current bool) error {
	state := ""
	switch {
	case p.Disabled:
		state = " (disabled)"
	case current:
		state = " (in force)"
	}
	fmt.Fprintf(w, "%s %s%s%s\n", p.Agency, p.Code, validity(p.ValidFrom, p.ValidUntil), state)
	raw, err := json.Marshal(p)
	if err != nil {
		return err
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &members); err != nil {
		return err
	}
	var rows [][]string
	for _, name := range []string{"titles", "requirement", "scopes", "claims", "start_uri", "in_person"} {
		if value, ok := members[name]; ok {
			rows = append(rows, []string{name, string(value)})
		}
	}
	return table(w, "member value", rows)
}

type procedureDisable struct {
	rehearsal
	procedureArg
}

// Run switches the procedure off.
func (d *procedureDisable) Run(c *call) error { return c.switchProcedure(d.key(), true, d.DryRun) }

type procedureEnable struct {
	rehearsal
	procedureArg
}

// Run switches the procedure on.
func (e *procedureEnable) Run(c *call) error { return c.switchProcedure(e.key(), false, e.DryRun) }

func (c *call) switchProcedure(k procedure.Key, disabled, dryRun bool) error {
	return c.operator(func(s *operator.Service) error {
		if _, err := s.SetProcedureDisabled(c.ctx, operator.ActorCommand, k, disabled, dryRun); err != nil {
			return err
		}
		value := map[string]any{"dry_run": dryRun, "agency": k.Agency, "code": k.Code, "disabled": disabled}
		return c.answer(value, func(w io.Writer) error {
			word := "on"
			if disabled {
				word = "off"
			}
			_, err := fmt.Fprintf(w, "%sprocedure %s of %s is %s\n", would(dryRun), k.Code, k.Agency, word)
			return err
		})
	})
}
