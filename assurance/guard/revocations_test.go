package guard_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"surety/assurance/guard"
)

const (
	caepSession = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
	caepLevel   = "https://schemas.openid.net/secevent/caep/event-type/assurance-level-change"
)

func (h *house) revocationsConfig() guard.RevocationsConfig {
	return guard.RevocationsConfig{
		Issuer: h.URL, ClientID: "portal-client", HTTPClient: h.Client(), Clock: h.now,
		Log: slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// listening returns a guard that hears of revocations, and what hears them.
func (h *house) listening(tb testing.TB, change func(*guard.RevocationsConfig)) (*guard.Guard, *guard.Revocations) {
	tb.Helper()
	c := h.revocationsConfig()
	if change != nil {
		change(&c)
	}
	r, err := guard.NewRevocations(c)
	if err != nil {
		tb.Fatal(err)
	}
	config := h.config()
	config.Revocations = r
	return newGuard(tb, config), r
}

// event is a SET as Surety sends it, of this moment.
func (h *house) event(jti string, about any, events members) members {
	return members{"iss": h.URL, "aud": "portal-client", "jti": jti, "iat": h.now().Unix(), "sub_id": about, "events": events}
}

func (h *house) person(sub string) members {
	return members{"format": "iss_sub", "iss": h.URL, "sub": sub}
}

func sessionOf(user any, sid string) members {
	return members{"format": "complex", "user": user, "session": members{"format": "opaque", "id": sid}}
}

func (s signer) event(claims any) string {
	return compact(s.header().with(members{"typ": "secevent+jwt"}), claims, s.sign)
}

// push sends one event to the receiver as RFC 8935 says.
func push(r http.Handler, event string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodPost, "/events", strings.NewReader(event))
	req.Header.Set("Content-Type", "application/secevent+jwt")
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w
}

// TestR10_RevokedTokensAreRefused: an event touches the tokens that it is
// about, from before it, and no others.
func TestR10_RevokedTokensAreRefused(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	type tokens map[string]members
	for name, c := range map[string]struct {
		about   func(h *house) any
		events  members
		refused []string
	}{
		"a session":                       {func(h *house) any { return sessionOf(h.person("anna"), "s1") }, members{caepSession: members{}}, []string{"s1", "later in s1"}},
		"a session, with no person named": {func(h *house) any { return sessionOf(nil, "s1") }, members{caepSession: members{}}, []string{"s1", "later in s1"}},
		"a person":                        {func(h *house) any { return h.person("anna") }, members{caepSession: members{}}, []string{"s1", "s2", "no session"}},
		"a person, in a complex subject": {func(h *house) any { return members{"format": "complex", "user": h.person("anna")} },
			members{caepSession: members{}}, []string{"s1", "s2", "no session"}},
		"a grant": {func(h *house) any {
			return members{"format": "complex", "user": h.person("anna"), "grant": members{"format": "opaque", "id": "g1"}}
		}, members{caepSession: members{}}, []string{"s1", "later in s1"}},
		"a token": {func(h *house) any { return members{"format": "jwt_id", "iss": h.URL, "jti": "g2.b"} }, members{caepSession: members{}}, []string{"s2"}},
		"a level that fell": {func(h *house) any { return h.person("anna") },
			members{caepLevel: members{"change_direction": "decrease", "current_level": basic}}, []string{"s1", "s2", "no session"}},
		"a level that fell, in a session": {func(h *house) any { return sessionOf(h.person("anna"), "s1") },
			members{caepLevel: members{"current_level": basic}}, []string{"s1"}},
		"a level that rose":      {func(h *house) any { return h.person("anna") }, members{caepLevel: members{"change_direction": "increase"}}, nil},
		"something else":         {func(h *house) any { return members{"format": "phone_number"} }, members{"https://example.org/event": members{"x": 1}}, nil},
		"a session of long ago":  {func(h *house) any { return h.person("anna") }, members{caepSession: members{"event_timestamp": 1}}, nil},
		"a session, in a minute": {func(h *house) any { return h.person("anna") }, members{caepSession: members{"event_timestamp": start.Unix() + 600}}, []string{"s1", "s2", "no session"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, es)
			g, r := h.listening(t, nil)
			all := tokens{
				"s1":         h.claims().with(members{"sub": "anna", "sid": "s1", "jti": "g1.a"}),
				"s2":         h.claims().with(members{"sub": "anna", "sid": "s2", "jti": "g2.b"}),
				"no session": h.claims().with(members{"sub": "anna", "jti": "c"}),
				"bob":        h.claims().with(members{"sub": "bob", "sid": "s3", "jti": "g3.d"}),
			}
			h.advance(10 * time.Second)
			if w := push(r, es.event(h.event("e1", c.about(h), c.events))); w.Code != http.StatusAccepted {
				t.Fatalf("answer %d %s", w.Code, w.Body)
			}
			h.advance(time.Second)
			all["later in s1"] = h.claims().with(members{"sub": "anna", "sid": "s1", "jti": "g1.e"})
			all["later in s4"] = h.claims().with(members{"sub": "anna", "sid": "s4", "jti": "g4.f"})
			for who, claims := range all {
				status, code := 200, ""
				for _, one := range c.refused {
					if one == who {
						status, code = 401, "invalid_token"
					}
				}
				t.Run(who, func(t *testing.T) { expect(t, call(g, anybody, es.token(claims)), status, code) })
			}
		})
	}
}

