package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
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
	Purpose  string `json:"purpose"`            // sample or load
	Stage    string `json:"stage"`              // simplified, standard or confirmed
	Proofing string `json:"proofing,omitempty"` // how the stage was reached
	Phone    string `json:"phone,omitempty"`    // confirmed together with the identity
	TOTP     string `json:"totp,omitempty"`     // secret of the authenticator app, in base32
}

func describedLogins(p plan, now time.Time) []describedLogin {
	var out []describedLogin
	add := func(people []person, purpose string) {
		for _, one := range people {
			name := one.GivenName
			if one.FamilyName != "" {
				name += " " + one.FamilyName
			}
			d := describedLogin{
				Login: one.Contact, Password: one.Password, Level: one.level(p.Profile.Policy, now), Name: name, Purpose: purpose,
				Stage: cmp.Or(one.Stage, "simplified"), Proofing: one.identity(), TOTP: one.TOTP,
			}
			for _, c := range one.Contacts {
				d.Phone = c.Value
			}
			out = append(out, d)
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
			fmt.Fprintf(w, "    %-20s %-26s %s, %s\n", a.Login, a.Password, a.Name, a.words())
		}
	}
	fmt.Fprintf(w, "\n  The same for scripts: %s\n  Ctrl-C stops everything; the data stay.\n\n", path)
}

// words say what there is to know before one logs in as somebody.
func (a describedLogin) words() string {
	words := a.Stage + ", level " + a.Level
	if a.Proofing != "" {
		words = a.Stage + " by " + a.Proofing + ", level " + a.Level
	}
	if a.TOTP != "" {
		words += ", app with secret " + a.TOTP
	}
	return words
}

// forget removes the description: there is nothing to be found any more.
func forget(path string) { _ = os.Remove(path) }
