package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/assurance/guard"
	"surety/idp/idptest/world"
	"surety/idp/server"
)

// TestR10_AGuardedAPIStopsWhenTokensAreTakenBack: whatever ends a token before
// its time ends it at the agency's API too, by the poll that waits in the house,
// and nothing else ends there.
func TestR10_AGuardedAPIStopsWhenTokensAreTakenBack(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	for what, end := range map[string]func(a *agency, b *world.Browser, t tokens){
		"the person logs out": func(_ *agency, b *world.Browser, _ tokens) { b.Submit(b.Get("/account"), "logout") },
		"the person logs out everywhere, in another browser": func(a *agency, _ *world.Browser, _ tokens) {
			other := a.Browser()
			other.Submit(other.Get("/sign-in"), "continue", "login", login(a), "password", world.Password)
			other.Submit(other.Get("/account"), "logout-everywhere")
		},
		"the agency revokes the refresh token": func(a *agency, _ *world.Browser, t tokens) { a.post("/revoke", "token", t.Refresh) },
		"the agency revokes the access token":  func(a *agency, _ *world.Browser, t tokens) { a.post("/revoke", "token", t.Access) },
		"a refresh token is used a second time, late": func(a *agency, _ *world.Browser, t tokens) {
			a.refresh(t)
			a.Advance(time.Minute)
			a.post("/token", "grant_type", "refresh_token", "refresh_token", t.Refresh)
		},
	} {
		t.Run(what, func(t *testing.T) {
			a := newAgency(w.For(t))
			w.Seed(login(a))
			w.Seed("other." + login(a))
			b := a.Browser()
			mine := a.logIn(b, login(a), "openid")
			others := a.logIn(a.Browser(), "other."+login(a), "openid")
			a.listen()
			a.want(http.StatusOK, mine, others)
			end(a, b, mine)
			a.heard()
			a.want(http.StatusUnauthorized, mine)
			a.want(http.StatusOK, others)
		})
	}
}

// login is an address that is this agency's own.
func login(a *agency) string { return "anna." + a.id + "@example.test" }

// TestR10_WhatOutlivesTheSessionGoesOn: who logs out does not withdraw what was
// granted for longer, and the guard tells the one from the other.
func TestR10_WhatOutlivesTheSessionGoesOn(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	a := newAgency(w)
	w.Seed(login(a))
	b := a.Browser()
	lasting := a.logIn(b, login(a), "openid offline_access")
	passing := a.logIn(b, login(a), "openid")
	a.listen()
	b.Submit(b.Get("/account"), "logout")
	a.heard()
	a.want(http.StatusUnauthorized, passing)
	a.want(http.StatusOK, lasting, a.refresh(lasting))
}

// TestR10_ALevelThatFellIsHeard: a method is removed; the tokens that rested on
// it are refused, and the next refresh says what is left.
func TestR10_ALevelThatFellIsHeard(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	a := newAgency(w)
	w.Confirm(w.Seed(login(a)).AccountID, false)
	b := a.Browser()
	b.Submit(b.Get("/sign-in"), "continue", "login", login(a), "password", world.Password)
	before := a.logIn(b, login(a), "openid")
	page := b.Get("/methods/otp")
	b.Submit(page, "continue", "code", w.ScanApp(page).Code())
	with := a.logIn(b, login(a), "openid")
	a.listen()
	link := regexp.MustCompile(`href="(/methods/[0-9a-f-]+/remove)"`).FindStringSubmatch(b.Get("/methods").Body)
	b.Submit(b.Get(link[1]), "remove")
	a.heard()
	a.want(http.StatusUnauthorized, with)
	a.want(http.StatusOK, before)
	a.Advance(2 * time.Second) // the second in which it happened counts as before
	a.want(http.StatusOK, a.refresh(with))
}

