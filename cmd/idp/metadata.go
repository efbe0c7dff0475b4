package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"surety/assurance"
	"surety/idp/client"
	"surety/idp/flow/operator"
)

// clientFlags are the members of a client that can be set by flag. A flag that
// is not given leaves the member as it is.
type clientFlags struct {
	Name                  string            `help:"Name that people read." placeholder:"TEXT"`
	NameIn                map[string]string `help:"Name in a language: be=..., may be repeated." placeholder:"LANG=TEXT" mapsep:"none"`
	RedirectURI           []string          `help:"Where people come back to; compared exactly. May be repeated." placeholder:"URI" sep:"none"`
	PostLogoutRedirectURI []string          `help:"Where people may go after logging out. May be repeated." placeholder:"URI" sep:"none"`
	BackchannelLogoutURI  string            `help:"Where logout tokens are sent." placeholder:"URI"`
	InitiateLoginURI      string            `help:"Where a login can be begun by us." placeholder:"URI"`
	Auth                  string            `help:"client_secret_basic, client_secret_post, private_key_jwt or none." placeholder:"METHOD"`
	JWKSFile              string            `name:"jwks-file" help:"File with the client's public keys (JWKS)." placeholder:"FILE"`
	JWKSURI               string            `name:"jwks-uri" help:"Address of the client's public keys." placeholder:"URI"`
	Grant                 []string          `help:"authorization_code, refresh_token, client_credentials. May be repeated." placeholder:"TYPE" sep:"none"`
	Scope                 string            `help:"Scopes it may ask for, separated by spaces." placeholder:"SCOPES"`
	Resource              []string          `help:"API it may get tokens for. May be repeated." placeholder:"URI" sep:"none"`
	SubjectType           string            `help:"pairwise or public." placeholder:"TYPE"`
	SectorIdentifierURI   string            `help:"Address whose host joins clients that see the same sub." placeholder:"URI"`
	IDTokenAlg            string            `name:"id-token-alg" help:"ES256, RS256, PS256 or EdDSA." placeholder:"ALG"`
	AccessTokenFormat     string            `help:"jwt or opaque." placeholder:"FORMAT"`
	Agency                string            `help:"Whose procedures it may ask for; its own client_id if left out." placeholder:"AGENCY"`
	MinimumLevel          string            `help:"Level below which nobody gets in." placeholder:"LEVEL"`
	DefaultMaxAge         *time.Duration    `help:"How old a login may be unless the request says otherwise." placeholder:"DURATION"`
	RefreshTokenLifetime  *time.Duration    `help:"Absolute end of refresh tokens." placeholder:"DURATION"`
	PKCE                  *bool             `name:"pkce" negatable:"" help:"Whether PKCE is demanded; only a client that authenticates may go without."`
	LogoutSessionRequired bool              `help:"Logout tokens must carry sid."`
	Native                bool              `help:"Software on people's own devices (RFC 8252)."`
	Development           bool              `help:"Not for real people: http on the loopback interface is allowed."`
	ImpliedConsent        bool              `help:"People are not asked for consent: the state's own pages only."`
}

// apply puts the flags that were given over the metadata.
func (f *clientFlags) apply(m client.Metadata) (client.Metadata, error) {
	m.Names = maps.Clone(m.Names)
	if m.Names == nil {
		m.Names = client.Localized{}
	}
	if f.Name != "" {
		m.Names[""] = f.Name
	}
	maps.Copy(m.Names, f.NameIn)
	override(&m.BackchannelLogoutURI, f.BackchannelLogoutURI)
	override(&m.InitiateLoginURI, f.InitiateLoginURI)
	override(&m.TokenEndpointAuthMethod, client.AuthMethod(f.Auth))
	override(&m.JWKSURI, f.JWKSURI)
	override(&m.Scope, f.Scope)
	override(&m.Agency, f.Agency)
	override(&m.SubjectType, client.SubjectType(f.SubjectType))
	override(&m.SectorIdentifierURI, f.SectorIdentifierURI)
	override(&m.IDTokenSignedResponseAlg, client.Algorithm(f.IDTokenAlg))
	override(&m.AccessTokenFormat, client.TokenFormat(f.AccessTokenFormat))
	override(&m.MinimumLevel, assurance.LevelName(f.MinimumLevel))
	overrideList(&m.RedirectURIs, f.RedirectURI)
	overrideList(&m.PostLogoutRedirectURIs, f.PostLogoutRedirectURI)
	overrideList(&m.Resources, f.Resource)
	if len(f.Grant) > 0 {
		m.GrantTypes, m.ResponseTypes = nil, nil // response types follow from the grants
		for _, g := range f.Grant {
			m.GrantTypes = append(m.GrantTypes, client.GrantType(g))
		}
	}
	f.applySwitches(&m)
	if f.JWKSFile == "" {
		return m, nil
	}
	b, err := os.ReadFile(f.JWKSFile)
	if err != nil {
		return m, fmt.Errorf("read jwks: %w", err)
	}
	m.JWKS = json.RawMessage(bytes.TrimSpace(b))
	if !json.Valid(m.JWKS) {
		return m, &client.InvalidMetadata{Members: []client.MemberError{{Member: "jwks", Problem: "is not JSON"}}}
	}
	return m, nil
}

