package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// worker is one of the concurrent callers, with what it keeps between calls.
// Only its own goroutine touches it.
type worker struct {
	p    *provider
	hc   *http.Client // without cookies, for calls of the client itself
	jar  http.CookieJar
	user int
	tok  *tokens
}

func newWorker(p *provider, id int) *worker {
	return &worker{p: p, hc: p.client(nil), user: id % p.cfg.users}
}

// scenario is one kind of operation. prepare runs once for each worker and is
// not measured.
type scenario struct {
	prepare func(context.Context, *worker) error
	op      func(context.Context, *worker) error
}

// errNotMeasured marks a call that only restored a worker's state.
var errNotMeasured = errors.New("not measured")

var scenarios = map[string]scenario{
	"client_credentials": {op: clientCredentials},
	"refresh":            {prepare: seedRefresh, op: refresh},
	"code-fresh":         {op: codeFresh},
	"code-sso":           {prepare: signIn, op: codeSSO},
	"userinfo":           {prepare: signIn, op: userInfo},
	"introspect":         {prepare: signIn, op: introspect},
	"discovery":          {op: discovery},
	"jwks":               {op: jwks},
}

func scenarioNames() []string { return slices.Sorted(maps.Keys(scenarios)) }

func clientCredentials(ctx context.Context, w *worker) error {
	form := url.Values{"grant_type": {"client_credentials"}}
	if w.p.cfg.ccScope != "" {
		form.Set("scope", w.p.cfg.ccScope)
	}
	_, err := w.p.token(ctx, w.hc, form)
	return err
}

// signIn runs one code flow in the worker's own browser session.
func signIn(ctx context.Context, w *worker) error {
	w.jar = newJar()
	tok, _, err := w.p.codeFlow(ctx, w.jar, w.user)
	w.tok = tok
	return err
}

func seedRefresh(ctx context.Context, w *worker) error {
	if err := signIn(ctx, w); err != nil {
		return err
	}
	if w.tok.Refresh == "" {
		return errors.New("the code flow gave no refresh_token")
	}
	return nil
}

// refresh rotates the worker's own token. After an error it begins a new
// chain, so that one failure does not turn into many.
func refresh(ctx context.Context, w *worker) error {
	if w.tok == nil {
		w.p.reseeds.Add(1)
		if err := seedRefresh(ctx, w); err != nil {
			w.tok = nil
			return err
		}
		return errNotMeasured
	}
	used := w.tok
	w.tok = nil
	next, err := w.p.token(ctx, w.hc, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {used.Refresh}})
	switch {
	case err != nil:
		return err
	case next.Access == used.Access:
		return errors.New("refresh: same access_token")
	case w.p.cfg.rotation && (next.Refresh == "" || next.Refresh == used.Refresh):
		return errors.New("refresh: refresh_token was not rotated")
	}
	if next.Refresh == "" {
		next.Refresh = used.Refresh
	}
	w.tok = next
	return nil
}

func codeFresh(ctx context.Context, w *worker) error {
	user := int(w.p.nextUser.Add(1)) % w.p.cfg.users
	_, pages, err := w.p.codeFlow(ctx, newJar(), user)
	if err == nil && w.p.recipe.has("login") && pages["login"] == 0 {
		return errors.New("fresh flow: no login page was met")
	}
	return err
}

func codeSSO(ctx context.Context, w *worker) error {
	tok, pages, err := w.p.codeFlow(ctx, w.jar, w.user)
	switch {
	case err != nil:
		return err
	case pages["login"] > 0:
		return errors.New("sso flow: a login page was met")
	case tok.claims.Subject != w.tok.claims.Subject:
		return errors.New("sso flow: sub differs")
	case tok.claims.AuthTime != 0 && tok.claims.AuthTime != w.tok.claims.AuthTime:
		return errors.New("sso flow: auth_time differs")
	}
	return nil
}

func userInfo(ctx context.Context, w *worker) error {
	var c struct {
		Subject string `json:"sub"`
	}
	if err := w.p.getJSON(ctx, w.hc, w.p.meta.UserInfo, w.tok.Access, &c); err != nil {
		return err
	}
	if c.Subject == "" || c.Subject != w.tok.claims.Subject {
		return fmt.Errorf("userinfo: sub is %q", c.Subject)
	}
	return nil
}

func introspect(ctx context.Context, w *worker) error {
	if w.p.meta.Introspection == "" {
		return errors.New("no introspection endpoint")
	}
	post := w.p.postAs
	if w.p.cfg.introspectAuth == "none" {
		post = w.p.post
	}
	a, err := post(ctx, w.hc, w.p.meta.Introspection, url.Values{"token": {w.tok.Access}})
	if err != nil {
		return err
	}
	var c struct {
		Active bool `json:"active"`
	}
	if err := a.decode(&c); err != nil {
		return err
	}
	if !c.Active {
		return errors.New("introspection: the token is not active")
	}
	return nil
}

func discovery(ctx context.Context, w *worker) error {
	_, err := w.p.discover(ctx, w.hc)
	return err
}

func jwks(ctx context.Context, w *worker) error {
	var set struct {
		Keys []struct {
			Type string `json:"kty"`
		} `json:"keys"`
	}
	if err := w.p.getJSON(ctx, w.hc, w.p.meta.JWKS, "", &set); err != nil {
		return err
	}
	if len(set.Keys) == 0 || set.Keys[0].Type == "" {
		return errors.New("jwks: no keys")
	}
	return nil
}
