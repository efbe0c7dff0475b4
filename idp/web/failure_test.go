package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/web"
	"surety/idp/web/templates"
)

// TestErrorsBecomePages: code and key decide status, page and Retry-After.
func TestErrorsBecomePages(t *testing.T) {
	t.Parallel()
	secret := errors.New("secret cause")
	for name, row := range map[string]struct {
		err    error
		status int
		words  string
		retry  string
	}{
		"invalid":     {idp.E(idp.CodeInvalid, "error.invalid").Because(secret), 400, "could not understand", ""},
		"not found":   {idp.E(idp.CodeNotFound, "error.not_found"), 404, "There is no such page", ""},
		"forbidden":   {idp.E(idp.CodeForbidden, "error.account.frozen"), 403, "This account is frozen", ""},
		"conflict":    {fmt.Errorf("store: %w", idp.E(idp.CodeConflict, "error.conflict")), 409, "Somebody was faster", ""},
		"completed":   {idp.E(idp.CodeConflict, "error.interaction.completed"), 409, "This is already done", ""},
		"expired":     {idp.E(idp.CodeExpired, "error.interaction.expired"), 410, "Too much time has passed", ""},
		"stale":       {idp.E(idp.CodeExpired, "error.link.used"), 410, "already been used", ""},
		"throttled":   {idp.E(idp.CodeThrottled, "error.throttled").With("until", now.Add(15*time.Minute)), 429, "in 15 minutes", "900"},
		"busy":        {idp.E(idp.CodeUnavailable, "error.busy"), 503, "Very many people", "5"},
		"down":        {idp.E(idp.CodeUnavailable, "error.unavailable").Because(secret), 503, "not available for a moment", "15"},
		"network":     {&net.OpError{Op: "dial", Err: secret}, 503, "not available for a moment", "15"},
		"timeout":     {fmt.Errorf("query: %w", context.DeadlineExceeded), 503, "It took too long", "15"},
		"level":       {idp.E(idp.CodeLevelTooLow, "error.level"), 403, "needs a stronger proof", ""},
		"method":      {idp.E(idp.CodeInvalid, "error.method"), 405, "cannot be opened like this", ""},
		"unknown":     {secret, 500, "Something went wrong on our side", ""},
		"missing key": {idp.E(idp.CodeForbidden, "error.no.such.key"), 403, "This is not allowed", ""},
		"odd code":    {idp.E("odd", "error.invalid"), 500, "Something went wrong on our side", ""},
	} {
		h := build(t, https)
		h.mux.Get("/fail", func(http.ResponseWriter, *http.Request) error { return row.err })
		w := h.browser(t).get("/fail")
		t.Run(name, func(t *testing.T) {
			want(t, w, row.status, row.words, "You can also do this without an account")
			if got := w.Header().Get("Retry-After"); got != row.retry {
				t.Errorf("Retry-After %q, want %q", got, row.retry)
			}
			if strings.Contains(w.Body.String(), "secret cause") || strings.Contains(w.Body.String(), "store:") {
				t.Error("the page shows the operator's face of the error")
			}
			reference := regexp.MustCompile(`id="reference">([A-Z2-7]{5}-[A-Z2-7]{5})<`).FindStringSubmatch(w.Body.String())
			if reference == nil {
				t.Fatal("page has no reference")
			}
			if n := strings.Count(h.log.String(), "request_id="+reference[1]); n != 1 || strings.Count(h.log.String(), "request failed") != 1 {
				t.Errorf("log does not hold the reference exactly once:\n%s", h.log)
			}
			if w.Header().Get("X-Request-Id") != reference[1] {
				t.Error("header and page differ in the reference")
			}
		})
	}
}

// TestWayBack: the page of an interaction that ended offers both ways on.
func TestWayBack(t *testing.T) {
	t.Parallel()
	h := build(t, https)
	back := web.WayBack{Agency: "Tax Service", Return: "https://tax.example/?error=x", Restart: "/authorize?client_id=1"}
	h.mux.Get("/fail", func(http.ResponseWriter, *http.Request) error {
		return back.Wrap(idp.E(idp.CodeExpired, "error.interaction.expired"))
	})
	want(t, h.browser(t).get("/fail"), http.StatusGone, `href="https://tax.example/?error=x"`, `href="/authorize?client_id=1"`, "Back to Tax Service", "Start again")
	if back.Wrap(nil) != nil {
		t.Error("no error became one")
	}
}