// TestEventsThatAreRefused: what takes tokens back must come from the issuer,
// for this client, as an event and nothing else.
func TestEventsThatAreRefused(t *testing.T) {
	t.Parallel()
	es, stranger := accepted()["ES256"], newSigner("key-ES256", "ES256")
	h := newHouse(t, es)
	g, r := h.listening(t, nil)
	good := h.event("e", h.person("pairwise-subject"), members{caepSession: members{}})
	with := func(more members) string { return es.event(good.with(more)) }
	about := func(v any) string { return with(members{"sub_id": v}) }
	for name, c := range map[string]struct{ event, err string }{
		"re-signed by a stranger":    {stranger.event(good), "invalid_key"},
		"alg none":                   {compact(es.header().with(members{"typ": "secevent+jwt", "alg": "none"}), good, unsigned), "invalid_key"},
		"HMAC":                       {compact(es.header().with(members{"typ": "secevent+jwt", "alg": "HS256"}), good, hs256([]byte("k"))), "invalid_key"},
		"an access token":            {es.token(good), "invalid_request"},
		"an ID token":                {compact(es.header().with(members{"typ": "JWT"}), good, es.sign), "invalid_request"},
		"a logout token":             {compact(es.header().with(members{"typ": "logout+jwt"}), good, es.sign), "invalid_request"},
		"embedded key":               {compact(es.header().with(members{"typ": "secevent+jwt", "jwk": stranger.jwk()}), good, stranger.sign), "invalid_request"},
		"not a token":                {"x", "invalid_request"},
		"empty":                      {"", "invalid_request"},
		"too long":                   {with(members{"padding": strings.Repeat("x", 16<<10)}), "invalid_request"},
		"another issuer":             {with(members{"iss": "https://id.evil.example"}), "invalid_issuer"},
		"issuer missing":             {with(members{"iss": nil}), "invalid_issuer"},
		"another client":             {with(members{"aud": "other-client"}), "invalid_audience"},
		"audience missing":           {with(members{"aud": nil}), "invalid_audience"},
		"jti missing":                {with(members{"jti": nil}), "invalid_request"},
		"iat missing":                {with(members{"iat": nil}), "invalid_request"},
		"from the future":            {with(members{"iat": h.now().Unix() + 11}), "invalid_request"},
		"no events":                  {with(members{"events": members{}}), "invalid_request"},
		"events missing":             {with(members{"events": nil}), "invalid_request"},
		"event is a text":            {with(members{"events": members{caepSession: "now"}}), "invalid_request"},
		"subject missing":            {with(members{"sub_id": nil}), "invalid_request"},
		"subject of another issuer":  {about(members{"format": "iss_sub", "iss": "https://a.example", "sub": "pairwise-subject"}), "invalid_request"},
		"subject without a name":     {about(members{"format": "iss_sub", "iss": h.URL}), "invalid_request"},
		"subject is opaque":          {about(members{"format": "opaque", "id": "pairwise-subject"}), "invalid_request"},
		"subject is an address":      {about(members{"format": "email", "email": "a@example.org"}), "invalid_request"},
		"subject is complex, empty":  {about(members{"format": "complex"}), "invalid_request"},
		"subject in a wrong place":   {about(members{"format": "complex", "session": h.person("pairwise-subject")}), "invalid_request"},
		"subject is a text":          {about("pairwise-subject"), "invalid_request"},
		"claims twice":               {es.event(string(text(good))[:len(text(good))-1] + `,"jti":"f"}`), "invalid_request"},
		"session event, level twice": {with(members{"events": members{caepLevel: members{"change_direction": 1}}}), "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			w := push(r, c.event)
			var answer struct{ Err, Description string }
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != 400 || answer.Err != c.err || answer.Description == "" {
				t.Errorf("answer %d %s, want 400 %s", w.Code, w.Body, c.err)
			}
			leaks(t, "answer", dump(w), c.event)
		})
	}
	expect(t, call(g, anybody, es.token(h.claims())), 200, "")

	for name, change := range map[string]func(*http.Request){
		"GET":            func(r *http.Request) { r.Method = http.MethodGet },
		"another type":   func(r *http.Request) { r.Header.Set("Content-Type", "application/jwt") },
		"without a type": func(r *http.Request) { r.Header.Del("Content-Type") },
	} {
		req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(es.event(good)))
		req.Header.Set("Content-Type", "application/secevent+jwt")
		change(req)
		w := httptest.NewRecorder()
		if r.ServeHTTP(w, req); w.Code < 400 {
			t.Errorf("%s: answer %d", name, w.Code)
		}
	}
	expect(t, call(g, anybody, es.token(h.claims())), 200, "")
	h.fail(down)
	_, fresh := h.listening(t, nil)
	if w := push(fresh, es.event(good)); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("without keys: %d, want 503: the event must come again", w.Code)
	}
}

