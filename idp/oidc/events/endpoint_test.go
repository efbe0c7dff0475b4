package events_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/idptest"
	"surety/idp/oidc"
	"surety/idp/oidc/events"
	store "surety/idp/postgres/event"
)

// desk is the endpoint over a real database, with clients that say in a header
// who they are.
type desk struct {
	testing.TB
	*idptest.DB
	hub   *events.Hub
	clock *idptest.Clock
	*events.Endpoint
	reads chan struct{} // one for each reading that found nothing
	log   *strings.Builder
}

func newDesk(t testing.TB, clients ...string) *desk {
	t.Helper()
	d := &desk{TB: t, DB: idptest.Database(t), hub: events.NewHub(), clock: idptest.NewClock(time.Time{}), reads: make(chan struct{}, 1000), log: &strings.Builder{}}
	for _, id := range clients {
		d.register(id, `{"security_events": "poll"}`)
	}
	d.Endpoint = events.New(events.Config{
		Store: reading{store.New(d.DB.DB), d.reads}, Hub: d.hub, Now: d.clock.Now, Log: slog.New(slog.NewTextHandler(d.log, nil)),
		Hold: time.Hour, Look: time.Hour, // so that nothing happens but by a notification
		Token: func(e idp.SecurityEvent) (string, error) { return "signed " + e.ID, nil },
		Caller: func(r *http.Request) (*client.Client, error) {
			c := &client.Client{ID: idp.ClientID(r.Header.Get("Client"))}
			switch c.ID {
			case "":
				return nil, &oidc.Fault{Code: oidc.InvalidClient, Status: http.StatusUnauthorized}
			case "unregistered":
			default:
				c.SecurityEvents = client.EventsPoll
			}
			return c, nil
		},
	})
	return d
}

// reading tells when somebody looked and found nothing: then they wait.
type reading struct {
	*store.Store
	empty chan struct{}
}

// Read passes the question on.
func (r reading) Read(ctx context.Context, id idp.ClientID, stream string, done []string, limit int, now time.Time) ([]idp.SecurityEvent, error) {
	found, err := r.Store.Read(ctx, id, stream, done, limit, now)
	if err == nil && len(found) == 0 {
		r.empty <- struct{}{}
	}
	return found, err
}

func (d *desk) register(id, metadata string) {
	d.Helper()
	if _, err := d.Exec(d.Context(), `INSERT INTO client (client_id, metadata, created_at, updated_at) VALUES ($1, $2, $3, $3)`, id, metadata, d.clock.Now()); err != nil {
		d.Fatal(err)
	}
}

// happens writes n events for the client.
func (d *desk) happens(id string, n int) {
	d.Helper()
	var all []idp.SecurityEvent
	for i := range n {
		all = append(all, idp.SecurityEvent{ClientID: idp.ClientID(id), Kind: idp.EventSessionRevoked, Subject: fmt.Sprint("person ", i), Reason: "logout"})
	}
	err := d.InTx(d.Context(), func(ctx context.Context, tx idp.Tx) error { return store.Write(ctx, tx, d.clock.Now(), all) })
	if err != nil {
		d.Fatal(err)
	}
}

// listens has notifications wake polls, as a process does. It returns when
// they do.
func (d *desk) listens() {
	d.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	ready := make(chan struct{})
	running.Go(func() { d.hub.Listen(ctx, told{d.DB, ready}, store.Channel) })
	d.Cleanup(func() { stop(); running.Wait() })
	<-ready
}

// told is a listener that says when it is connected.
type told struct {
	*idptest.DB
	ready chan struct{}
}

// Listen passes on what it hears.
func (l told) Listen(ctx context.Context, channel string, heard func(string)) {
	l.DB.Listen(ctx, channel, func(payload string) {
		heard(payload)
		if payload == "" {
			close(l.ready)
		}
	})
}

func (d *desk) request(id, query, body string) *http.Request {
	r := httptest.NewRequestWithContext(d.Context(), http.MethodPost, "/events/poll"+query, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Client", id)
	return r
}

func (d *desk) do(r *http.Request) (int, answer) {
	d.Helper()
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		d.Fatalf("%d %q", w.Code, w.Body)
	}
	return w.Code, a
}

// now polls without waiting and wants so many events.
func (d *desk) now(id, query, members string, want int) answer {
	d.Helper()
	status, a := d.do(d.request(id, query, `{"returnImmediately":true`+members+`}`))
	if status != http.StatusOK || len(a.Sets) != want {
		d.Errorf("poll %s %s: %d, %d events, want %d", query, members, status, len(a.Sets), want)
	}
	return a
}

