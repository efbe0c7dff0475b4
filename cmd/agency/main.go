package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// settings are what the agency is started with.
type settings struct {
	Issuer     string   `required:"" env:"AGENCY_ISSUER" help:"Surety's issuer."`
	URL        string   `required:"" env:"AGENCY_URL" help:"This agency's own address, without a slash at the end."`
	ClientID   string   `required:"" env:"AGENCY_CLIENT_ID" help:"The agency's client_id."`
	SecretFile string   `required:"" env:"AGENCY_SECRET_FILE" help:"File with the client secret."`
	Listen     []string `required:"" env:"AGENCY_LISTEN" help:"Addresses to listen on, host:port."`
	Scopes     []string `env:"AGENCY_SCOPES" default:"openid,profile,email,phone" help:"Scopes to ask for."`
	Offers     string   `env:"AGENCY_PROCEDURES_FILE" help:"JSON list of services: code, titles by language, max_age in seconds."`
	CAFile     string   `env:"AGENCY_CA_FILE" help:"Authority to trust besides the machine's own."`
	CertFile   string   `env:"AGENCY_TLS_CERT_FILE" help:"Certificate to serve https with."`
	KeyFile    string   `env:"AGENCY_TLS_KEY_FILE" help:"Its private key."`
}

func main() {
	var s settings
	kong.Parse(&s, kong.Description("A sample agency that people log in to with Surety."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := run(ctx, s, log); err != nil {
		log.Error("agency ended", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings, log *slog.Logger) error {
	secret, err := os.ReadFile(s.SecretFile)
	if err != nil {
		return fmt.Errorf("read client secret: %w", err)
	}
	client, err := outgoing(s.CAFile)
	if err != nil {
		return err
	}
	offers, err := readOffers(s.Offers)
	if err != nil {
		return err
	}
	agency, err := New(Config{
		Issuer: s.Issuer, URL: s.URL, ClientID: s.ClientID, ClientSecret: strings.TrimSpace(string(secret)),
		Scopes: s.Scopes, Offers: offers, HTTP: client, Now: time.Now, Log: log,
	})
	if err != nil {
		return err
	}
	go agency.Listen(ctx)
	server := &http.Server{
		Handler: agency.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, len(s.Listen))
	for _, address := range s.Listen {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		go func() {
			if s.CertFile != "" {
				ended <- server.ServeTLS(listener, s.CertFile, s.KeyFile)
			} else {
				ended <- server.Serve(listener)
			}
		}()
	}
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(last); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}

// outgoing is the client for every call to Surety: a deadline on each, no
// redirects (none of the endpoints has any), and one more authority if asked.
func outgoing(caFile string) (*http.Client, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("read authority: %w", err)
		}
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read authority: no certificate in %s", caFile)
		}
	}
	return &http.Client{
		Timeout: 10 * time.Second,
		Transport: bounded{&http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			MaxResponseHeaderBytes: 64 << 10,
			IdleConnTimeout:        time.Minute,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// bounded cuts off answers that are too long: the libraries read them whole.
type bounded struct{ next http.RoundTripper }

// RoundTrip makes one call.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	const longest = 1 << 20
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, longest), resp.Body}
	return resp, nil
}