// TestReplayedEventsChangeNothing: an event that was caught on the way and is
// sent again does not touch what came after it, be it remembered or not.
func TestReplayedEventsChangeNothing(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	g, r := h.listening(t, nil)
	event := es.event(h.event("e1", h.person("pairwise-subject"), members{caepSession: members{}}))
	push(r, event)
	expect(t, call(g, anybody, es.token(h.claims())), 401, "invalid_token")
	for range 3 {
		h.advance(4 * time.Minute)
		token := es.token(h.claims())
		if w := push(r, event); w.Code != http.StatusAccepted {
			t.Errorf("a repeated event is answered %d, want 202", w.Code)
		}
		expect(t, call(g, anybody, token), 200, "")
	}
}

// TestRevocationsAreForgottenWhenNoTokenLives: and not before; a token that
// would outlive them is refused.
func TestRevocationsAreForgottenWhenNoTokenLives(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	g, r := h.listening(t, nil)
	long := es.token(h.claims().with(members{"exp": h.now().Unix() + 86400}))
	other := es.token(h.claims().with(members{"exp": h.now().Unix() + 86400, "sub": "bob"}))
	push(r, es.event(h.event("e1", h.person("pairwise-subject"), members{caepSession: members{}})))
	for range 310 {
		expect(t, call(g, anybody, long), 401, "invalid_token")
		expect(t, call(g, anybody, other), 200, "")
		h.advance(time.Second)
	}
	h.advance(time.Second)
	expect(t, call(g, anybody, other), 401, "invalid_token") // too old to know
	h.advance(time.Minute)
	push(r, es.event(h.event("e2", h.person("carl"), members{caepSession: members{}})))
	if n := r.Remembered(); n != 1 {
		t.Errorf("%d revocations are remembered, want 1", n)
	}
	expect(t, call(g, anybody, long), 401, "invalid_token")
}