// TestEventsAreTheClientsOwn: what one agency is told no other sees, and none
// can take it from another.
func TestEventsAreTheClientsOwn(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	mine, other := newAgency(w), newAgency(w)
	w.Seed(login(mine))
	b := mine.Browser()
	token := mine.logIn(b, login(mine), "openid")
	b.Submit(b.Get("/account"), "logout")
	told := mine.ask(``)
	if len(told.Sets) != 1 || len(other.ask(``).Sets) != 0 {
		t.Fatalf("told: %v", told)
	}
	for jti := range told.Sets {
		other.ask(`,"ack":["` + jti + `"],"setErrs":{"` + jti + `":{"err":"invalid_request","description":"no"}}`)
	}
	if again := mine.ask(``); len(again.Sets) != 1 {
		t.Errorf("after another acknowledged it: %v", again)
	}
	mine.want(http.StatusOK, token) // nobody listened, and it has not ended
	mine.listen()
	mine.want(http.StatusUnauthorized, token)
}

type answer struct {
	Sets map[string]string
	More bool `json:"moreAvailable"`
}

// ask polls without waiting. members are further ones of the request.
func (a *agency) ask(members string) answer {
	a.Helper()
	status, body := a.poll(`{"returnImmediately":true` + members + `}`)
	var got answer
	if status != http.StatusOK || json.Unmarshal([]byte(body), &got) != nil {
		a.Fatalf("poll: %d %s", status, body)
	}
	return got
}

func (a *agency) poll(body string) (int, string) {
	a.Helper()
	req, err := http.NewRequestWithContext(a.Context(), http.MethodPost, a.Issuer+"/events/poll", strings.NewReader(body))
	if err != nil {
		a.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return a.send(req)
}

// TestEventsOverLostDatabase: while the database is away polls say so, a guard
// that must know closes, and what happened is heard when it is back.
func TestEventsOverLostDatabase(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	a := newAgency(w)
	w.Seed(login(a))
	b := a.Browser()
	token := a.logIn(b, login(a), "openid")
	a.listen()
	back := w.DB.Lose(t)
	if status, body := a.poll(`{"returnImmediately":true}`); status != http.StatusServiceUnavailable || !strings.Contains(body, "temporarily_unavailable") {
		t.Errorf("poll without a database: %d %s", status, body)
	}
	a.next(func(q question) bool { return q.ReturnImmediately }) // the guard noticed and tries again
	if err := a.revocations.Ready(); !errors.Is(err, guard.ErrUnheard) {
		t.Errorf("unheard: %v", err)
	}
	back()
	w.WaitReady()
	b.Submit(b.Get("/account"), "logout")
	a.heard()
	a.want(http.StatusUnauthorized, token)
}

// TestEventsEndWithTheProcess: a poll that waits does not keep a process that
// is to stop; it answers, and the client goes to another.
func TestEventsEndWithTheProcess(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	second := w.For(t)
	second.Transport = world.To(t, l.Addr().String())
	running.Go(func() {
		if err := server.ServeOn(ctx, w.Config, []net.Listener{l}); err != nil {
			t.Errorf("stopping: %v", err) // a request that had to be cut off
		}
	})
	second.WaitReady()
	a := newAgency(second)
	a.listen()
	stop()
	running.Wait()
}

// TestSignalsSayWhereEventsAre: what is published is what there is.
func TestSignalsSayWhereEventsAre(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	var said struct {
		Version  string `json:"spec_version"`
		Issuer   string
		JWKS     string   `json:"jwks_uri"`
		Delivery []string `json:"delivery_methods_supported"`
		Poll     string   `json:"poll_endpoint"`
	}
	page := w.Browser().Get("/.well-known/ssf-configuration")
	if err := json.Unmarshal([]byte(page.Body), &said); err != nil || page.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%d %s", page.Status, page.Body)
	}
	if said.Version != "1_0" || said.Issuer != w.Issuer || said.JWKS != w.Issuer+"/jwks" || len(said.Delivery) != 1 ||
		said.Delivery[0] != "urn:ietf:rfc:8936" || said.Poll != w.Issuer+"/events/poll" {
		t.Errorf("%+v", said)
	}
}
