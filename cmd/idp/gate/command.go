package gate

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"surety/assurance/guard"
	"surety/assurance/guard/proxy"
	"surety/idp"
)

// Command is the command line of idp guard.
type Command struct {
	Listen      string `required:"" help:"Address to answer on." placeholder:"HOST:PORT"`
	Upstream    string `help:"The API behind: be a reverse proxy for it." placeholder:"URL"`
	ForwardAuth string `name:"forward-auth" help:"Answer another proxy instead: nginx, traefik or envoy." placeholder:"PROXY"`
	Routes      string `required:"" help:"File that says which paths are open, and to whom." placeholder:"FILE"`

	Issuer     string `required:"" help:"Surety's issuer, letter for letter." placeholder:"URL"`
	Audience   string `required:"" help:"This API's own resource, as registered with Surety." placeholder:"URI"`
	SigningKey string `required:"" name:"signing-key" help:"File with the key that signs X-Surety-Assertion: a secret of 32 characters or more, or an Ed25519 or P-256 key in PEM." placeholder:"FILE"`

	TrustedProxies []string      `name:"trusted-proxies" sep:"," help:"Addresses or networks of proxies in front, whose word about the original request is taken." placeholder:"CIDR"`
	PassToken      bool          `name:"pass-token" help:"Leave the access token in the request."`
	Timeout        time.Duration `default:"1m" help:"For one request and its answer."`
	MaxBody        int64         `name:"max-body" default:"10485760" help:"Bytes of a request's body."`
	TLSCert        string        `name:"tls-cert" help:"Certificate chain in PEM, to answer by https." placeholder:"FILE"`
	TLSKey         string        `name:"tls-key" help:"Its private key." placeholder:"FILE"`
	ReadyListen    string        `name:"ready-listen" help:"Address for /ready alone." placeholder:"HOST:PORT"`
	Verbose        bool          `help:"Log why requests are refused."`

	ClientID         string        `name:"client-id" help:"This agency's client at Surety, to hear of revoked tokens." placeholder:"ID"`
	ClientSecretFile string        `name:"client-secret-file" help:"File with the client's secret." placeholder:"FILE"`
	EventsEndpoint   string        `name:"events-endpoint" help:"Where to poll; ISSUER/events/poll if left out." placeholder:"URL"`
	TokenLifetime    time.Duration `name:"token-lifetime" default:"5m" help:"The longest life of Surety's access tokens; with -client-id, older ones are refused."`
	FailClosedAfter  time.Duration `name:"fail-closed-after" help:"Let nobody in when revocations were not heard for so long; if left out, tokens are good until they end." placeholder:"TIME"`
}

// Help is shown by -h.
func (*Command) Help() string {
	return "Lets a request through to an API only if its access token says enough for the path, and tells the API who is there. Every path that the " +
		"file of routes does not open is refused. -dry-run checks everything and calls nobody."
}

// Misuse is a command line that is wrong.
type Misuse struct{ error }

// Unwrap returns what is wrong.
func (m Misuse) Unwrap() error { return m.error }

var errRoutes = idp.E(idp.CodeInvalid, "error.invalid")

// gate is everything that is served.
type gate struct {
	handler     http.Handler
	guard       *guard.Guard
	revocations *guard.Revocations // nil: nobody tells
	summary     Summary
}

// Check reads everything and calls nobody.
//
// Errors: Misuse; invalid, whose cause is of type strict.Problems.
func (c *Command) Check() (Summary, error) {
	g, err := c.build(slog.New(slog.DiscardHandler))
	if err != nil {
		return Summary{}, err
	}
	return g.summary, nil
}

