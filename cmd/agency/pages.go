package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
)

//go:embed page.html style.css texts/*.json
var files embed.FS

// languages are those of the pages, the default first.
var languages = []string{"en", "be", "ru", "uk"}

// languageCookie remembers the choice. It holds nothing about the person.
const languageCookie = "agency-lang"

// pages shows everything that people see.
type pages struct {
	template *template.Template
	css      []byte
	texts    map[string]map[string]string // by language, then key
	matcher  language.Matcher
	policy   string // Content-Security-Policy
}

func newPages() (*pages, error) {
	p := &pages{texts: map[string]map[string]string{}}
	var tags []language.Tag
	for _, lang := range languages {
		b, err := files.ReadFile("texts/" + lang + ".json")
		if err != nil {
			return nil, fmt.Errorf("read texts: %w", err)
		}
		var texts map[string]string
		if err := json.Unmarshal(b, &texts); err != nil {
			return nil, fmt.Errorf("read texts of %s: %w", lang, err)
		}
		p.texts[lang] = texts
		tags = append(tags, language.MustParse(lang))
	}
	p.matcher = language.NewMatcher(tags)
	var err error
	if p.css, err = files.ReadFile("style.css"); err != nil {
		return nil, fmt.Errorf("read style: %w", err)
	}
	if p.template, err = template.ParseFS(files, "page.html"); err != nil {
		return nil, fmt.Errorf("read page: %w", err)
	}
	return p, nil
}

// headers go on every answer.
func (p *pages) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", p.policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (p *pages) style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=300")
	_, _ = w.Write(p.css)
}

// language is the person's: chosen, else the browser's, else English.
func (p *pages) language(r *http.Request) string {
	if c, err := r.Cookie(languageCookie); err == nil && slices.Contains(languages, c.Value) {
		return c.Value
	}
	_, index := language.MatchStrings(p.matcher, r.Header.Get("Accept-Language"))
	return languages[index]
}

func (p *pages) remember(w http.ResponseWriter, lang string, like http.Cookie) {
	if slices.Contains(languages, lang) {
		like.Name, like.Value, like.MaxAge = languageCookie, lang, 365*24*3600
		http.SetCookie(w, &like)
	}
}

// view is what the one template shows.
type view struct {
	Lang      string
	Languages []string
	Page      string // home, service, refused, unmet, failure or signed_out
	Visit     *visitView
	ToldAt    string // when Surety ended the session; empty if it did not
	Problem   string // text key of what went wrong
	Code      string // as it came, for support
	Reference string
	Offers    []offerView
	Service   *serviceView

	texts map[string]string
}

// T is the text for the key. The test of the texts finds keys that miss.
func (v view) T(key string) string { return v.texts[key] }

// visitView is a signed-in person in words.
type visitView struct {
	Name      string
	Level     string // text key of the level's name
	LevelSays string // text key of what it means
	ACR       string
	Ways      []string // text keys of what amr says
	AMR       string
	AuthTime  time.Time // UTC; zero when unknown
	Refreshed time.Time // likewise
	Refresh   bool
	Userinfo  []claim
	IDToken   []claim
}

type claim struct{ Name, Value string }

// Machine is a moment for programs that read the page.
func (visitView) Machine(t time.Time) string { return t.Format(time.RFC3339) }

// Read is a moment for people, the same in every language.
func (visitView) Read(t time.Time) string { return t.Format("2006-01-02, 15:04:05 UTC") }

// offerView is a service in the list.
type offerView struct{ Code, Title string }

// serviceView is a service that somebody opened, or could not open.
type serviceView struct {
	offerView
	Subject  string
	ACR      string
	AuthTime time.Time // UTC
	// Says is the text key of why it is not open.
	Says    string
	Missing []string // text keys
}

// Machine is a moment for programs that read the page, Read one for people.
func (serviceView) Machine(t time.Time) string { return visitView{}.Machine(t) }

// Read is a moment for people.
func (serviceView) Read(t time.Time) string { return visitView{}.Read(t) }

func (p *pages) offer(r *http.Request, o offer) offerView {
	return offerView{Code: o.Code, Title: o.title(p.language(r))}
}

// service shows a service that is open.
func (p *pages) service(w http.ResponseWriter, r *http.Request, o offer, v *visit, d delivered) {
	p.show(w, r, http.StatusOK, view{Page: "service", Visit: inWords(v), Service: &serviceView{
		offerView: p.offer(r, o), Subject: d.Subject, ACR: d.ACR, AuthTime: d.AuthTime.UTC(),
	}})
}