// TestEndedRequestIsToldByItsDispatcher: it alone knows how to begin again and
// the way back. A page without a request says it itself.
func TestEndedRequestIsToldByItsDispatcher(t *testing.T) {
	t.Parallel()
	h := build(t, https)
	for _, key := range []string{"error.interaction.expired", "error.interaction.completed", "error.interaction.unknown"} {
		step := func(http.ResponseWriter, *http.Request) error { return idp.E(idp.CodeExpired, key) }
		h.mux.Get("/"+key, step)
		h.mux.Post("/"+key, step)
		const id = "0190d8a2-0000-7000-8000-000000000001"
		b := h.browser(t)
		for _, w := range []*httptest.ResponseRecorder{b.get("/" + key + "?interaction=" + id), b.post("/"+key, "csrf", b.token(), "interaction", id)} {
			if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || to != "/continue?interaction="+id {
				t.Errorf("%s: %d %s", key, w.Code, to)
			}
		}
		want(t, b.get("/"+key), http.StatusGone)
	}
}

// TestPanicBecomesPage: and the next request is served.
func TestPanicBecomesPage(t *testing.T) {
	t.Parallel()
	h := build(t, https)
	h.mux.Get("/panic", func(http.ResponseWriter, *http.Request) error { panic("boom") })
	b := h.browser(t)
	want(t, b.get("/panic"), http.StatusInternalServerError, "Something went wrong on our side")
	if strings.Contains(b.get("/panic").Body.String(), "boom") || !strings.Contains(h.log.String(), "boom") {
		t.Error("the panic belongs in the log only")
	}
	want(t, b.get("/form"), http.StatusOK)
}

// TestPanicAfterBytes: an answer that has begun is cut off, not passed for whole.
func TestPanicAfterBytes(t *testing.T) {
	t.Parallel()
	h := build(t, https)
	h.mux.Get("/panic", func(w http.ResponseWriter, _ *http.Request) error {
		_, _ = io.WriteString(w, "half")
		panic("boom")
	})
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("recovered %v", p)
		}
	}()
	h.browser(t).get("/panic")
}

// TestBrokenTemplate: half a page is never sent.
func TestBrokenTemplate(t *testing.T) {
	t.Parallel()
	h := build(t, https)
	h.mux.Get("/half", func(w http.ResponseWriter, _ *http.Request) error {
		return web.Page(w, http.StatusOK, func(out io.Writer) error {
			_, _ = io.WriteString(out, "half a page")
			return errors.New("template broke")
		})
	})
	w := h.browser(t).get("/half")
	want(t, w, http.StatusInternalServerError, "Something went wrong on our side")
	if strings.Contains(w.Body.String(), "half a page") {
		t.Error("half a page was sent")
	}
}

// TestTimeout: a handler that waits for its context ends in a page.
func TestTimeout(t *testing.T) {
	t.Parallel()
	h := build(t, https, func(c *web.Config) { c.Timeout = time.Millisecond })
	h.mux.Get("/slow", func(_ http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done()
		return fmt.Errorf("ask the database: %w", r.Context().Err())
	})
	want(t, h.browser(t).get("/slow"), http.StatusServiceUnavailable, "It took too long")
}

// TestFormShownAgain: what is wrong with a form comes back with what was
// typed; what is not about the form does not.
func TestFormShownAgain(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		err    error
		status int
		words  []string
	}{
		"one field": {idp.E(idp.CodeInvalid, "error.login.wrong").In("login"), 422, []string{`href="#login"`, `aria-invalid="true"`, `id="login-fault"`, `value="anna"`}},
		"two fields": {errors.Join(idp.E(idp.CodeInvalid, "error.login.required").In("login"), idp.E(idp.CodeInvalid, "error.password.short").In("password").With("count", 12)),
			422, []string{`href="#login"`, `href="#password"`, "at least 12 characters"}},
		"throttled":   {idp.E(idp.CodeThrottled, "error.throttled").With("until", now.Add(61*time.Second)), 429, []string{"in 2 minutes", `value="anna"`}},
		"busy":        {idp.E(idp.CodeUnavailable, "error.busy"), 503, []string{"Very many people"}},
		"unknown":     {errors.New("x"), 500, []string{"Something went wrong"}},
		"half known":  {errors.Join(idp.E(idp.CodeInvalid, "error.login.required"), errors.New("x")), 400, nil},
		"interaction": {idp.E(idp.CodeExpired, "error.interaction.expired"), 410, []string{"Too much time"}},
	} {
		h := build(t, https)
		h.mux.Post("/again", func(w http.ResponseWriter, r *http.Request) error {
			return h.site.Again(w, r, row.err, func(out io.Writer, f templates.Frame) error {
				return h.site.Templates.SignIn(out, f, templates.SignIn{Login: r.PostForm.Get("login")})
			})
		})
		b := h.browser(t)
		t.Run(name, func(t *testing.T) {
			w := b.post("/again", "csrf", b.token(), "login", "anna", "password", "hunter2secret")
			want(t, w, row.status, row.words...)
			if strings.Contains(w.Body.String(), "hunter2secret") {
				t.Error("the password came back")
			}
		})
	}
}
