package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"surety/idp/audit"
	"surety/idp/keys"
	"surety/idp/postgres/db"
)

type serveCommand struct{}

// Help is shown by -h.
func (serveCommand) Help() string {
	return "Runs until it gets SIGTERM or SIGINT, then finishes what is under way. Any number of them may run on one database."
}

// Run serves until the context ends.
func (serveCommand) Run(c *call) error {
	cfg, err := c.house.config()
	if err != nil {
		return err
	}
	return c.house.serve(c.ctx, cfg)
}

type workCommand struct{}

// Help is shown by -h.
func (workCommand) Help() string {
	return "Runs until it gets SIGTERM or SIGINT. Without one, no message leaves and no key is rotated; several share the work."
}

// Run works until the context ends.
func (workCommand) Run(c *call) error {
	cfg, err := c.house.config()
	if err != nil {
		return err
	}
	return c.house.work(c.ctx, cfg)
}

type migrateCommand struct{ rehearsal }

// Help is shown by -h.
func (migrateCommand) Help() string {
	return "Only expands the schema, so that the version before can go on beside this one. Several at once wait for one another."
}

// Run applies what is missing.
func (m *migrateCommand) Run(c *call) error {
	cfg, err := c.house.config()
	if err != nil {
		return err
	}
	done, err := c.house.migrate(c.ctx, cfg, m.DryRun)
	if err != nil {
		return err
	}
	value := struct {
		DryRun  bool     `json:"dry_run"`
		Applied []string `json:"applied"`
	}{m.DryRun, []string{}}
	for _, one := range done {
		value.Applied = append(value.Applied, one.File)
	}
	return c.answer(value, func(w io.Writer) error { return printMigrations(w, done, m.DryRun) })
}

func printMigrations(w io.Writer, done []db.Migration, dryRun bool) error {
	if len(done) == 0 {
		_, err := fmt.Fprintln(w, "the database is up to date")
		return err
	}
	word := "applied"
	if dryRun {
		word = "would apply"
	}
	for _, one := range done {
		if _, err := fmt.Fprintln(w, word, one.File); err != nil {
			return err
		}
	}
	return nil
}

type keysFileCommand struct {
	rehearsal
	File string `arg:"" help:"File to make, readable by its owner only."`
}

// Help is shown by -h.
func (keysFileCommand) Help() string {
	return "Whoever has this file and the database can read everything; without it the database cannot be read at all. " +
		"Keep a copy in a safe, apart from the backups of the database. An existing file is never replaced."
}

// Run makes the file, never over another one: losing the keys is losing the data.
func (k *keysFileCommand) Run(c *call) error {
	if k.DryRun {
		if _, err := os.Lstat(k.File); err == nil {
			return fmt.Errorf("make keys file: %s exists", k.File)
		}
		return c.answer(map[string]any{"dry_run": true, "file": k.File}, func(w io.Writer) error {
			_, err := fmt.Fprintln(w, "would make", k.File)
			return err
		})
	}
	f, err := os.OpenFile(k.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make keys file: %w", err)
	}
	_, err = f.Write(append(keys.NewRing().Marshal(), '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("make keys file: %w", err)
	}
	return c.answer(map[string]any{"dry_run": false, "file": k.File}, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, "made", k.File+": keep a copy apart from the database's backups")
		return err
	})
}

type auditCommands struct {
	Verify auditVerify `cmd:"" help:"Look for events that were changed, removed, inserted or cut off."`
}

type auditVerify struct {
	Head string `help:"Head of the chain as it was logged earlier (number:hash): proves that nothing was cut off before it." placeholder:"NUMBER:HASH"`
}

// Help is shown by -h.
func (auditVerify) Help() string {
	return "Reads the whole chain. The head is logged hourly by idp work; keep those lines outside the database. Exit status 4 if anything was found."
}

// Run checks the chain.
func (a *auditVerify) Run(c *call) error {
	var known audit.Head
	if a.Head != "" {
		var err error
		if known, err = audit.ParseHead(a.Head); err != nil {
			return usageError{err}
		}
	}
	cfg, err := c.house.config()
	if err != nil {
		return err
	}
	report, err := c.house.verify(c.ctx, cfg, known)
	if err != nil {
		return err
	}
	err = c.answer(auditAnswer(report), func(w io.Writer) error { return printAudit(w, report) })
	if err == nil && !report.OK() {
		err = errFaults
	}
	return err
}

// auditReport is a report in JSON.
type auditReport struct {
	OK      bool         `json:"ok"`
	Head    string       `json:"head,omitempty"`
	Seals   int64        `json:"seals"`
	Events  int64        `json:"events"`
	Pending int64        `json:"pending"`
	Dropped []string     `json:"dropped_months,omitempty"`
	Faults  []auditFault `json:"faults"`
}

type auditFault struct {
	Kind  audit.FaultKind `json:"kind"`
	Seal  int64           `json:"seal,omitempty"`
	Month string          `json:"month,omitempty"`
	Text  string          `json:"text"`
}

func auditAnswer(r audit.Report) auditReport {
	out := auditReport{OK: r.OK(), Seals: r.Seals, Events: r.Events, Pending: r.Pending, Faults: []auditFault{}}
	if r.Head.Number > 0 {
		out.Head = r.Head.String()
	}
	for _, month := range r.Dropped {
		out.Dropped = append(out.Dropped, month.Format("2006-01"))
	}
	for _, f := range r.Faults {
		one := auditFault{Kind: f.Kind, Seal: f.Seal, Text: f.Text}
		if !f.Month.IsZero() {
			one.Month = f.Month.Format("2006-01")
		}
		out.Faults = append(out.Faults, one)
	}
	return out
}

func printAudit(w io.Writer, r audit.Report) error {
	a := auditAnswer(r)
	for _, f := range a.Faults {
		if f.Month != "" {
			f.Text += " (" + f.Month + ")"
		}
		fmt.Fprintf(w, "FAULT %s: %s\n", f.Kind, f.Text)
	}
	for _, month := range a.Dropped {
		fmt.Fprintln(w, "month", month, "was dropped in order")
	}
	word := "in order"
	if !a.OK {
		word = fmt.Sprintf("faults: %d", len(a.Faults))
	}
	_, err := fmt.Fprintf(w, "%s; events as sealed: %d, seals: %d, events waiting for a seal: %d\n", word, a.Events, a.Seals, a.Pending)
	if err == nil && a.Head != "" {
		_, err = fmt.Fprintln(w, "head", a.Head)
	}
	return err
}
