package guard_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"surety/assurance/guard"
)

func TestAcceptsEveryAlgorithmAndSpelling(t *testing.T) {
	t.Parallel()
	all := accepted()
	es := all["ES256"]
	h := newHouse(t, es, all["RS256"], all["PS256"], all["EdDSA"])
	claims := h.claims()
	now := h.now().Unix()
	tokens := map[string]string{
		"typ with application/": compact(es.header().with(members{"typ": "application/at+jwt"}), claims, es.sign),
		"typ in capitals":       compact(es.header().with(members{"typ": "AT+JWT"}), claims, es.sign),
		"unknown header":        compact(es.header().with(members{"x5t": "abc", "org": members{"a": 1}}), claims, es.sign),
		"several audiences":     es.token(claims.with(members{"aud": []string{h.URL, api}})),
		"times with a fraction": es.token(claims.with(members{"exp": float64(now) + 0.5, "iat": float64(now) - 0.5})),
		"nbf passed":            es.token(claims.with(members{"nbf": now})),
		"clocks 10 s apart":     es.token(claims.with(members{"iat": now + 10, "nbf": now + 10, "auth_time": now + 10})),
		"ended within the skew": es.token(claims.with(members{"exp": now - 9})),
		"unknown claim":         es.token(claims.with(members{"method": "otp", "sid": "s", "authorization_details": []any{}})),
	}
	for alg, key := range all {
		tokens[alg] = key.token(claims)
	}
	g := h.guard(t)
	for name, token := range tokens {
		t.Run(name, func(t *testing.T) { expect(t, call(g, guard.Requirement{Level: basic}, token), http.StatusOK, "") })
	}
}

func TestHandlerGetsTheToken(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	var got guard.Token
	handler := h.guard(t).Require(guard.Requirement{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, _ = guard.TokenFrom(r.Context())
	}))
	show := func(claims members) guard.Token {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("body"))
		r.Header.Set("Authorization", "Bearer "+es.token(claims))
		handler.ServeHTTP(httptest.NewRecorder(), r)
		return got
	}
	want := guard.Token{
		ID: "token-identifier", Subject: "pairwise-subject", ClientID: "portal-client", Scopes: []string{"openid", "tax:read"},
		ACR: substantial, AMR: []string{"pwd", "otp", "mfa"}, AuthTime: start.Add(-time.Minute), IssuedAt: start, ExpiresAt: start.Add(5 * time.Minute),
		Method: "otp", SessionID: "session-1", Procedures: []guard.Procedure{{Agency: "tax", Code: "3.77.01"}},
	}
	full := members{"method": "otp", "sid": "session-1", "authorization_details": []any{procedureEntry("3.77.01", "tax")}}
	if token := show(h.claims().with(full)); !reflect.DeepEqual(token, want) {
		t.Errorf("token = %+v, want %+v", token, want)
	}
	if !got.Person() || !got.Has("tax:read") || got.Has("tax") || got.Has("") {
		t.Error("a person's token with openid and tax:read is not seen as such")
	}
	machine := show(h.claims().with(members{"sub": "portal-client", "acr": nil, "amr": nil, "auth_time": nil, "scope": nil}))
	if machine.Person() || machine.Subject != "portal-client" || len(machine.Scopes) != 0 {
		t.Errorf("client credentials = %+v", machine)
	}
	if _, ok := guard.TokenFrom(context.Background()); ok {
		t.Error("a token without a guard")
	}
}

// TestStepUp goes through every pair of levels, and the ages around the limit.
func TestStepUp(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	fixed := h.config()
	fixed.Levels = levels
	for source, g := range map[string]*guard.Guard{"configured": newGuard(t, fixed), "from metadata": h.guard(t)} {
		for have, acr := range levels {
			for need, level := range levels {
				w := call(g, guard.Requirement{Level: level}, es.token(h.claims().with(members{"acr": acr})))
				if have >= need {
					expect(t, w, http.StatusOK, "")
				} else {
					expect(t, w, http.StatusUnauthorized, "insufficient_user_authentication")
				}
			}
		}
		for name, more := range map[string]members{
			"no acr":             {"acr": nil},
			"acr of elsewhere":   {"acr": "urn:other:highest"},
			"acr in other case":  {"acr": strings.ToUpper(high)},
			"acr with more text": {"acr": high + " " + high},
			"client credentials": {"acr": nil, "amr": nil, "auth_time": nil},
		} {
			t.Run(source+", "+name, func(t *testing.T) {
				token := es.token(h.claims().with(more))
				expect(t, call(g, guard.Requirement{Level: basic}, token), http.StatusUnauthorized, "insufficient_user_authentication")
				expect(t, call(g, guard.Requirement{}, token), http.StatusOK, "")
			})
		}
	}
	g, fresh := h.guard(t), guard.Requirement{MaxAge: 5 * time.Minute}
	for ago, ok := range map[int64]bool{-10: true, 0: true, 300: true, 310: true, 311: false, 3600: false} {
		w := call(g, fresh, es.token(h.claims().with(members{"auth_time": h.now().Unix() - ago})))
		if (w.Code == http.StatusOK) != ok {
			t.Errorf("login %d s ago: %d", ago, w.Code)
		}
	}
	expect(t, call(g, fresh, es.token(h.claims().with(members{"auth_time": nil}))), http.StatusUnauthorized, "insufficient_user_authentication")
}

