package oidc_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// quiet is a response that keeps no more than a benchmark needs.
type quiet struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (q *quiet) Header() http.Header         { return q.header }
func (q *quiet) WriteHeader(status int)      { q.status = status }
func (q *quiet) Write(b []byte) (int, error) { return q.body.Write(b) }

// serve runs one request through the handlers, without a network.
func (w *world) serve(r *http.Request) *quiet {
	q := &quiet{header: http.Header{}}
	w.mux.ServeHTTP(q, r)
	return q
}

func (w *world) servePost(path string, form url.Values, auth string) *quiet {
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewBufferString(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", auth)
	return w.serve(r)
}

func BenchmarkClientCredentials(b *testing.B) {
	w := newWorld(b)
	own := w.agency(serviceClient)
	auth, form := basic(string(own.ID), own.secret), ownForm()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if q := w.servePost("/token", form, auth); q.status != http.StatusOK {
			b.Fatal(q.body.String())
		}
		if n++; n%10_000 == 0 {
			b.StopTimer()
			if err := w.batch.Flush(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	}
}

func BenchmarkLiveSession(b *testing.B) {
	w, a, br := setup(b, nil)
	path := "/authorize?" + a.request().Encode()
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.AddCookie(&http.Cookie{Name: "session", Value: br.cookies["session"]})
		if q := w.serve(r); q.status != http.StatusSeeOther {
			b.Fatal(q.status)
		}
	}
}

func BenchmarkCodeExchange(b *testing.B) {
	w, a, br := setup(b, nil)
	auth := basic(string(a.ID), a.secret)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		form := codeForm(a, br.code(a.request()))
		b.StartTimer()
		if q := w.servePost("/token", form, auth); q.status != http.StatusOK {
			b.Fatal(q.body.String())
		}
	}
}

func BenchmarkRefresh(b *testing.B) {
	w, a, br := setup(b, nil)
	auth := basic(string(a.ID), a.secret)
	form := refreshForm(a.tokens(br).text("refresh_token"))
	b.ReportAllocs()
	for b.Loop() { // within the grace the same one works again and again
		if q := w.servePost("/token", form, auth); q.status != http.StatusOK {
			b.Fatal(q.body.String())
		}
	}
}

func BenchmarkIntrospect(b *testing.B) {
	w, a, br := setup(b, nil)
	auth := basic(string(a.ID), a.secret)
	form := tokenForm(a.tokens(br).text("access_token"))
	b.ReportAllocs()
	for b.Loop() {
		if q := w.servePost("/introspect", form, auth); q.status != http.StatusOK {
			b.Fatal(q.body.String())
		}
	}
}