func acks(a answer) string {
	var list []string
	for id := range a.Sets {
		list = append(list, `"`+id+`"`)
	}
	return `,"ack":[` + strings.Join(list, ",") + `]`
}

// waiting is a poll under way.
type waiting chan answer

// waits begins a poll and returns once it has found nothing.
func (d *desk) waits(ctx context.Context, id, query string) waiting {
	d.Helper()
	got := make(waiting, 1)
	go func() {
		w := httptest.NewRecorder()
		d.ServeHTTP(w, d.request(id, query, `{}`).WithContext(ctx))
		var a answer
		_ = json.Unmarshal(w.Body.Bytes(), &a)
		got <- a
	}()
	<-d.reads
	return got
}

func (w waiting) wants(t testing.TB, n int) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case a := <-w:
		if len(a.Sets) != n {
			t.Errorf("%d events, want %d", len(a.Sets), n)
		}
	case <-late.C:
		t.Fatal("the poll waits for ever")
	}
}

// TestPoll_IsWokenByTheCommit: by that of its own client's events alone, and by
// nothing else, since here nothing looks by itself.
func TestPoll_IsWokenByTheCommit(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "a", "b")
	d.listens()
	mine, alsoMine, others := d.waits(t.Context(), "a", ""), d.waits(t.Context(), "a", "?stream=second"), d.waits(t.Context(), "b", "")
	d.happens("a", 2)
	mine.wants(t, 2)
	alsoMine.wants(t, 2)
	select {
	case a := <-others:
		t.Errorf("another client was woken: %v", a)
	case <-d.reads:
		t.Error("another client's poll looked")
	default:
	}
	d.hub.End()
	others.wants(t, 0)
	d.now("b", "", "", 0) // and who comes afterwards is answered
	if status, _ := d.do(d.request("b", "", `{}`)); status != http.StatusOK {
		t.Errorf("a poll that would wait, while stopping: %d", status)
	}
}

// TestPoll_AcknowledgedOnce: what is not acknowledged comes again, what is does
// not, and what is refused neither, but is logged.
func TestPoll_AcknowledgedOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "a")
	d.happens("a", 3)
	first := d.now("a", "", "", 3)
	if again := d.now("a", "", "", 3); fmt.Sprint(again) != fmt.Sprint(first) {
		t.Errorf("given again as %v, was %v", again, first)
	}
	one := d.now("a", "", `,"maxEvents":1`, 1)
	if !one.More {
		t.Error("there are more")
	}
	if rest := d.now("a", "", acks(one), 2); rest.More {
		t.Error("there are no more")
	}
	d.now("a", "", acks(one), 2) // twice changes nothing
	two := d.now("a", "", `,"maxEvents":1`, 1)
	for id := range two.Sets {
		d.now("a", "", `,"setErrs":{"`+id+`":{"err":"invalid_key","description":"line\n`+strings.Repeat("x", 999)+`"}}`, 1)
	}
	if line := d.log.String(); !strings.Contains(line, "error=invalid_key") || strings.Count(line, "\n") != 1 || len(line) > 600 {
		t.Errorf("logged %q", line)
	}
	d.now("a", "", `,"ack":["nonsense","`+idp.NewID()+`"]`, 1)
	if a := d.now("a", "", `,"maxEvents":0`, 0); !a.More {
		t.Error("asked for none, and there is one more")
	}
}

// TestPoll_EachStreamHearsEverything: the processes of an API do not take events
// from one another, and one that starts hears of the last minutes.
func TestPoll_EachStreamHearsEverything(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "a")
	d.happens("a", 1)
	d.clock.Advance(11 * time.Minute)
	d.happens("a", 2)
	d.now("a", "?stream=one", acks(d.now("a", "?stream=one", "", 2)), 0)
	d.now("a", "", acks(d.now("a", "", "", 3)), 0)
	d.now("a", "?stream=two", acks(d.now("a", "?stream=two", "", 2)), 0)
	d.happens("a", 1)
	d.now("a", "?stream=one", "", 1)
	d.now("a", "?stream=two", "", 1)
	d.clock.Advance(24 * time.Hour)
	d.now("a", "", "", 0) // nobody waits for it any more
}

