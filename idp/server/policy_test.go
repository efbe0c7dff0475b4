package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/idp/flow/policy"
	"surety/idp/idptest"
	"surety/idp/idptest/world"
	"surety/idp/profile"
	"surety/idp/server"
)

// stored reads one text from the database.
func stored(t *testing.T, d *idptest.DB, sql string) string {
	t.Helper()
	var text string
	if err := d.Owner(t).QueryRow(t.Context(), sql).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

// start runs serving processes until the test ends and waits until they are ready.
func start(t *testing.T, cfg server.Config, listeners ...net.Listener) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { ended <- server.ServeOn(ctx, cfg, []net.Listener{l}) }()
	}
	t.Cleanup(func() {
		stop()
		for range listeners {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	for _, l := range listeners {
		until(t, "ready", func() bool { return status("http://"+l.Addr().String()+"/ready") == http.StatusOK })
	}
}

// until asks until it is so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		if so() {
			tick.Stop()
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never %s", what)
		}
	}
}

// TestFirstStart_TheProfilesPolicyIsInForce: two processes that start at the
// same time on an empty database record it once, and both serve.
func TestFirstStart_TheProfilesPolicyIsInForce(t *testing.T) {
	t.Parallel()
	d := idptest.Unopened(t)
	one, other := listener(t), listener(t)
	start(t, config(t, d.URL, one), one, other)
	source, err := profile.PolicySource("demo")
	if err != nil {
		t.Fatal(err)
	}
	if got := stored(t, d, `SELECT string_agg(source, '') FROM policy`); got != string(source) {
		t.Errorf("stored:\n%s", got)
	}
	if got := stored(t, d, `SELECT string_agg(type, ' ') FROM audit_event WHERE type LIKE 'policy.%'`); got != "policy.activated" {
		t.Errorf("events: %s", got)
	}
}

