package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/flow/operator"
)

type clientCommands struct {
	Add          clientAdd     `cmd:"" help:"Register a client and show its secret, once."`
	Import       clientImport  `cmd:"" help:"Register clients out of RFC 7591 metadata: all, or none."`
	List         clientList    `cmd:"" help:"List clients."`
	Show         clientShow    `cmd:"" help:"Show a client's metadata."`
	Update       clientUpdate  `cmd:"" help:"Change a client's metadata."`
	Disable      clientDisable `cmd:"" help:"Switch a client off: nobody can log in to it and its tokens count for nothing."`
	Enable       clientEnable  `cmd:"" help:"Switch a client on again."`
	RotateSecret clientRotate  `cmd:"" help:"Make a new secret and show it, once."`
}

type clientAdd struct {
	rehearsal
	ID string `help:"client_id; one is made if it is left out." placeholder:"ID"`
	clientFlags
}

// Help is shown by -h.
func (clientAdd) Help() string {
	return `For example: idp client add -name "Tax Office" -redirect-uri https://tax.example.org/callback` + "\n\n" +
		"ID tokens are signed with ES256 unless said otherwise. What has no flag here can be set with client update and a file."
}

// Run registers the client.
func (a *clientAdd) Run(c *call) error {
	m, err := a.apply(client.Metadata{})
	if err != nil {
		return err
	}
	return c.operator(func(s *operator.Service) error {
		reg := operator.Registration{ID: idp.ClientID(a.ID), Metadata: m, Implied: a.ImpliedConsent, Agency: a.Agency}
		done, err := s.AddClients(c.ctx, operator.ActorCommand, []operator.Registration{reg}, a.DryRun)
		if err != nil {
			return err
		}
		return c.registered(done[0], a.DryRun, nil)
	})
}

type clientImport struct {
	rehearsal
	File           string `arg:"" help:"JSON: one client's metadata, or a list; - for standard input."`
	ImpliedConsent bool   `help:"The operator's word for clients that say consent is implied."`
	Agency         string `help:"The operator's word for clients that say they are of this agency." placeholder:"AGENCY"`
	Development    bool   `help:"Mark all as development: http on the loopback interface is allowed."`
}

// Help is shown by -h.
func (clientImport) Help() string {
	return "The answer has the metadata as they were registered, with client_id and client_secret; for a list, a list in the same order. " +
		"Members that are not supported are left out and named on standard error. Metadata that name no id_token_signed_response_alg " +
		"mean RS256, as the standard says."
}

// Run registers the clients.
func (i *clientImport) Run(c *call) error {
	docs, list, err := readDocuments(c, i.File)
	if err != nil {
		return err
	}
	var regs []operator.Registration
	for _, d := range docs {
		d.Metadata.Development = d.Metadata.Development || i.Development
		implied := i.ImpliedConsent && d.Metadata.Consent == client.ConsentImplied
		regs = append(regs, operator.Registration{Metadata: d.Metadata, Implied: implied, Agency: i.Agency})
	}
	return c.operator(func(s *operator.Service) error {
		done, err := s.AddClients(c.ctx, operator.ActorCommand, regs, i.DryRun)
		if err != nil {
			return err
		}
		for n, d := range docs {
			for _, w := range d.Warnings {
				c.warn("client %d: %s", n+1, w)
			}
		}
		if !list {
			return c.registered(done[0], i.DryRun, docs[0].Warnings)
		}
		return c.allRegistered(done, i.DryRun, docs)
	})
}

type clientList struct {
	Limit int    `help:"How many at most." default:"100"`
	After string `help:"Begin after this id: what the page before gave as next." placeholder:"ID"`
}

// Run lists a page of clients.
func (l *clientList) Run(c *call) error {
	if l.Limit < 1 || l.Limit > operator.MaxPage {
		return usage("-limit must be 1 to %d", operator.MaxPage)
	}
	return c.operator(func(s *operator.Service) error {
		page, next, err := s.ListClients(c.ctx, idp.ClientID(l.After), l.Limit)
		if err != nil {
			return err
		}
		type row struct {
			ID          idp.ClientID      `json:"client_id"`
			Name        string            `json:"client_name"`
			AuthMethod  client.AuthMethod `json:"token_endpoint_auth_method"`
			Development bool              `json:"development"`
			Disabled    bool              `json:"disabled"`
			UpdatedAt   time.Time         `json:"updated_at"`
		}
		rows, lines := []row{}, [][]string{}
		for _, one := range page {
			rows = append(rows, row{one.ID, one.Name("en"), one.TokenEndpointAuthMethod, one.Development, one.Disabled(), one.UpdatedAt.UTC()})
			lines = append(lines, []string{string(one.ID), clientState(one), moment(one.UpdatedAt), one.Name("en")})
		}
		value := struct {
			Clients []row        `json:"clients"`
			Next    idp.ClientID `json:"next,omitempty"`
		}{rows, next}
		return c.answer(value, func(w io.Writer) error {
			if err := table(w, "client_id state updated name", lines); err != nil || next == "" {
				return err
			}
			_, err := fmt.Fprintln(w, "more: idp client list -after", next)
			return err
		})
	})
}

func clientState(c *client.Client) string {
	switch {
	case c.Disabled():
		return "disabled"
	case c.Development:
		return "development"
	}
	return "on"
}

// clientArg is the client that a command is about.
type clientArg struct {
	ID string `arg:"" name:"client-id" help:"client_id."`
}

