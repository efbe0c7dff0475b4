package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"surety/idp/text"
	"surety/idp/throttle"
	"surety/idp/web/templates"
)

// Config is what the edge needs to know. The zero values of Proxies, Timeout,
// Clock and Log are safe.
type Config struct {
	Issuer    string               // https://host[:port], or http on loopback
	FormKey   []byte               // 32 bytes or more, equal in all processes: makes form tokens
	Proxies   []netip.Prefix       // whose X-Forwarded-For is believed
	Timeout   time.Duration        // for one request; 15 s by default
	Language  string               // of people who ask for none of ours
	Clock     func() time.Time     // protocol time
	Log       *slog.Logger         // one line for each failed request
	Texts     *text.Catalogue      // words
	Templates *templates.Templates // pages
	Flood     *throttle.Flood      // forms of one source in this process; nil allows any number
}

// Site is what page packages depend on: frames, cookies, languages, the
// source of a request. Make it with NewSite; it never changes afterwards.
type Site struct {
	Templates *templates.Templates
	Texts     *text.Catalogue

	issuer  *url.URL
	secure  bool
	suffix  string // of cookie names on http: two sandboxes on one host must not share cookies
	formKey []byte
	proxies []netip.Prefix
	timeout time.Duration
	lang    string
	now     func() time.Time
	log     *slog.Logger
	cross   *http.CrossOriginProtection
	flood   *throttle.Flood
}

// defaultTimeout is longer than any use case may take and shorter than a
// person's patience.
const defaultTimeout = 15 * time.Second

// NewSite checks the configuration and returns the site.
func NewSite(c Config) (*Site, error) {
	issuer, err := url.Parse(c.Issuer)
	if err != nil {
		return nil, fmt.Errorf("parse issuer: %w", err)
	}
	if err := checkIssuer(issuer); err != nil {
		return nil, err
	}
	if len(c.FormKey) < 32 {
		return nil, errors.New("form key is shorter than 32 bytes")
	}
	if c.Texts == nil || c.Templates == nil {
		return nil, errors.New("texts and templates are needed")
	}
	s := &Site{
		Templates: c.Templates, Texts: c.Texts, issuer: issuer, secure: issuer.Scheme == "https",
		formKey: c.FormKey, proxies: c.Proxies, timeout: c.Timeout, lang: c.Language, now: c.Clock, log: c.Log,
		cross: http.NewCrossOriginProtection(), flood: c.Flood,
	}
	if !s.secure {
		s.suffix = "-" + issuer.Port()
	}
	if s.timeout <= 0 {
		s.timeout = defaultTimeout
	}
	if !c.Texts.Has(s.lang) {
		s.lang = text.Default
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if _, ok := s.log.Handler().(LogHandler); !ok {
		// The reference on an error page must be in its log line, however the logger was made.
		s.log = slog.New(LogHandler{s.log.Handler()})
	}
	// A proxy may change Host on the way to us; pages still come from the issuer's origin.
	if err := s.cross.AddTrustedOrigin(issuer.Scheme + "://" + issuer.Host); err != nil {
		return nil, fmt.Errorf("trust issuer's origin: %w", err)
	}
	return s, nil
}

// checkIssuer refuses issuers under which cookies could not be kept safe:
// without https only this very machine is private enough (DESIGN §8).
func checkIssuer(u *url.URL) error {
	if u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Path != "" && u.Path != "/") {
		return errors.New("issuer must be scheme and host only")
	}
	switch u.Scheme {
	case "https":
		return nil
	case "http":
		host := u.Hostname()
		if ip, err := netip.ParseAddr(host); host == "localhost" || (err == nil && ip.IsLoopback()) {
			return nil
		}
	}
	return errors.New("issuer must be https, or http on loopback")
}

// Frame returns the frame of a page: language, form token, where the language
// switch comes back to, and the pending interaction that the address or form
// names. The caller adds what it knows: agency, person, problems. It sets the
// browser cookie if there is none, so it must run before the page is written.
func (s *Site) Frame(w http.ResponseWriter, r *http.Request) templates.Frame {
	browser := s.Browser(w, r)
	f := templates.Frame{
		Lang:        s.Language(r),
		CSRF:        s.formToken(browser),
		Interaction: InteractionOf(r),
		Return:      ReturnOf(r),
	}
	f.Path = comeBack(r)
	return f
}

// maxComeBack bounds the address that the language switch comes back to.
const maxComeBack = 2048

// comeBack returns the address of the page, or, for a form that was sent, of
// the page that shows it.
func comeBack(r *http.Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		if uri := r.URL.RequestURI(); len(uri) <= maxComeBack {
			return uri
		}
		return r.URL.Path
	}
	q := url.Values{}
	for _, name := range []string{"interaction", "attempt", "return"} {
		if v := r.PostForm.Get(name); v != "" && len(v) <= maxComeBack/4 {
			q.Set(name, v)
		}
	}
	if len(q) == 0 {
		return r.URL.Path
	}
	return r.URL.Path + "?" + q.Encode()
}
