package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// service is the page of one service. It asks the agency's own API, with the
// person's token, and does what the answer says: show the service, or send the
// person to Surety for what is missing.
func (a *Agency) service(w http.ResponseWriter, r *http.Request) {
	o, ok := a.find(r.PathValue("code"))
	if !ok {
		a.fail(w, r, http.StatusNotFound, "unknown_service", nil)
		return
	}
	v, _ := a.visitOf(r)
	got, want, err := a.call(r.Context(), o, v)
	switch {
	case err != nil:
		a.fail(w, r, http.StatusBadGateway, "temporarily_unavailable", err)
	case got != nil:
		a.pages.service(w, r, o, v, *got)
	case r.URL.Query().Has("returned"):
		// Surety sent them back and it is still not enough: once more would be a circle.
		a.pages.refused(w, r, o, want)
	default:
		http.Redirect(w, r, "/login?"+want.login(o).Encode(), http.StatusSeeOther)
	}
}

// login is the query of the login that answers the challenge.
func (c challenge) login(o offer) url.Values {
	q := url.Values{"procedure": {o.Code}}
	if c.maxAge >= 0 {
		q.Set("max_age", fmt.Sprint(int(c.maxAge.Seconds())))
	}
	return q
}

var errAPI = errors.New("the API answered with something else than it should")

// call asks the API. It returns what the API delivered, or what it wants.
func (a *Agency) call(ctx context.Context, o offer, v *visit) (*delivered, challenge, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.audience()+"/procedures/"+url.PathEscape(o.Code), nil)
	if err != nil {
		return nil, challenge{}, fmt.Errorf("call API: %w", err)
	}
	if v != nil {
		r.Header.Set("Authorization", "Bearer "+v.accessToken)
	}
	resp, err := a.cfg.HTTP.Do(r)
	if err != nil {
		return nil, challenge{}, fmt.Errorf("call API: %w", err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		var d delivered
		if err := json.NewDecoder(resp.Body).Decode(&d); err != nil || d.Procedure != o.Code {
			return nil, challenge{}, errAPI
		}
		return &d, challenge{}, nil
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, readChallenge(resp.Header), nil
	}
	return nil, challenge{}, fmt.Errorf("%w: status %d", errAPI, resp.StatusCode)
}

// authorizationDetails asks for a procedure (RFC 9396, section 2).
func authorizationDetails(code string) string {
	b, err := json.Marshal([]map[string]string{{"type": "procedure", "code": code}})
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(b)
}

// outcome is why a requirement was not met, as Surety tells the agency.
type outcome struct {
	Outcome   string `json:"outcome"`
	Procedure string `json:"procedure"`
	Missing   []struct {
		Axis  string `json:"axis"`
		Stage string `json:"stage"`
	} `json:"missing"`
}

// askOutcome fetches what error_uri names, once, with this agency's own
// credentials. The address came through the browser: any other than Surety's
// would hand the credentials to a stranger.
func (a *Agency) askOutcome(ctx context.Context, uri string) (*outcome, error) {
	if !strings.HasPrefix(uri, strings.TrimSuffix(a.cfg.Issuer, "/")+"/outcomes/") {
		return nil, errors.New("ask for outcome: the address is not Surety's")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return nil, fmt.Errorf("ask for outcome: %w", err)
	}
	r.SetBasicAuth(url.QueryEscape(a.cfg.ClientID), url.QueryEscape(a.cfg.ClientSecret))
	resp, err := a.cfg.HTTP.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask for outcome: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for outcome: status %d", resp.StatusCode)
	}
	var o outcome
	if err := json.NewDecoder(resp.Body).Decode(&o); err != nil {
		return nil, fmt.Errorf("read outcome: %w", err)
	}
	return &o, nil
}
