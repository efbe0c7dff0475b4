package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// description is what scripts read: DATA/sandbox.json.
type description struct {
	Issuer      string           `json:"issuer"`
	Agency      string           `json:"agency"`
	Outbox      string           `json:"outbox"`
	CAFile      string           `json:"ca_file"` // empty without TLS
	Profile     string           `json:"profile"`
	Data        string           `json:"data"`
	DatabaseURL string           `json:"database_url"`
	Metrics     string           `json:"metrics"`
	SMTP        string           `json:"smtp"`
	PIDs        map[string]int   `json:"pids"`
	Accounts    []describedLogin `json:"accounts"`
	Clients     []metadata       `json:"clients"`
}

// describedLogin is an account that a script may log in to.
type describedLogin struct {
	Login    string `json:"login"`
	Password string `json:"password"`
	Level    string `json:"level"` // the highest it can reach now
	Name     string `json:"name"`
	Purpose  string `json:"purpose"` // sample or load
}

func describedLogins(p plan) []describedLogin {
	var out []describedLogin
	var lowest string // nobody's identity is proven yet
	if levels := p.Profile.Policy.Levels; len(levels) > 0 {
		lowest = string(levels[0].Name)
	}
	add := func(people []person, purpose string) {
		for _, one := range people {
			name := one.GivenName
			if one.FamilyName != "" {
				name += " " + one.FamilyName
			}
			out = append(out, describedLogin{one.Contact, one.Password, lowest, name, purpose})
		}
	}
	add(samplePeople(), "sample")
	add(loadPeople(p.LoadAccounts), "load")
	return out
}

// write replaces the file at once. It holds secrets of sample clients.
func (d description) write(path string) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false) // addresses stay readable
	enc.SetIndent("", "  ")
	if err := enc.Encode(d); err != nil {
		return fmt.Errorf("describe sandbox: %w", err)
	}
	return writeFile(path, text.Bytes(), 0o600)
}

// print tells a person what there is.
func (d description) print(w io.Writer, path string) {
	fmt.Fprintf(w, "\nSurety is ready (profile %s).\n\n", d.Profile)
	fmt.Fprintf(w, "  Sample agency   %s   begin here\n", d.Agency)
	fmt.Fprintf(w, "  Surety          %s\n", d.Issuer)
	fmt.Fprintf(w, "  Outbox          %s   e-mail and SMS that were sent\n", d.Outbox)
	if d.CAFile != "" {
		fmt.Fprintf(w, "  Authority       %s   trust it in your browser\n", d.CAFile)
	}
	fmt.Fprintf(w, "\n  Sample accounts:\n\n")
	for _, a := range d.Accounts {
		if a.Purpose == "sample" {
			fmt.Fprintf(w, "    %-20s %-26s %s, level %s\n", a.Login, a.Password, a.Name, a.Level)
		}
	}
	fmt.Fprintf(w, "\n  The same for scripts: %s\n  Ctrl-C stops everything; the data stay.\n\n", path)
}

// forget removes the description: there is nothing to be found any more.
func forget(path string) { _ = os.Remove(path) }
