package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// sandbox is what a running sandbox writes down for scripts.
type sandbox struct {
	Issuer      string         `json:"issuer"`
	CAFile      string         `json:"ca_file"`
	DatabaseURL string         `json:"database_url"`
	Metrics     string         `json:"metrics"`
	PIDs        map[string]int `json:"pids"`
	Accounts    []struct {
		Login    string `json:"login"`
		Password string `json:"password"`
	} `json:"accounts"`
	Clients []sandboxClient `json:"clients"`
}

type sandboxClient struct {
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret"`
	RedirectURIs []string `json:"redirect_uris"`
}

// loadClient and loadPrefix name what the sandbox makes for this command.
const (
	loadClient = "loadtest"
	loadPrefix = "load"
)

func readSandbox(path string) (sandbox, error) {
	var s sandbox
	b, err := os.ReadFile(path)
	if err != nil {
		return s, fmt.Errorf("sandbox: %w (is it running?)", err)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("sandbox: %s: %w", path, err)
	}
	return s, nil
}

// config fills in what the sandbox knows.
func (s sandbox) config(c config) (config, error) {
	i := slices.IndexFunc(s.Clients, func(cl sandboxClient) bool { return cl.ClientID == loadClient })
	if i < 0 || len(s.Clients[i].RedirectURIs) == 0 {
		return c, fmt.Errorf("sandbox: no client %q with a redirect URI", loadClient)
	}
	c.clientID, c.clientSecret, c.redirectURI = s.Clients[i].ClientID, s.Clients[i].ClientSecret, s.Clients[i].RedirectURIs[0]
	c.issuer, c.caFile, c.metrics = s.Issuer, s.CAFile, s.Metrics
	c.users = 0
	for _, a := range s.Accounts {
		if strings.HasPrefix(a.Login, loadPrefix) {
			c.users, c.password = c.users+1, a.Password
		}
	}
	if c.users == 0 {
		return c, errors.New("sandbox: no accounts for load")
	}
	var pids []string
	for name, pid := range s.PIDs { // all of them, lest the sandbox's own count as others
		if name == "sandbox" {
			continue // the parent of the rest, which would count twice
		}
		pids = append(pids, fmt.Sprintf("%s=%d", name, pid))
	}
	c.pids = strings.Join(pids, ",")
	return c, nil
}