type clientShow struct{ clientArg }

// Run shows a client.
func (a *clientShow) Run(c *call) error {
	return c.operator(func(s *operator.Service) error {
		one, err := s.Client(c.ctx, idp.ClientID(a.ID))
		if err != nil {
			return err
		}
		return c.registered(operator.Registered{Client: one}, false, nil)
	})
}

type clientUpdate struct {
	rehearsal
	clientArg
	File string `arg:"" optional:"" help:"JSON: members to change; null takes one away; - for standard input."`
	clientFlags
	NewSubjects bool `help:"Go on although every person gets a new sub at this client."`
}

// Help is shown by -h.
func (clientUpdate) Help() string {
	return "The file's members replace the client's (RFC 7396), then the flags do. A list replaces the whole list. " +
		"A secret is made if the client needs one now and had none."
}

// Run changes the client.
func (u *clientUpdate) Run(c *call) error {
	var patch []byte
	if u.File != "" {
		var err error
		if patch, err = readFile(c, u.File); err != nil {
			return err
		}
	}
	var warnings []client.Warning
	change := func(m client.Metadata) (client.Metadata, error) {
		var err error
		if patch != nil {
			if m, warnings, err = merge(m, patch); err != nil {
				return m, err
			}
		}
		return u.apply(m)
	}
	return c.operator(func(s *operator.Service) error {
		done, err := s.UpdateClient(c.ctx, operator.ActorCommand, idp.ClientID(u.ID), operator.Update{
			Change: change, Implied: u.ImpliedConsent, NewSubjects: u.NewSubjects, Agency: u.Agency, DryRun: u.DryRun,
		})
		if err != nil {
			return err
		}
		for _, w := range warnings {
			c.warn("%s", w)
		}
		return c.registered(done, u.DryRun, warnings)
	})
}

// merge applies a JSON merge patch to metadata.
func merge(m client.Metadata, patch []byte) (client.Metadata, []client.Warning, error) {
	var members, changes map[string]json.RawMessage
	now, err := json.Marshal(m)
	if err != nil {
		return m, nil, err
	}
	if err := json.Unmarshal(now, &members); err != nil {
		return m, nil, err
	}
	if err := json.Unmarshal(patch, &changes); err != nil || changes == nil {
		return m, nil, &client.InvalidMetadata{Members: []client.MemberError{{Member: "the document", Problem: "is not a JSON object"}}}
	}
	maps.Copy(members, changes) // null is taken for absent when it is read
	all, err := json.Marshal(members)
	if err != nil {
		return m, nil, err
	}
	d, err := client.Parse(all)
	return d.Metadata, d.Warnings, err
}

type clientDisable struct {
	rehearsal
	clientArg
}

// Run switches the client off.
func (d *clientDisable) Run(c *call) error { return c.setDisabled(d.ID, true, d.DryRun) }

type clientEnable struct {
	rehearsal
	clientArg
}

// Run switches the client on.
func (e *clientEnable) Run(c *call) error { return c.setDisabled(e.ID, false, e.DryRun) }

func (c *call) setDisabled(id string, disabled, dryRun bool) error {
	return c.operator(func(s *operator.Service) error {
		one, err := s.SetClientDisabled(c.ctx, operator.ActorCommand, idp.ClientID(id), disabled, dryRun)
		if err != nil {
			return err
		}
		value := map[string]any{"dry_run": dryRun, "client_id": one.ID, "disabled": disabled}
		return c.answer(value, func(w io.Writer) error {
			word := "on"
			if disabled {
				word = "off"
			}
			_, err := fmt.Fprintf(w, "%s%s is %s\n", would(dryRun), one.ID, word)
			return err
		})
	})
}

func would(dryRun bool) string {
	if dryRun {
		return "would be done: "
	}
	return ""
}

type clientRotate struct {
	rehearsal
	clientArg
	Overlap time.Duration `help:"How long the secret before stays good: time to change it everywhere. 0s ends it now." default:"24h"`
}

// Run makes a new secret.
func (r *clientRotate) Run(c *call) error {
	return c.operator(func(s *operator.Service) error {
		done, err := s.RotateSecret(c.ctx, operator.ActorCommand, idp.ClientID(r.ID), r.Overlap, r.DryRun)
		if err != nil {
			return err
		}
		value := struct {
			DryRun bool         `json:"dry_run"`
			ID     idp.ClientID `json:"client_id"`
			Secret string       `json:"client_secret,omitempty"`
			Until  time.Time    `json:"previous_secret_until,omitzero"`
		}{DryRun: r.DryRun, ID: done.Client.ID}
		if !r.DryRun {
			value.Secret = done.Secret
		}
		if i := slices.IndexFunc(done.Client.Secrets, func(s client.Secret) bool { return !s.ExpiresAt.IsZero() }); i >= 0 {
			value.Until = done.Client.Secrets[i].ExpiresAt.UTC()
		}
		return c.answer(value, func(w io.Writer) error {
			if r.DryRun {
				_, err := fmt.Fprintln(w, "would make a new secret for", value.ID)
				return err
			}
			fmt.Fprintf(w, "client_id      %s\nclient_secret  %s  (shown only now)\n", value.ID, value.Secret)
			if !value.Until.IsZero() {
				fmt.Fprintln(w, "the secret before is good until", moment(value.Until))
			}
			return nil
		})
	})
}
