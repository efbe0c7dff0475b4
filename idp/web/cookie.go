package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"surety/idp"
)

// The cookies. Browser binds interactions, registrations and forms to one
// browser; session is the secret of a login; lang is the language chosen.
const (
	cookieBrowser = "browser"
	cookieSession = "session"
	cookieLang    = "lang"
)

// browserAge is how long a browser is recognised as one that a person used
// before. Logging in matters more rarely than once a month.
const browserAge = 180 * 24 * time.Hour

// tokenLength is 256 bits in base64url.
const tokenLength = 43

// cookieName returns the full name. On https the __Host- prefix makes browsers
// refuse it from anybody but this very host; on loopback http, where that is
// impossible, names end in the port, because cookies do not know ports (DESIGN §8).
func (s *Site) cookieName(short string) string {
	if s.secure {
		return "__Host-surety-" + short
	}
	return "surety-" + short + s.suffix
}

func (s *Site) setCookie(w http.ResponseWriter, short, value string, age time.Duration) {
	c := &http.Cookie{
		Name: s.cookieName(short), Value: value, Path: "/", Secure: s.secure,
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	switch {
	case age > 0:
		c.MaxAge = int(age.Seconds())
	case age < 0:
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// cookie returns the value of our cookie, or "" when there is none or it
// cannot be ours: broken cookies are ignored, never an error.
func (s *Site) cookie(r *http.Request, short string) string {
	c, err := r.Cookie(s.cookieName(short))
	if err != nil {
		return ""
	}
	return c.Value
}

// NewToken returns 256 random bits as text, for cookies and links.
func NewToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails (Go 1.24)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// wellFormed reports whether a token can be one of ours.
func wellFormed(token string) bool {
	if len(token) != tokenLength {
		return false
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(token)
	return err == nil
}

// Browser returns the random id of this browser and gives it one if it has
// none or a broken one. Stores keep only its hash.
func (s *Site) Browser(w http.ResponseWriter, r *http.Request) string {
	if id := s.KnownBrowser(r); id != "" {
		return id
	}
	// Two calls in one request must agree: the second finds the first's cookie.
	id := NewToken()
	r.AddCookie(&http.Cookie{Name: s.cookieName(cookieBrowser), Value: id})
	s.setCookie(w, cookieBrowser, id, browserAge)
	return id
}

// KnownBrowser returns the id that the browser brought, or "".
func (s *Site) KnownBrowser(r *http.Request) string {
	for _, c := range r.CookiesNamed(s.cookieName(cookieBrowser)) {
		if wellFormed(c.Value) {
			return c.Value
		}
	}
	return ""
}

// ForgetBrowser removes the id, as after the log out on a shared computer.
func (s *Site) ForgetBrowser(w http.ResponseWriter) { s.setCookie(w, cookieBrowser, "", -1) }

// Session returns the secret of the session that the browser brought, or ""
// when there is none or it cannot be one of ours.
func (s *Site) Session(r *http.Request) string {
	if token := s.cookie(r, cookieSession); wellFormed(token) {
		return token
	}
	return ""
}

// SetSession gives the browser the secret of a session, made with NewToken.
// Keep is until when; zero means until the browser is closed (shared computer).
func (s *Site) SetSession(w http.ResponseWriter, token string, keep time.Duration) {
	s.setCookie(w, cookieSession, token, max(0, keep))
}

// ClearSession takes the secret away.
func (s *Site) ClearSession(w http.ResponseWriter) { s.setCookie(w, cookieSession, "", -1) }

// formToken binds forms to the browser: another site can neither read it nor
// compute it, nor use one that was made for its own browser.
func (s *Site) formToken(browser string) string {
	mac := hmac.New(sha256.New, s.formKey)
	mac.Write([]byte("form\x00" + browser))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// checkFormToken compares the field csrf with the token of this browser.
func (s *Site) checkFormToken(r *http.Request) error {
	browser := s.KnownBrowser(r)
	if browser == "" || !hmac.Equal([]byte(r.PostForm.Get("csrf")), []byte(s.formToken(browser))) {
		return idp.E(idp.CodeForbidden, "error.form")
	}
	return nil
}