// TestAnswers is the letter of RFC 6750 and RFC 9470.
func TestAnswers(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	g := h.guard(t)
	full := guard.Requirement{Level: high, MaxAge: 15 * time.Minute, Scopes: []string{"tax:read", "tax:declare"}}
	const realm = `Bearer realm="` + api + `"`
	const low = realm + `, error="insufficient_user_authentication", error_description="a higher level of authentication is needed"`
	const old = realm + `, error="insufficient_user_authentication", error_description="a more recent authentication is needed"`
	with := func(more members) string { return es.token(h.claims().with(more)) }
	for name, c := range map[string]struct {
		q         guard.Requirement
		token     string
		status    int
		challenge string
	}{
		"no token": {full, "", 401, realm},
		"expired":  {full, with(members{"exp": 1}), 401, realm + `, error="invalid_token", error_description="the token has expired"`},
		"everything short": {full, with(members{"auth_time": 1}), 401,
			low + `, acr_values="` + high + `", max_age="900", scope="tax:read tax:declare"`},
		"age short, level good": {full, with(members{"acr": high, "auth_time": 1}), 401,
			old + `, acr_values="` + high + `", max_age="900", scope="tax:read tax:declare"`},
		"level alone": {guard.Requirement{Level: high}, with(nil), 401, low + `, acr_values="` + high + `"`},
		"age alone":   {guard.Requirement{MaxAge: time.Second}, with(nil), 401, old + `, max_age="1"`},
		"scope short": {full, with(members{"acr": high}), 403,
			realm + `, error="insufficient_scope", error_description="the token lacks a scope that is needed", scope="tax:read tax:declare"`},
		"enough": {full, with(members{"acr": high, "scope": "tax:declare tax:read"}), 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := call(g, c.q, c.token)
			if got := w.Header().Get("WWW-Authenticate"); w.Code != c.status || got != c.challenge {
				t.Errorf("answer %d %s\nwant   %d %s", w.Code, got, c.status, c.challenge)
			}
			if w.Code != http.StatusOK && w.Header().Get("Cache-Control") != "no-store" {
				t.Error("a refusal may be cached")
			}
		})
	}
}

// TestSkew: the tolerance is the configured one, for every time in a token.
func TestSkew(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	c := h.config()
	c.Skew = time.Second
	g, now := newGuard(t, c), h.now().Unix()
	for _, more := range []members{{"exp": now - 1}, {"iat": now + 2}, {"nbf": now + 2}, {"auth_time": now + 2}} {
		expect(t, call(g, guard.Requirement{}, es.token(h.claims().with(more))), http.StatusUnauthorized, "invalid_token")
	}
	more := members{"exp": now, "iat": now + 1, "nbf": now + 1, "auth_time": now + 1}
	expect(t, call(g, guard.Requirement{}, es.token(h.claims().with(more))), http.StatusOK, "")
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := guard.Config{Issuer: "https://id.example", Audience: api, Levels: levels}
	for name, change := range map[string]func(*guard.Config){
		"no issuer":                 func(c *guard.Config) { c.Issuer = "" },
		"issuer without scheme":     func(c *guard.Config) { c.Issuer = "id.example" },
		"issuer in plain http":      func(c *guard.Config) { c.Issuer = "http://id.example" },
		"issuer like this machine":  func(c *guard.Config) { c.Issuer = "http://localhost.evil.example" },
		"issuer of another scheme":  func(c *guard.Config) { c.Issuer = "file:///etc" },
		"issuer with a user":        func(c *guard.Config) { c.Issuer = "https://a:b@id.example" },
		"issuer with a query":       func(c *guard.Config) { c.Issuer = "https://id.example?a=b" },
		"issuer with a fragment":    func(c *guard.Config) { c.Issuer = "https://id.example#" },
		"no audience":               func(c *guard.Config) { c.Audience = "" },
		"audience is a word":        func(c *guard.Config) { c.Audience = "tax" },
		"audience with a fragment":  func(c *guard.Config) { c.Audience = api + "#a" },
		"audience with a quote":     func(c *guard.Config) { c.Audience = api + `/"` },
		"audience is the issuer":    func(c *guard.Config) { c.Audience = c.Issuer },
		"a level twice":             func(c *guard.Config) { c.Levels = []string{basic, high, basic} },
		"a level with a space":      func(c *guard.Config) { c.Levels = []string{"a b"} },
		"an empty level":            func(c *guard.Config) { c.Levels = []string{""} },
		"negative skew":             func(c *guard.Config) { c.Skew = -time.Second },
		"skew of more than minutes": func(c *guard.Config) { c.Skew = 2 * time.Minute },
	} {
		c := good
		change(&c)
		if _, err := guard.New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, issuer := range []string{"https://id.example/tenant", "http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"} {
		c := good
		c.Issuer = issuer
		newGuard(t, c)
	}
}

// TestRequirePanicsAtStart: a requirement that nobody can meet shows before
// the first request.
func TestRequirePanicsAtStart(t *testing.T) {
	t.Parallel()
	g := newGuard(t, guard.Config{Issuer: "https://id.example", Audience: api, Levels: levels})
	for name, q := range map[string]guard.Requirement{
		"level not configured": {Level: "substantial"},
		"level with a quote":   {Level: `a"b`},
		"negative age":         {MaxAge: -time.Second},
		"broken seconds":       {MaxAge: 1500 * time.Millisecond},
		"two scopes in one":    {Scopes: []string{"tax:read tax:declare"}},
		"an empty scope":       {Scopes: []string{""}},
		"procedure in two":     {Procedure: "3.77.01 3.77.02"},
		"agency and nothing":   {Agency: "tax", Level: basic},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			g.Require(q)
		})
	}
}
