package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"surety/assurance/guard"
)

// offer is one service of this agency: what its pages show, and what its API
// asks of a token. What Surety asks of the person is registered there; an
// agency states it a second time only where it wants to be sure for itself.
type offer struct {
	Code   string            `json:"code"`
	Titles map[string]string `json:"titles"` // by language
	// MaxAge is in seconds; zero asks for no age.
	MaxAge int64 `json:"max_age,omitempty"`
}

// title is the title in the language, else in English, else the code.
func (o offer) title(lang string) string {
	for _, l := range []string{lang, "en"} {
		if t := o.Titles[l]; t != "" {
			return t
		}
	}
	return o.Code
}

// requirement is what the API asks of a token for it.
func (o offer) requirement() guard.Requirement {
	return guard.Requirement{Procedure: o.Code, MaxAge: time.Duration(o.MaxAge) * time.Second}
}

// readOffers reads the list of services. No file means no services.
func readOffers(path string) ([]offer, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read services: %w", err)
	}
	var offers []offer
	if err := json.Unmarshal(b, &offers); err != nil {
		return nil, fmt.Errorf("read services: %w", err)
	}
	return offers, nil
}

// find returns the service with the code.
func (a *Agency) find(code string) (offer, bool) {
	for _, o := range a.cfg.Offers {
		if o.Code == code {
			return o, true
		}
	}
	return offer{}, false
}

// audience is what tokens for the API must be made for (RFC 8707).
func (a *Agency) audience() string { return a.cfg.URL + "/api" }

// serveAPI mounts the API: each service behind a guard of its own, so that
// what lets a person in is the token and nothing else.
func (a *Agency) serveAPI(mux *http.ServeMux) error {
	var err error
	a.revocations, err = guard.NewRevocations(guard.RevocationsConfig{
		Issuer: a.cfg.Issuer, HTTPClient: a.cfg.HTTP, Clock: a.cfg.Now, Log: a.log,
		ClientID: a.cfg.ClientID, ClientSecret: a.cfg.ClientSecret,
	})
	if err != nil {
		return err
	}
	g, err := guard.New(guard.Config{
		Issuer: a.cfg.Issuer, Audience: a.audience(), HTTPClient: a.cfg.HTTP, Clock: a.cfg.Now, Log: a.log, Revocations: a.revocations,
	})
	if err != nil {
		return err
	}
	for _, o := range a.cfg.Offers {
		if err := g.Check(o.requirement()); err != nil {
			return fmt.Errorf("service %s: %w", o.Code, err)
		}
		mux.Handle("GET /api/procedures/"+url.PathEscape(o.Code), g.Require(o.requirement())(a.deliver(o)))
	}
	return nil
}

// Listen hears from Surety which tokens were taken back, until ctx ends. While
// it does not run, the API takes every token until it ends by itself.
func (a *Agency) Listen(ctx context.Context) {
	_ = a.revocations.Poll(ctx) // it ends with ctx alone
}

// delivered is what the API answers to whom it lets in.
type delivered struct {
	Procedure string    `json:"procedure"`
	Subject   string    `json:"sub"`
	ACR       string    `json:"acr"`
	AuthTime  time.Time `json:"auth_time"`
}

func (a *Agency) deliver(o offer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := guard.TokenFrom(r.Context())
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(delivered{Procedure: o.Code, Subject: token.Subject, ACR: token.ACR, AuthTime: token.AuthTime})
	})
}