func (c *Command) build(log *slog.Logger) (*gate, error) {
	if err := c.misused(); err != nil {
		return nil, Misuse{err}
	}
	source, err := readFile(c.Routes, maxFile+1)
	if err != nil {
		return nil, err
	}
	t, out := readTable(c.Routes, source), &gate{}
	if err := t.reader.Err(); err != nil {
		return nil, errRoutes.Because(err) // more about such a file would be noise
	}
	if out.revocations, err = c.listenTo(log); err != nil {
		return nil, err
	}
	out.guard, err = guard.New(guard.Config{Issuer: c.Issuer, Audience: c.Audience, Levels: t.acrs(), Revocations: out.revocations, Log: log})
	if err != nil {
		return nil, Misuse{err}
	}
	routes, err := t.check(out.guard)
	if err != nil {
		return nil, errRoutes.Because(err)
	}
	key, err := readFile(c.SigningKey, maxSecret)
	if err != nil {
		return nil, err
	}
	signer, err := proxy.NewSigner(key)
	if err != nil {
		return nil, err
	}
	if c.TLSCert != "" {
		if _, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey); err != nil {
			return nil, fmt.Errorf("certificate: %w", err)
		}
	}
	out.summary = t.summary()
	out.handler, err = c.handler(proxy.Config{
		Guard: out.guard, Audience: c.Audience, Routes: routes, Signer: signer, Levels: t.levels, Agency: t.agency, Log: log,
	})
	return out, err
}

func (c *Command) handler(shared proxy.Config) (http.Handler, error) {
	for _, text := range c.TrustedProxies {
		network, err := parseNetwork(text)
		if err != nil {
			return nil, Misuse{err}
		}
		shared.TrustedProxies = append(shared.TrustedProxies, network)
	}
	var h http.Handler
	var err error
	if c.Upstream != "" {
		h, err = proxy.NewReverse(proxy.ReverseConfig{
			Config: shared, Upstream: c.Upstream, PassToken: c.PassToken, Timeout: c.Timeout, MaxBody: c.MaxBody,
		})
	} else {
		h, err = proxy.NewForward(proxy.ForwardConfig{Config: shared, Kind: proxy.Kind(c.ForwardAuth)})
	}
	if err != nil {
		return nil, Misuse{err}
	}
	return h, nil
}

// misused reports flags that do not go together.
func (c *Command) misused() error {
	switch {
	case (c.Upstream == "") == (c.ForwardAuth == ""):
		return errors.New("either -upstream or -forward-auth must be there")
	case c.ForwardAuth != "" && len(c.TrustedProxies) == 0:
		return errors.New("-forward-auth answers none but -trusted-proxies")
	case c.ForwardAuth != "" && c.PassToken:
		return errors.New("-pass-token is for -upstream; with -forward-auth the other proxy decides")
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errors.New("-tls-cert and -tls-key go together")
	case (c.ClientID == "") != (c.ClientSecretFile == ""):
		return errors.New("-client-id and -client-secret-file go together")
	case c.ClientID == "" && (c.EventsEndpoint != "" || c.FailClosedAfter != 0):
		return errors.New("-events-endpoint and -fail-closed-after need -client-id")
	case c.Timeout <= 0 || c.MaxBody <= 0:
		return errors.New("-timeout and -max-body must be more than nothing")
	}
	return nil
}

// listenTo makes what hears of revocations, if there is a client for it.
func (c *Command) listenTo(log *slog.Logger) (*guard.Revocations, error) {
	if c.ClientID == "" {
		return nil, nil
	}
	secret, err := readFile(c.ClientSecretFile, maxSecret)
	if err != nil {
		return nil, err
	}
	r, err := guard.NewRevocations(guard.RevocationsConfig{
		Issuer: c.Issuer, ClientID: c.ClientID, ClientSecret: string(bytes.TrimSpace(secret)), Endpoint: c.EventsEndpoint,
		Lifetime: c.TokenLifetime, FailClosedAfter: c.FailClosedAfter, Log: log,
	})
	if err != nil {
		return nil, Misuse{err}
	}
	return r, nil
}

// parseNetwork reads a network, or one address.
func parseNetwork(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("trusted proxy %q is no address", text)
		}
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("trusted proxy %q is no network", text)
	}
	return network.Masked(), nil
}

// maxSecret bounds files with one key or secret in them.
const maxSecret = 64 << 10

// readFile reads no more than that many bytes.
func readFile(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}