func (f *clientFlags) applySwitches(m *client.Metadata) {
	if f.Native {
		m.ApplicationType = client.ApplicationNative
	}
	m.Development = m.Development || f.Development
	m.BackchannelLogoutSessionRequired = m.BackchannelLogoutSessionRequired || f.LogoutSessionRequired
	if f.PKCE != nil {
		m.RequirePKCE = f.PKCE
	}
	if f.DefaultMaxAge != nil {
		seconds := int64(*f.DefaultMaxAge / time.Second)
		m.DefaultMaxAge = &seconds
	}
	if f.RefreshTokenLifetime != nil {
		m.RefreshTokenLifetime = int64(*f.RefreshTokenLifetime / time.Second)
	}
}

func override[T ~string](member *T, flag T) {
	if flag != "" {
		*member = flag
	}
}

func overrideList(member *[]string, flag []string) {
	if len(flag) > 0 {
		*member = flag
	}
}

// readFile reads a metadata file, or standard input.
func readFile(c *call, name string) ([]byte, error) {
	in := c.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read metadata: %w", err)
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, client.MaxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("read metadata: %w", err)
	}
	return b, nil
}

// readDocuments reads an import and tells whether it was a list.
func readDocuments(c *call, name string) (docs []client.Document, list bool, err error) {
	b, err := readFile(c, name)
	if err != nil {
		return nil, false, err
	}
	docs, err = client.ParseImport(bytes.NewReader(b))
	return docs, bytes.HasPrefix(bytes.TrimSpace(b), []byte("[")), err
}

// document is a client as it is answered: its metadata under their standard
// names, and what a registration answer has besides (RFC 7591, section 3.2.1).
func document(r operator.Registered, dryRun bool, warnings []client.Warning) (map[string]any, error) {
	b, err := json.Marshal(r.Client.Metadata)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, err
	}
	out["client_id"] = r.Client.ID
	out["client_id_issued_at"] = r.Client.CreatedAt.Unix()
	out["updated_at"] = r.Client.UpdatedAt.UTC()
	out["sector"] = r.Client.Sector
	if r.Client.Disabled() {
		out["disabled_at"] = r.Client.DisabledAt.UTC()
	}
	if dryRun {
		out["dry_run"] = true
	} else if r.Secret != "" {
		out["client_secret"], out["client_secret_expires_at"] = r.Secret, 0
	}
	if len(warnings) > 0 {
		out["warnings"] = warnings
	}
	return out, nil
}

// registered answers with one client.
func (c *call) registered(r operator.Registered, dryRun bool, warnings []client.Warning) error {
	doc, err := document(r, dryRun, warnings)
	if err != nil {
		return err
	}
	return c.answer(doc, func(w io.Writer) error { return printClient(w, r, doc, dryRun) })
}

// allRegistered answers with a list of clients.
func (c *call) allRegistered(all []operator.Registered, dryRun bool, docs []client.Document) error {
	var list []map[string]any
	for i, r := range all {
		doc, err := document(r, dryRun, docs[i].Warnings)
		if err != nil {
			return err
		}
		list = append(list, doc)
	}
	return c.answer(list, func(w io.Writer) error {
		var lines [][]string
		for _, r := range all {
			secret := r.Secret
			if dryRun && secret != "" {
				secret = "(not made)"
			}
			lines = append(lines, []string{string(r.Client.ID), secret, r.Client.Name("en")})
		}
		return table(w, "client_id client_secret name", lines)
	})
}

// printClient shows a client for people: what was made first, then every member.
func printClient(w io.Writer, r operator.Registered, doc map[string]any, dryRun bool) error {
	if dryRun {
		fmt.Fprintln(w, "nothing was changed; it would be:")
	}
	var lines [][]string
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		switch name {
		case "client_id", "client_secret", "client_secret_expires_at", "warnings", "dry_run", "client_id_issued_at", "updated_at":
			continue
		}
		value, err := flat(doc[name])
		if err != nil {
			return err
		}
		lines = append(lines, []string{name, value})
	}
	head := [][]string{{"client_id", string(r.Client.ID)}}
	if r.Secret != "" && !dryRun {
		head = append(head, []string{"client_secret", r.Secret + "  (shown only now)"})
	}
	head = append(head, []string{"registered", moment(r.Client.CreatedAt)}, []string{"updated", moment(r.Client.UpdatedAt)})
	return table(w, "member value", append(head, lines...))
}

// flat writes a member on one line: text as it is, the rest as JSON.
func flat(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}