// TestServeRefusesAPolicyThatItCannotDecideBy: a process whose database is
// another country's, or a newer program's, does not start.
func TestServeRefusesAPolicyThatItCannotDecideBy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ profile, source, want string }{
		"of another profile":  {"by", "version: 3\n", `belongs to profile "by" and SURETY_PROFILE is "demo": set SURETY_PROFILE=by`},
		"of a newer program":  {"demo", "version: 3\nmoon_phase: full\n", "policy 3:2: unknown key"},
		"that somebody broke": {"demo", "{", "policy 3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, l := idptest.Unopened(t), listener(t)
			insert(t, d, 3, c.profile, c.source, time.Now())
			err := server.ServeOn(t.Context(), config(t, d.URL, l), []net.Listener{l})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func insert(t *testing.T, d *idptest.DB, version int, profile, source string, at time.Time) {
	t.Helper()
	_, err := d.Owner(t).Exec(t.Context(), `
		INSERT INTO policy (version, profile, source, effective_at, activated_at, activated_by)
		VALUES ($1, $2, $3, $4, $4, 'test')`, version, profile, source, at)
	if err != nil {
		t.Fatal(err)
	}
}

// lines keeps what is logged.
type lines struct {
	mu   sync.Mutex // guards text
	text strings.Builder
}

// Write keeps a line.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is everything so far.
func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// next is the demonstration profile's policy as another version, with the acr
// values of another place.
func next(t *testing.T, version int) []byte {
	t.Helper()
	source, err := profile.PolicySource("demo")
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParsePolicy("demo", source)
	if err != nil {
		t.Fatal(err)
	}
	source = bytes.Replace(source, fmt.Appendf(nil, "version: %d", p.Version), fmt.Appendf(nil, "version: %d", version), 1)
	return bytes.ReplaceAll(source, []byte("https://surety.example/demo/"), []byte("https://surety.example/next/"))
}

// TestServeWarnsOfAPolicyThatIsNotInForce: whoever brings a new program with a
// new policy is told what remains to be done.
func TestServeWarnsOfAPolicyThatIsNotInForce(t *testing.T) {
	t.Parallel()
	source, err := profile.PolicySource("demo")
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParsePolicy("demo", source)
	if err != nil {
		t.Fatal(err)
	}
	d, l := idptest.Unopened(t), listener(t)
	insert(t, d, p.Version, "demo", string(next(t, p.Version)), time.Now())
	cfg := config(t, d.URL, l)
	log := &lines{}
	cfg.Log = log
	start(t, cfg, l)
	if got := log.String(); !strings.Contains(got, `"level":"WARN"`) || !strings.Contains(got, "idp policy activate") {
		t.Errorf("logged %s", got)
	}
}

// discovery reads the acr values that the house says it has.
func discovery(t *testing.T, w *world.World) []string {
	t.Helper()
	resp, err := http.Get(w.Issuer + "/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var document struct {
		ACRs []string `json:"acr_values_supported"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&document); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", resp.Status, err)
	}
	return document.ACRs
}

// activate brings a policy into force as a command does.
func activate(t *testing.T, w *world.World, source []byte) {
	t.Helper()
	s, closing, err := server.OpenPolicies(t.Context(), w.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer closing()
	if _, err := s.Activate(t.Context(), "command", "policy.yaml", source, false); err != nil {
		t.Fatal(err)
	}
}

// TestPolicy_ReachesARunningHouse: nobody restarts anything; metadata and
// operators' use cases follow.
func TestPolicy_ReachesARunningHouse(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	before := discovery(t, w)
	inForce, err := w.Operator.Policy()
	if err != nil {
		t.Fatal(err)
	}
	source := next(t, inForce.Version+1)
	activate(t, w, source)
	if got := discovery(t, w); !slices.Equal(got, before) {
		t.Errorf("before its time the house says %v", got)
	}
	w.Advance(policy.Lead)
	p, err := profile.ParsePolicy("next", source)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the next policy's acr values", func() bool { return slices.Equal(discovery(t, w), p.ACRs()) })
	if now, err := w.Operator.Policy(); err != nil || now.Version != p.Version {
		t.Errorf("operators see policy %d, %v", now.Version, err)
	}
	until(t, "ready", func() bool { return status(w.Issuer+"/ready") == http.StatusOK })
}

// TestPolicy_OneThatCannotBeReadStopsIssuingAndNothingElse: pages that only
// show something go on, the balancer is told, and the next good policy brings
// everything back without a restart.
func TestPolicy_OneThatCannotBeReadStopsIssuingAndNothingElse(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	c := w.Register(`{"client_name": "Tax", "redirect_uris": ["http://localhost:1/cb"]}`)
	authorize := w.Issuer + "/authorize?response_type=code&scope=openid&redirect_uri=http://localhost:1/cb&state=12345678&client_id=" +
		string(c.Client.ID) + "&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	asked := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer := func() (code int, location string) {
		resp, err := asked.Get(authorize)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("Location")
	}
	if code, location := answer(); code != http.StatusSeeOther && code != http.StatusFound {
		t.Fatalf("before: %d %s", code, location)
	}
	before := discovery(t, w)
	inForce, err := w.Operator.Policy()
	if err != nil {
		t.Fatal(err)
	}
	insert(t, w.DB, inForce.Version+1, "demo", "moon_phase: full\n", w.Now())
	until(t, "not ready", func() bool { return status(w.Issuer+"/ready") == http.StatusServiceUnavailable })
	code, location := answer()
	if code != http.StatusServiceUnavailable && !strings.Contains(location, "error=temporarily_unavailable") {
		t.Errorf("a request gets %d %s", code, location)
	}
	if got := discovery(t, w); !slices.Equal(got, before) {
		t.Errorf("the metadata say %v", got)
	}
	for _, page := range []string{"/live", "/sign-in", "/terms"} {
		if got := status(w.Issuer + page); got != http.StatusOK {
			t.Errorf("%s: %d", page, got)
		}
	}
	insert(t, w.DB, inForce.Version+2, "demo", string(next(t, inForce.Version+2)), w.Now())
	// The one that cannot be read must still be agreed with until its overlap ends.
	w.Advance(time.Minute)
	until(t, "ready", func() bool { return status(w.Issuer+"/ready") == http.StatusOK })
	if code, location := answer(); code >= http.StatusBadRequest || strings.Contains(location, "error=") {
		t.Errorf("afterwards: %d %s", code, location)
	}
}
