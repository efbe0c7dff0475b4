package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// Bounds of waiting for a part.
const (
	readyTimeout = time.Minute
	probeTimeout = 2 * time.Second
	probePause   = 50 * time.Millisecond
)

// prober asks the parts whether they answer.
type prober struct{ client *http.Client }

func newProber(caFile string) (prober, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return prober{}, fmt.Errorf("read authority: %w", err)
		}
		settings.RootCAs = x509.NewCertPool()
		settings.RootCAs.AppendCertsFromPEM(pem)
	}
	return prober{&http.Client{
		Timeout:       probeTimeout,
		Transport:     &http.Transport{TLSClientConfig: settings, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// wait asks until the part answers, or failed says that it never will.
func (p prober) wait(ctx context.Context, name string, failed <-chan error, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case f := <-failed:
			return f
		default:
		}
		if !pause(ctx, probePause) {
			if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
				return fmt.Errorf("%s does not answer: %w", name, err)
			}
			return context.Cause(ctx)
		}
	}
}

// answers asks for a page that says that the part is ready.
func (p prober) answers(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := p.get(ctx, url)
		return err
	}
}

// discovers asks for Surety's metadata: ready, and under the right name.
func (p prober) discovers(issuer string) func(context.Context) error {
	return func(ctx context.Context) error {
		if _, err := p.get(ctx, issuer+"/ready"); err != nil {
			return err
		}
		body, err := p.get(ctx, issuer+"/.well-known/openid-configuration")
		if err != nil {
			return err
		}
		var found struct{ Issuer string }
		if err := json.Unmarshal(body, &found); err != nil || found.Issuer != issuer {
			return fmt.Errorf("the issuer there is %q", found.Issuer)
		}
		return nil
	}
}

func (p prober) get(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s: status %d %s", url, resp.StatusCode, strings.TrimSpace(string(body[:min(len(body), 200)])))
	}
	return body, nil
}