// TestTooManyRevocationsRefuseMore: memory is bounded, and what is lost by it
// is convenience.
func TestTooManyRevocationsRefuseMore(t *testing.T) {
	t.Parallel()
	es := newSigner("key-many", "EdDSA")
	h := newHouse(t, es)
	g, r := h.listening(t, nil)
	bystander, before := es.token(h.claims().with(members{"sub": "bob"})), r.Bound()
	for i := range before {
		r.Take("person-" + fmt.Sprint(i))
	}
	expect(t, call(g, anybody, bystander), 200, "")
	r.Take("one more")
	if n := r.Remembered(); n != 1 {
		t.Errorf("%d revocations are remembered, want 1", n)
	}
	expect(t, call(g, anybody, bystander), 401, "invalid_token")
	h.advance(time.Second)
	expect(t, call(g, anybody, es.token(h.claims())), 200, "")
}

// stream is a provider's poll endpoint (RFC 8936) on the house's address.
type stream struct {
	h   *house
	key signer

	mu      sync.Mutex
	pending map[string]string // by jti, until acknowledged
	news    chan struct{}     // closed when something is added
	asked   []pollQuestion
	broken  bool
	held    int // questions that wait for news
}

type pollQuestion struct {
	MaxEvents         int
	ReturnImmediately bool
	Ack               []string
	SetErrs           map[string]struct{ Err, Description string }
}

func (h *house) stream(key signer) *stream {
	s := &stream{h: h, key: key, pending: map[string]string{}, news: make(chan struct{})}
	h.set(func() { h.poll = s })
	return s
}

func (s *stream) add(jti, event string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending[jti] = event
	close(s.news)
	s.news = make(chan struct{})
}

func (s *stream) breakDown(broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
	close(s.news)
	s.news = make(chan struct{})
}

func (s *stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q pollQuestion
	name, secret, _ := r.BasicAuth()
	if json.NewDecoder(r.Body).Decode(&q) != nil || r.Method != http.MethodPost || name != "portal-client" || secret != "s%2Bcret" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	s.mu.Lock()
	s.asked = append(s.asked, q)
	for _, jti := range q.Ack {
		delete(s.pending, jti)
	}
	for jti := range q.SetErrs {
		delete(s.pending, jti)
	}
	hold, news := !s.broken && len(s.pending) == 0 && !q.ReturnImmediately, s.news
	if hold {
		s.held++
	}
	s.mu.Unlock()
	if hold {
		select {
		case <-news:
		case <-r.Context().Done():
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if hold {
		s.held--
	}
	if s.broken {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	_, _ = w.Write(text(members{"sets": s.pending, "moreAvailable": false}))
}

func polling(c *guard.RevocationsConfig) { c.ClientSecret = "s+cret" }

// eventually waits for something that another goroutine brings about.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if is() {
			return
		}
		tick := time.NewTimer(time.Millisecond)
		<-tick.C
	}
	t.Fatalf("%s never came true", what)
}

// TestR10_PollHearsWithinASecond: a real provider with a long poll; the event
// takes the way and no longer, is acknowledged, and a bad one is told.
func TestR10_PollHearsWithinASecond(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	s := h.stream(es)
	g, r := h.listening(t, polling)
	if err := g.Ready(t.Context()); !errors.Is(err, guard.ErrUnheard) {
		t.Errorf("before the first poll: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Poll(ctx) }()
	eventually(t, "heard", func() bool { return g.Ready(t.Context()) == nil })

	token := es.token(h.claims())
	expect(t, call(g, anybody, token), 200, "")
	// A question is held back, so the event takes the way of an answer and no
	// pause. Counted, not timed: the cores may be busy with other tests.
	eventually(t, "held", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.held == 1
	})
	asked := len(s.asked)
	began := time.Now()
	s.add("e1", es.event(h.event("e1", h.person("pairwise-subject"), members{caepSession: members{}})))
	eventually(t, "revoked", func() bool { return call(g, anybody, token).Code == 401 })
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("heard after %v", took)
	}
	s.mu.Lock()
	if more := len(s.asked) - asked; more > 1 {
		t.Errorf("heard after %d more questions, want with the one that was held", more)
	}
	s.mu.Unlock()
	s.add("e2", es.event(h.event("e2", h.person("bob"), members{caepSession: members{}}).with(members{"aud": "other"})))
	s.add("e3", es.event(h.event("another name", h.person("bob"), members{caepSession: members{}})))
	eventually(t, "all answered", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.pending) == 0
	})
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Poll = %v", err)
	}
	told := map[string]string{}
	for i, q := range s.asked {
		if q.ReturnImmediately != (i == 0) || q.MaxEvents != 100 {
			t.Errorf("question %d: %+v", i, q)
		}
		for _, jti := range q.Ack {
			told[jti] = "ack"
		}
		for jti, e := range q.SetErrs {
			told[jti] = e.Err
		}
	}
	if want := (map[string]string{"e1": "ack", "e2": "invalid_audience", "e3": "invalid_request"}); fmt.Sprint(told) != fmt.Sprint(want) {
		t.Errorf("told %v, want %v", told, want)
	}
	leaks(t, "log", h.log.String(), token)
	if strings.Contains(h.log.String(), "cret") {
		t.Error("the secret is in the log")
	}
}