// TestPoll_Bounds: a process holds back so many polls and no more, and gives
// back the places of those who hang up.
func TestPoll_Bounds(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "a", "b")
	d.listens()
	ctx, hangUp := context.WithCancel(t.Context())
	var all []waiting
	for range 16 {
		all = append(all, d.waits(ctx, "a", ""))
	}
	if status, _ := d.do(d.request("a", "", `{}`)); status != http.StatusTooManyRequests {
		t.Errorf("one more: %d", status)
	}
	d.now("a", "", "", 0) // who does not wait is answered
	other := d.waits(t.Context(), "b", "")
	hangUp()
	for _, w := range all {
		w.wants(t, 0)
	}
	again := d.waits(t.Context(), "a", "")
	d.happens("a", 150)
	again.wants(t, 100)
	if a := d.now("a", "", `,"maxEvents":1000000`, 100); !a.More {
		t.Error("there are more")
	}
	d.happens("b", 1)
	other.wants(t, 1)
}

// TestBadInput_Poll: what is wrong is said, and costs nothing.
func TestBadInput_Poll(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "a")
	many := `["` + strings.Repeat(`x","`, 1001) + `x"]`
	for name, c := range map[string]struct {
		id, query, body, kind string
		status                int
	}{
		"nobody":               {"", "", `{}`, "", 401},
		"not for events":       {"unregistered", "", `{}`, "", 403},
		"a form":               {"a", "", `{}`, "application/x-www-form-urlencoded", 400},
		"no body":              {"a", "", ``, "", 400},
		"null":                 {"a", "", ` null`, "", 400},
		"a list":               {"a", "", `[]`, "", 400},
		"another type":         {"a", "", `{"ack":"x"}`, "", 400},
		"fewer than none":      {"a", "", `{"maxEvents":-1}`, "", 400},
		"a fraction":           {"a", "", `{"maxEvents":1.5}`, "", 400},
		"a thousand and one":   {"a", "", `{"ack":` + many + `}`, "", 400},
		"too long":             {"a", "", `{"x":"` + strings.Repeat("x", 64<<10) + `"}`, "", 413},
		"no name of a stream":  {"a", "?stream=", `{}`, "", 400},
		"two streams":          {"a", "?stream=a&stream=b", `{}`, "", 400},
		"a stream from afar":   {"a", "?stream=a%00b", `{}`, "", 400},
		"a long stream":        {"a", "?stream=" + strings.Repeat("a", 65), `{}`, "", 400},
		"an unreadable query":  {"a", "?stream=%zz", `{}`, "", 400},
		"members nobody knows": {"a", "", `{"returnImmediately":true,"else":{"x":1}}`, "", 200},
	} {
		r := d.request(c.id, c.query, c.body)
		if c.kind != "" {
			r.Header.Set("Content-Type", c.kind)
		}
		if status, a := d.do(r); status != c.status || a.Sets != nil && c.status != 200 {
			t.Errorf("%s: %d, want %d", name, status, c.status)
		}
	}
}

// FuzzPoll: whatever comes in, the answer is one of ours, and nothing waits.
func FuzzPoll(f *testing.F) {
	e := events.New(events.Config{
		Store: nothing{}, Hub: events.NewHub(), Now: time.Now, Log: slog.New(slog.DiscardHandler), Hold: time.Nanosecond,
		Caller: func(*http.Request) (*client.Client, error) {
			return &client.Client{ID: "a", Metadata: client.Metadata{SecurityEvents: client.EventsPoll}}, nil
		},
	})
	f.Add("stream=a", `{"maxEvents":1,"ack":["`+idp.NewID()+`"],"setErrs":{"`+idp.NewID()+`":{"err":"x","description":"y"}}}`)
	f.Add("", `{"setErrs":null,"ack":[null],"maxEvents":9223372036854775807}`)
	f.Fuzz(func(t *testing.T, query, body string) {
		r := httptest.NewRequest(http.MethodPost, "/events/poll", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != 200 && w.Code != 400 && w.Code != 413 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

// nothing is a store in which nothing happens, and which wants clean questions.
type nothing struct{}

// Read checks what came through.
func (nothing) Read(_ context.Context, _ idp.ClientID, stream string, done []string, limit int, _ time.Time) ([]idp.SecurityEvent, error) {
	if len(stream) > 64 || len(done) > 1000 || limit < 1 || limit > 101 {
		return nil, fmt.Errorf("stream %q, %d done, limit %d", stream, len(done), limit)
	}
	for _, id := range done {
		if !idp.ValidID(id) {
			return nil, fmt.Errorf("id %q", id)
		}
	}
	return nil, nil
}
