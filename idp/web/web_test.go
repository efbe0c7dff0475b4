package web_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/idp/text"
	"surety/idp/web"
	"surety/idp/web/templates"
)

// house is a site with a mux, and what it logged.
type house struct {
	site *web.Site
	mux  web.Mux
	log  *bytes.Buffer
}

// parsed is done once: it is the same for all tests and takes a while.
var parsed = sync.OnceValues(func() (*templates.Templates, error) {
	texts, err := text.Load(text.Config{})
	if err != nil {
		return nil, err
	}
	return templates.New(templates.Config{Texts: texts})
})

var now = time.Date(2026, time.May, 3, 9, 30, 0, 0, time.UTC)

func build(t *testing.T, issuer string, change ...func(c *web.Config)) house {
	t.Helper()
	pages, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	texts := pages.Texts()
	var log bytes.Buffer
	c := web.Config{
		Issuer: issuer, FormKey: bytes.Repeat([]byte{7}, 32), Clock: func() time.Time { return now }, Texts: texts, Templates: pages,
		Log: slog.New(slog.NewTextHandler(&log, nil)), Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	}
	for _, f := range change {
		f(&c)
	}
	site, err := web.NewSite(c)
	if err != nil {
		t.Fatal(err)
	}
	h := house{site, web.NewMux(site), &log}
	h.mux.Get("/form", func(w http.ResponseWriter, r *http.Request) error {
		f := site.Frame(w, r)
		return web.Page(w, http.StatusOK, func(out io.Writer) error { return pages.SignIn(out, f, templates.SignIn{}) })
	})
	h.mux.Post("/form", func(w http.ResponseWriter, r *http.Request) error {
		return web.SeeOther(w, r, "/done?login="+url.QueryEscape(r.PostForm.Get("login")))
	})
	return h
}

// browser keeps cookies, as a browser does.
type browser struct {
	t       *testing.T
	h       house
	cookies map[string]string
	header  http.Header
}

func (h house) browser(t *testing.T) *browser {
	return &browser{t: t, h: h, cookies: map[string]string{}, header: http.Header{}}
}

func (b *browser) do(method, target, body string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest(method, "https://id.example"+target, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, values := range b.header {
		r.Header[name] = values
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.h.mux.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
			continue
		}
		b.cookies[c.Name] = c.Value
	}
	return w
}

func (b *browser) get(target string) *httptest.ResponseRecorder {
	return b.do(http.MethodGet, target, "")
}

var tokenField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// token returns the form token of a page.
func (b *browser) token() string {
	b.t.Helper()
	m := tokenField.FindStringSubmatch(b.get("/form").Body.String())
	if m == nil {
		b.t.Fatal("page has no form token")
	}
	return m[1]
}

func (b *browser) post(target string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do(http.MethodPost, target, form.Encode())
}

func want(t *testing.T, w *httptest.ResponseRecorder, status int, words ...string) {
	t.Helper()
	if w.Code != status {
		t.Errorf("status %d, want %d", w.Code, status)
	}
	for _, word := range words {
		if !strings.Contains(w.Body.String(), word) {
			t.Errorf("page does not say %q", word)
		}
	}
}

const https = "https://id.example"