// scripted answers polls one after the other, on the clock of a bubble.
type scripted struct {
	answers []func() (int, string)
	asked   []time.Time
}

func (s *scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/steal") {
		panic("a redirect was followed")
	}
	s.asked = append(s.asked, time.Now())
	if len(s.answers) == 0 {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	status, body := s.answers[0]()
	s.answers = s.answers[1:]
	w := httptest.NewRecorder()
	if status == http.StatusFound {
		w.Header().Set("Location", "https://evil.example/steal")
	}
	w.WriteHeader(status)
	_, _ = w.WriteString(body)
	return w.Result(), nil
}

// TestPollGoesOnThroughFaults: pauses grow, nothing is asked in a hurry, and
// what the guard does meanwhile is what was configured.
func TestPollGoesOnThroughFaults(t *testing.T) {
	t.Parallel()
	fault := func(status int, body string) func() (int, string) {
		return func() (int, string) { return status, body }
	}
	good := fault(200, `{"sets":{}}`)
	synctest.Test(t, func(t *testing.T) {
		script := &scripted{answers: []func() (int, string){
			good, fault(500, ""), fault(401, ""), fault(302, ""), fault(200, "<html>"), fault(200, `{"sets":{}`), fault(200, `{"sets":null}`),
			fault(200, `{"sets":["a"]}`), fault(200, `{"sets":{},"sets":{}}`), fault(200, `{"sets":{},"x":"`+strings.Repeat("x", 4<<20)+`"}`), good, good,
		}}
		var log logBuffer
		r, err := guard.NewRevocations(guard.RevocationsConfig{
			Issuer: "https://id.example", ClientID: "c", ClientSecret: "s", FailClosedAfter: 90 * time.Second,
			HTTPClient: &http.Client{Transport: script, Timeout: time.Millisecond}, Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Ready(); err == nil || errors.Is(err, guard.ErrUnheard) {
			t.Errorf("closed until the first answer, but Ready = %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = r.Poll(ctx) }()
		synctest.Wait()
		if err := r.Ready(); err != nil {
			t.Errorf("after the first answer: %v", err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if err := r.Ready(); !errors.Is(err, guard.ErrUnheard) {
			t.Errorf("after a fault: %v", err)
		}
		time.Sleep(90 * time.Second)
		if err := r.Ready(); err == nil || errors.Is(err, guard.ErrUnheard) {
			t.Errorf("after 90 s of faults: %v", err)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		for i, at := range script.asked[1:] {
			gap := at.Sub(script.asked[i])
			if i > 0 && i < 10 && (gap < time.Second/2 || gap > 30*time.Second) {
				t.Errorf("question %d came %v after the one before", i+1, gap)
			}
		}
		// Twice good, a second apart, then nothing came for the length of a deadline.
		if n := len(script.asked); n < 13 || script.asked[12].Sub(script.asked[11]) != time.Second {
			t.Fatalf("asked %d times", n)
		}
		if lines := strings.Count(log.String(), "revocations are not heard"); lines != 2 {
			t.Errorf("the log says %d times that nothing is heard, want 2: once for each time that it began", lines)
		}
		cancel()
		synctest.Wait()
	})
}

// TestDeafGuard: with polling down tokens are let in as without it, which is
// said; FailClosedAfter closes instead, and opens again.
func TestDeafGuard(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	s := h.stream(es)
	open, r1 := h.listening(t, polling)
	closing, r2 := h.listening(t, func(c *guard.RevocationsConfig) { polling(c); c.FailClosedAfter = 2 * time.Minute })
	token := func() string { return es.token(h.claims()) }
	expect(t, call(open, anybody, token()), 200, "")
	expect(t, call(closing, anybody, token()), 503, "") // has not heard anything yet
	for _, r := range []*guard.Revocations{r1, r2} {
		go func() { _ = r.Poll(t.Context()) }()
	}
	eventually(t, "both heard", func() bool { return r1.Ready() == nil && r2.Ready() == nil })
	expect(t, call(closing, anybody, token()), 200, "")
	s.breakDown(true)
	eventually(t, "both deaf", func() bool { return errors.Is(r1.Ready(), guard.ErrUnheard) && errors.Is(r2.Ready(), guard.ErrUnheard) })
	h.advance(119 * time.Second)
	expect(t, call(open, anybody, token()), 200, "")
	expect(t, call(closing, anybody, token()), 200, "")
	h.advance(2 * time.Second)
	expect(t, call(open, anybody, token()), 200, "")
	expect(t, call(closing, anybody, token()), 503, "")
	expect(t, call(closing, anybody, es.token(h.claims().with(members{"aud": "x"}))), 401, "invalid_token")
	if err := open.Ready(t.Context()); !errors.Is(err, guard.ErrUnheard) {
		t.Errorf("open guard: %v", err)
	}
	if err := closing.Ready(t.Context()); err == nil || errors.Is(err, guard.ErrUnheard) {
		t.Errorf("closing guard: %v", err)
	}
	s.breakDown(false)
	eventually(t, "both heard again", func() bool { return r1.Ready() == nil && r2.Ready() == nil })
	expect(t, call(closing, anybody, token()), 200, "")
}

func TestNewRevocationsRefuses(t *testing.T) {
	t.Parallel()
	good := guard.RevocationsConfig{Issuer: "https://id.example", ClientID: "c", ClientSecret: "s", FailClosedAfter: 2 * time.Minute}
	if _, err := guard.NewRevocations(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*guard.RevocationsConfig){
		"no issuer":                func(c *guard.RevocationsConfig) { c.Issuer = "" },
		"issuer in plain http":     func(c *guard.RevocationsConfig) { c.Issuer = "http://id.example" },
		"endpoint in plain http":   func(c *guard.RevocationsConfig) { c.Endpoint = "http://id.example/poll" },
		"endpoint over http here":  func(c *guard.RevocationsConfig) { c.Endpoint = "http://localhost/poll" },
		"no client":                func(c *guard.RevocationsConfig) { c.ClientID = "" },
		"negative skew":            func(c *guard.RevocationsConfig) { c.Skew = -1 },
		"tokens that live a day":   func(c *guard.RevocationsConfig) { c.Lifetime = 24 * time.Hour },
		"closing without polling":  func(c *guard.RevocationsConfig) { c.ClientSecret = "" },
		"closing in a quiet hour":  func(c *guard.RevocationsConfig) { c.FailClosedAfter = time.Minute },
		"closing before the start": func(c *guard.RevocationsConfig) { c.FailClosedAfter = -time.Hour },
	} {
		c := good
		change(&c)
		if _, err := guard.NewRevocations(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	r, err := guard.NewRevocations(guard.RevocationsConfig{Issuer: "https://id.example", ClientID: "c"})
	if err != nil {
		t.Fatal(err)
	}
	if r.Poll(t.Context()) == nil || r.Ready() != nil {
		t.Error("without a secret there is no polling, and nothing to wait for")
	}
}
