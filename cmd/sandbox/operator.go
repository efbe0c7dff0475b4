package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// commandTimeout bounds one command; making the sample accounts hashes a
// hundred passwords.
const commandTimeout = 3 * time.Minute

// operator drives Surety by its own commands, as a person at a terminal would.
type operator struct {
	plan    plan
	env     []string
	spawner *spawner
}

// refusal is a command that was understood and refused, or failed.
type refusal struct {
	command string
	code    string // of the error that the command reported
	said    string
}

// Error shows what the command said.
func (r *refusal) Error() string { return fmt.Sprintf("idp %s: %s", r.command, r.said) }

// idp runs one command and reads its JSON answer.
func (o *operator) idp(ctx context.Context, answer any, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, o.plan.program("idp"), append(args, "--json")...)
	cmd.Env = append(machineEnvironment(), o.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := o.spawner.start(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		r := &refusal{command: strings.Join(args, " "), said: strings.TrimSpace(said.String())}
		var failure struct {
			Error struct{ Code, Message string }
		}
		if json.Unmarshal(said.Bytes(), &failure) == nil && failure.Error.Code != "" {
			r.code, r.said = failure.Error.Code, failure.Error.Message
		}
		if r.said == "" {
			r.said = err.Error()
		}
		return r
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(out.Bytes(), answer); err != nil {
		return fmt.Errorf("idp %s: read its answer: %w", strings.Join(args, " "), err)
	}
	return nil
}

// clientsFile holds the secrets of the sample clients, which Surety itself
// keeps only as hashes.
const clientsFile = "clients.json"

// clients makes the sample clients, or brings them up to date: the port may
// have changed since the last start. It returns each as it is registered, with
// its secret.
func (o *operator) clients(ctx context.Context) ([]metadata, error) {
	secrets := map[string]string{}
	text, err := os.ReadFile(o.plan.file(clientsFile))
	if err == nil {
		err = json.Unmarshal(text, &secrets)
	}
	if ignoreMissing(err) != nil {
		return nil, fmt.Errorf("read secrets of sample clients: %w", err)
	}
	var out []metadata
	for _, c := range sampleClients(o.plan) {
		registered, err := o.client(ctx, c, secrets)
		if err != nil {
			return nil, err
		}
		out = append(out, registered)
	}
	return out, nil
}

func (o *operator) client(ctx context.Context, c sampleClient, secrets map[string]string) (metadata, error) {
	if _, known := secrets[c.id]; !known {
		if err := o.addClient(ctx, c, secrets); err != nil {
			return nil, err
		}
	}
	file := o.plan.file("client-" + c.id + ".json")
	text, err := json.MarshalIndent(withDevelopment(c.metadata), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write metadata of %s: %w", c.id, err)
	}
	if err := writeFile(file, text, 0o600); err != nil {
		return nil, err
	}
	var registered metadata
	if err := o.idp(ctx, &registered, "client", "update", c.id, file); err != nil {
		return nil, err
	}
	if secret := secrets[c.id]; secret != "" {
		registered["client_secret"] = secret
	}
	return registered, nil
}

// addClient registers the client and writes its secret down at once. When the
// sandbox died between the two, the client is there and its secret is not:
// then it gets a new one.
func (o *operator) addClient(ctx context.Context, c sampleClient, secrets map[string]string) error {
	args := []string{"client", "add", "--id", c.id, "--name", c.metadata["client_name"].(string), "--development",
		"--auth", c.metadata["token_endpoint_auth_method"].(string)}
	if c.metadata["application_type"] == "native" {
		args = append(args, "--native")
	}
	for _, uri := range c.metadata["redirect_uris"].([]string) {
		args = append(args, "--redirect-uri", uri)
	}
	if c.metadata["subject_type"] == "public" {
		args = append(args, "--subject-type", "public") // two redirect hosts name no sector
	}
	var made struct {
		Secret string `json:"client_secret"`
	}
	err := o.idp(ctx, &made, args...)
	var refused *refusal
	if errors.As(err, &refused) && refused.code == "conflict" {
		err = nil
		if c.metadata["token_endpoint_auth_method"] != "none" {
			err = o.idp(ctx, &made, "client", "rotate-secret", c.id, "--overlap", "0s")
		}
	}
	if err != nil {
		return err
	}
	secrets[c.id] = made.Secret
	text, err := json.MarshalIndent(secrets, "", "  ")
	if err != nil {
		return fmt.Errorf("write secrets of sample clients: %w", err)
	}
	return writeFile(o.plan.file(clientsFile), text, 0o600)
}

func withDevelopment(m metadata) metadata {
	out := maps.Clone(m)
	out["development"] = true
	return out
}

// procedures publishes the profile's sample procedures, for the agency's
// address of today. What is there already and says the same stays as it is.
func (o *operator) procedures(ctx context.Context) error {
	text := bytes.ReplaceAll(o.plan.Profile.Procedures, []byte("{agency}"), []byte(o.plan.origin(agencyOffset)))
	file := o.plan.file("procedures.yaml")
	if err := writeFile(file, text, 0o600); err != nil {
		return err
	}
	if err := o.idp(ctx, nil, "procedure", "import", file); err != nil {
		return err
	}
	return o.offers(ctx)
}

// offers writes down for the sample agency what it offers: what Surety asks of
// people for it stays with Surety.
func (o *operator) offers(ctx context.Context) error {
	var listed struct {
		Procedures []struct {
			Agency      string            `json:"agency"`
			Code        string            `json:"code"`
			Titles      map[string]string `json:"titles"`
			Disabled    bool              `json:"disabled"`
			Requirement struct {
				MaxAge string `json:"max_age"`
			} `json:"requirement"`
		} `json:"procedures"`
	}
	if err := o.idp(ctx, &listed, "procedure", "list", "--agency", "agency"); err != nil {
		return err
	}
	offers := []map[string]any{}
	for _, p := range listed.Procedures {
		if p.Disabled {
			continue
		}
		offer := map[string]any{"code": p.Code, "titles": p.Titles}
		if age, err := time.ParseDuration(p.Requirement.MaxAge); err == nil {
			offer["max_age"] = int(age.Seconds())
		}
		offers = append(offers, offer)
	}
	text, err := json.MarshalIndent(offers, "", "  ")
	if err != nil {
		return fmt.Errorf("write services of the agency: %w", err)
	}
	return writeFile(o.plan.file(offersFile), text, 0o600)
}

// offersFile is what the sample agency offers.
const offersFile = "agency-procedures.json"

// accounts makes the sample people who are not there yet. Their passwords are
// what people.go says only if they were made here and not changed since.
func (o *operator) accounts(ctx context.Context) error {
	text, err := json.MarshalIndent(append(samplePeople(), loadPeople(o.plan.LoadAccounts)...), "", "  ")
	if err != nil {
		return fmt.Errorf("write sample accounts: %w", err)
	}
	file := o.plan.file("accounts.json")
	if err := writeFile(file, text, 0o600); err != nil {
		return err
	}
	return o.idp(ctx, nil, "sandbox-accounts", file)
}
