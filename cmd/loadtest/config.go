package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

// config is what one scenario runs with.
type config struct {
	scenario, label                   string
	workers, repeat, users, maxErrors int
	duration, warmup, pause, timeout  time.Duration

	issuer, caFile          string
	clientID, clientSecret  string
	clientAuth              string // "basic" or "post"
	scope, ccScope          string
	redirectURI             string
	recipe, password        string
	introspectionEndpoint   string
	introspectAuth          string // "client" or "none"
	rotation, tlsSkipVerify bool

	pids        string
	metrics     string // address of the server's metrics; empty: none
	maxOther    float64
	maxDiscards int
}

// defaults are good for a provider with one account on a quiet machine.
func defaults() config {
	return config{
		workers: 16, repeat: 1, users: 1, maxErrors: 1000,
		duration: 10 * time.Second, warmup: 2 * time.Second, pause: time.Second, timeout: 15 * time.Second,
		clientAuth: "basic", scope: "openid offline_access", redirectURI: "http://127.0.0.1:5555/callback",
		introspectAuth: "client", rotation: true, maxOther: 1, maxDiscards: 3,
	}
}

// parseFlags reads the flags of a single scenario.
func parseFlags(args []string) (config, error) {
	c := defaults()
	fs := flag.NewFlagSet("loadtest", flag.ContinueOnError)
	fs.StringVar(&c.scenario, "scenario", "", "one of: "+strings.Join(scenarioNames(), ", "))
	fs.StringVar(&c.label, "label", "", "free text copied into the result")
	fs.IntVar(&c.workers, "c", c.workers, "concurrent workers")
	fs.DurationVar(&c.duration, "d", c.duration, "duration of one run")
	fs.DurationVar(&c.warmup, "warmup", c.warmup, "unrecorded run before the first one")
	fs.IntVar(&c.repeat, "repeat", c.repeat, "number of runs kept; the result holds their medians")
	fs.DurationVar(&c.pause, "pause", c.pause, "pause between runs")
	fs.DurationVar(&c.timeout, "timeout", c.timeout, "limit for one operation")
	fs.IntVar(&c.maxErrors, "max-errors", c.maxErrors, "end a run early after this many errors")
	fs.StringVar(&c.issuer, "issuer", "", "issuer; endpoints come from its discovery document")
	fs.StringVar(&c.caFile, "ca-file", "", "PEM file with the authority that signed the issuer's certificate")
	fs.StringVar(&c.clientID, "client-id", "", "client id")
	fs.StringVar(&c.clientSecret, "client-secret", os.Getenv("OIDCLOAD_CLIENT_SECRET"), "client secret (default $OIDCLOAD_CLIENT_SECRET); empty for a public client")
	fs.StringVar(&c.clientAuth, "client-auth", c.clientAuth, "basic or post")
	fs.StringVar(&c.scope, "scope", c.scope, "scope of the code flow")
	fs.StringVar(&c.ccScope, "cc-scope", "", "scope of client_credentials")
	fs.StringVar(&c.redirectURI, "redirect-uri", c.redirectURI, "registered redirect URI; it is never requested")
	fs.StringVar(&c.recipe, "recipe", "", "how to drive the pages: a JSON file, or a name out of "+strings.Join(recipeNames(), ", "))
	fs.IntVar(&c.users, "users", c.users, "number of accounts; {user} in a recipe becomes 0..users-1")
	fs.StringVar(&c.password, "password", os.Getenv("OIDCLOAD_PASSWORD"), "what {password} in a recipe becomes (default $OIDCLOAD_PASSWORD)")
	fs.StringVar(&c.introspectionEndpoint, "introspection-endpoint", "", "in place of the discovery document's")
	fs.StringVar(&c.introspectAuth, "introspection-auth", c.introspectAuth, "client or none")
	fs.BoolVar(&c.rotation, "require-rotation", c.rotation, "a refresh that returns the same refresh token is an error")
	fs.BoolVar(&c.tlsSkipVerify, "tls-skip-verify", false, "accept any certificate (it is the loopback interface)")
	fs.StringVar(&c.pids, "pids", "", "name=pid,...: CPU of these processes with all their descendants")
	fs.StringVar(&c.metrics, "metrics", "", "address of the server's metrics, for database round trips")
	fs.Float64Var(&c.maxOther, "max-other", c.maxOther, "a run is disturbed if unnamed processes used more than this share of all cores")
	fs.IntVar(&c.maxDiscards, "max-discards", c.maxDiscards, "extra runs at most in place of disturbed ones")
	if err := fs.Parse(args); err != nil {
		return c, err
	}
	if fs.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	return c, nil
}

func (c config) check() error {
	switch {
	case scenarios[c.scenario].op == nil:
		return fmt.Errorf("unknown scenario %q (have: %s)", c.scenario, strings.Join(scenarioNames(), ", "))
	case c.workers < 1 || c.repeat < 1 || c.users < 1 || c.duration <= 0:
		return errors.New("workers, runs, users and duration must be positive")
	case c.issuer == "":
		return errors.New("an issuer is needed")
	}
	return nil
}
