package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"surety/idp/text"
)

// langAge is how long a chosen language is remembered.
const langAge = 365 * 24 * time.Hour

// Language returns the language of the answer: the parameter ui_locales, then
// the cookie, then what the browser asks for, then the profile's.
func (s *Site) Language(r *http.Request) string {
	return s.Texts.Match(s.lang, r.URL.Query().Get("ui_locales"), s.cookie(r, cookieLang), r.Header.Get("Accept-Language"))
}

// Localizer returns the texts in the language of the request.
func (s *Site) Localizer(r *http.Request) *text.Localizer { return s.Texts.Localizer(s.Language(r)) }

// AdoptLocales remembers the language that an authorization request asks for
// (ui_locales), because the pages that follow have addresses of their own. A
// language that we do not speak changes nothing.
func (s *Site) AdoptLocales(w http.ResponseWriter, r *http.Request, uiLocales string) {
	lang := s.Texts.Match("", uiLocales)
	if lang == "" || lang == s.cookie(r, cookieLang) {
		return
	}
	s.setCookie(w, cookieLang, lang, langAge)
}

// switchLanguage answers POST /language. Fields: lang, return.
func (s *Site) switchLanguage(w http.ResponseWriter, r *http.Request) error {
	if lang := r.PostForm.Get("lang"); s.Texts.Has(lang) {
		s.setCookie(w, cookieLang, lang, langAge)
	}
	return SeeOther(w, r, LocalPath(r.PostForm.Get("return")))
}

// LocalPath returns the path if it stays on this site, and / otherwise: a
// redirect must not lead to where a stranger wants. Its ui_locales goes, or
// the language that was just chosen would be overruled.
func LocalPath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, "/") ||
		strings.HasPrefix(u.Path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	q := u.Query()
	if q.Has("ui_locales") {
		q.Del("ui_locales")
		u.RawQuery = q.Encode()
	}
	u.Fragment = ""
	return u.String()
}
