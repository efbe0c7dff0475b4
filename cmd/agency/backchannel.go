package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Bounds of a logout token and its life. Surety's live for two minutes.
const (
	maxLogoutForm = 16 << 10
	maxLogoutLife = 10 * time.Minute
)

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutClaims are the claims of a logout token that matter here.
type logoutClaims struct {
	Subject  string                     `json:"sub"`
	SID      string                     `json:"sid"`
	ID       string                     `json:"jti"`
	IssuedAt int64                      `json:"iat"`
	Expiry   int64                      `json:"exp"`
	Events   map[string]json.RawMessage `json:"events"`
	Nonce    json.RawMessage            `json:"nonce"`
}

// backchannel takes Surety's word that a session has ended (Back-Channel
// Logout 1.0, sections 2.5 and 2.8).
func (a *Agency) backchannel(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxLogoutForm)
	if err := r.ParseForm(); err != nil || len(r.PostForm["logout_token"]) != 1 {
		answerLogout(w, http.StatusBadRequest, "invalid_request", "no logout token")
		return
	}
	s, err := a.surety.get(r.Context())
	if err != nil {
		// Surety tries again; a 400 would be our last word.
		a.log.Warn("logout token could not be checked", "error", err)
		answerLogout(w, http.StatusServiceUnavailable, "temporarily_unavailable", "try again later")
		return
	}
	now := a.now()
	claims, err := s.readLogout(a.surety.context(r.Context()), r.PostForm.Get("logout_token"), now)
	if err != nil {
		a.log.Warn("logout token refused", "error", err)
		answerLogout(w, http.StatusBadRequest, "invalid_request", "the logout token is not valid")
		return
	}
	switch err := a.replays.take(claims.ID, time.Unix(claims.Expiry, 0).Add(skew), now); {
	case errors.Is(err, errFull):
		answerLogout(w, http.StatusServiceUnavailable, "temporarily_unavailable", err.Error())
		return
	case err != nil:
		answerLogout(w, http.StatusBadRequest, "invalid_request", err.Error())
		return
	}
	a.log.Info("session ended by Surety", "browsers", a.browsers.end(claims.Subject, claims.SID, now))
	w.WriteHeader(http.StatusOK)
}

// readLogout verifies a logout token in the order of section 2.6. The library
// checks the signature by JWKS with an algorithm that Surety announces, iss,
// aud, exp, and that jti and one of sub and sid are there.
func (s *surety) readLogout(ctx context.Context, token string, now time.Time) (logoutClaims, error) {
	var c logoutClaims
	if kind := typeOf(token); !strings.EqualFold(kind, "logout+jwt") {
		// An ID token or access token must not pass for one.
		return c, fmt.Errorf("check logout token: typ is %q", kind)
	}
	verified, err := s.verifier.VerifyLogout(ctx, token)
	if err != nil {
		return c, fmt.Errorf("check logout token: %w", err)
	}
	if err := verified.Claims(&c); err != nil {
		return c, fmt.Errorf("read logout token: %w", err)
	}
	issued, expiry := time.Unix(c.IssuedAt, 0), time.Unix(c.Expiry, 0)
	switch {
	case c.IssuedAt <= 0 || issued.After(now.Add(skew)):
		return c, errors.New("check logout token: iat is missing or in the future")
	case expiry.Sub(issued) > maxLogoutLife || now.Sub(issued) > maxLogoutLife:
		// Otherwise jti would have to be remembered for as long.
		return c, errors.New("check logout token: it lives too long")
	case c.Nonce != nil:
		return c, errors.New("check logout token: it has a nonce")
	case len(c.ID) > 200:
		return c, errors.New("check logout token: jti is too long")
	}
	var member map[string]json.RawMessage
	if err := json.Unmarshal(c.Events[logoutEvent], &member); err != nil || member == nil {
		return c, errors.New("check logout token: the logout event is no object")
	}
	return c, nil
}

// typeOf reads the typ header; "" if there is none. The signature that covers
// it is checked afterwards.
func typeOf(token string) string {
	head, _, _ := strings.Cut(token, ".")
	b, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return ""
	}
	var h struct {
		Type string `json:"typ"`
	}
	if json.Unmarshal(b, &h) != nil {
		return ""
	}
	return h.Type
}

func answerLogout(w http.ResponseWriter, status int, code, description string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": description})
}