// refused shows a service whose API still refuses after a login.
func (p *pages) refused(w http.ResponseWriter, r *http.Request, o offer, want challenge) {
	p.show(w, r, http.StatusForbidden, view{Page: "refused", Code: printable(want.code), Service: &serviceView{offerView: p.offer(r, o)}})
}

// outcomes and axes are the values of Surety's answer that have words.
var (
	outcomes = []string{"pending", "declined", "impossible", "expired"}
	axes     = []string{"login", "identity", "capacity"}
)

// unmet says what is missing for a service, as Surety told us.
func (p *pages) unmet(w http.ResponseWriter, r *http.Request, o offer, told outcome) {
	s := &serviceView{offerView: p.offer(r, o), Says: "unmet_other"}
	if slices.Contains(outcomes, told.Outcome) {
		s.Says = "unmet_" + told.Outcome
	}
	for _, m := range told.Missing {
		if slices.Contains(axes, m.Axis) {
			s.Missing = append(s.Missing, "missing_"+m.Axis)
		}
	}
	p.show(w, r, http.StatusOK, view{Page: "unmet", Code: "unmet_authentication_requirements", Service: s})
}

func (p *pages) home(w http.ResponseWriter, r *http.Request, v *visit, t *told, offers []offer, now time.Time) {
	out := view{Page: "home"}
	for _, o := range offers {
		out.Offers = append(out.Offers, p.offer(r, o))
	}
	if v != nil {
		out.Visit = inWords(v)
	} else if t != nil {
		out.ToldAt = t.at.In(now.Location()).Format("15:04:05")
	}
	p.show(w, r, http.StatusOK, out)
}

func (p *pages) signedOut(w http.ResponseWriter, r *http.Request) {
	p.show(w, r, http.StatusOK, view{Page: "signed_out"})
}

// failures maps codes to texts; what is not here is told in general words.
var failures = map[string]string{
	"access_denied":                     "problem_denied",
	"login_required":                    "problem_login",
	"interaction_required":              "problem_login",
	"account_selection_required":        "problem_login",
	"consent_required":                  "problem_login",
	"unmet_authentication_requirements": "problem_level",
	"temporarily_unavailable":           "problem_away",
	"server_error":                      "problem_away",
	"not_begun_here":                    "problem_foreign",
	"answer_not_valid":                  "problem_answer",
	"session_over":                      "problem_over",
	"logout_half_done":                  "problem_logout",
	"unknown_service":                   "problem_service",
}

func (p *pages) failure(w http.ResponseWriter, r *http.Request, status int, code, reference string) {
	problem, known := failures[code]
	if !known {
		problem = "problem_other"
	}
	p.show(w, r, status, view{Page: "failure", Problem: problem, Code: code, Reference: reference})
}

// show renders into memory first, so that nobody sees half a page.
func (p *pages) show(w http.ResponseWriter, r *http.Request, status int, v view) {
	v.Lang, v.Languages = p.language(r), languages
	v.texts = p.texts[v.Lang]
	var b bytes.Buffer
	if err := p.template.Execute(&b, v); err != nil {
		http.Error(w, "This page cannot be shown.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// levels are the names that the last part of acr may have.
var levels = []string{
	"basic", "checked", "substantial", "high", "password", "identifier", "strict",
	"simplified", "standard", "confirmed", "registered", "bank", "qualified",
}

// ways are the values of amr that have words (RFC 8176).
var ways = []string{"pwd", "otp", "sms", "hwk", "swk", "sc", "pin", "user", "mfa"}

func inWords(v *visit) *visitView {
	out := &visitView{
		Level: "level_other", LevelSays: "level_other_says", ACR: v.acr, AMR: strings.Join(v.amr, " "),
		Refresh: v.refreshToken != "", Userinfo: sorted(v.userinfo), IDToken: sorted(v.claims),
	}
	// acr is an address; its last part is the level's name in the policy.
	if name := v.acr[strings.LastIndexAny(v.acr, "/:#")+1:]; slices.Contains(levels, name) {
		out.Level, out.LevelSays = "level_"+name, "level_"+name+"_says"
	}
	for _, value := range v.amr {
		if slices.Contains(ways, value) {
			out.Ways = append(out.Ways, "amr_"+value)
		}
	}
	out.AuthTime, out.Refreshed = v.authTime.UTC(), v.refreshed.UTC()
	for _, name := range []string{"name", "given_name", "family_name", "email", "phone_number"} {
		if out.Name = plain(v.userinfo[name]); out.Name != "" {
			break
		}
	}
	return out
}

func sorted(claims map[string]json.RawMessage) []claim {
	var out []claim
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		out = append(out, claim{name, plain(claims[name])})
	}
	return out
}

// plain shows a string as it is and everything else as JSON.
func plain(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}
