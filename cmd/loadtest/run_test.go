package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

func TestEveryScenarioSucceeds(t *testing.T) {
	t.Parallel()
	for _, name := range scenarioNames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, err := run(context.Background(), testConfig(t, newFakeProvider(t), name))
			if err != nil {
				t.Fatal(err)
			}
			if res.Ops == 0 || res.Errors != 0 || res.RPS <= 0 || res.P50 <= 0 || len(res.Runs) != 2 {
				t.Errorf("result: %+v", res)
			}
			want := map[string]float64{"code-fresh": 3, "code-sso": 2}[name]
			if want == 0 {
				want = 1
			}
			if res.HTTPPerOp != want {
				t.Errorf("http_per_op = %v, want %v", res.HTTPPerOp, want)
			}
			// The fake's counter counts what it makes: two tokens, a code, and so on.
			made := map[string]float64{"client_credentials": 2, "refresh": 2, "code-sso": 3, "code-fresh": 5}[name]
			if res.RoundTrips != made {
				t.Errorf("round trips = %v, want %v", res.RoundTrips, made)
			}
		})
	}
}

func TestFailuresAreCountedAndBounded(t *testing.T) {
	t.Parallel()
	p := newFakeProvider(t)
	p.broken = "/token"
	c := testConfig(t, p, "client_credentials")
	c.duration, c.repeat = time.Minute, 1
	res, err := run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if res.Ops != 0 || res.Errors < c.maxErrors || res.Errors > c.maxErrors+c.workers {
		t.Errorf("ops %d, errors %d", res.Ops, res.Errors)
	}
	if len(res.ErrorKinds) != 1 {
		t.Errorf("error kinds: %v", res.ErrorKinds)
	}
}

func TestARefreshTokenThatStaysIsAnError(t *testing.T) {
	t.Parallel()
	p := newFakeProvider(t)
	p.stale = true
	res, err := run(context.Background(), testConfig(t, p, "refresh"))
	if err != nil {
		t.Fatal(err)
	}
	if res.Ops != 0 || res.Errors == 0 || res.Reseeds == 0 {
		t.Errorf("ops %d, errors %d, reseeds %d", res.Ops, res.Errors, res.Reseeds)
	}
}

// A document that changes to a wrong one under load is found.
func TestDiscoveryIsCheckedEachTime(t *testing.T) {
	t.Parallel()
	f := newFakeProvider(t)
	p, err := newProvider(context.Background(), testConfig(t, f, "discovery"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.discover(context.Background(), p.client(nil)); err != nil {
		t.Error(err)
	}
	f.mu.Lock()
	f.issuer = "https://evil.example"
	f.mu.Unlock()
	if _, err := p.discover(context.Background(), p.client(nil)); err == nil || !strings.Contains(err.Error(), "issuer is") {
		t.Errorf("another issuer: %v", err)
	}
}

func TestOnlyLoopback(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"192.0.2.1:80", "example.org:80", "0.0.0.0:80"} {
		if _, err := dialLoopback(context.Background(), "tcp", addr); err == nil || !strings.Contains(err.Error(), "loopback") {
			t.Errorf("%s: %v", addr, err)
		}
	}
	for _, db := range []string{"postgres://u@192.0.2.1/db", "postgres://u@/db?host=example.org", "mysql://localhost/db"} {
		if _, err := newPostgres(db); err == nil {
			t.Errorf("%s was accepted", db)
		}
	}
}

// Command lines are for everybody on the machine to read.
func TestPasswordStaysOffTheCommandLine(t *testing.T) {
	t.Parallel()
	p, err := newPostgres("postgres://app:hidden@127.0.0.1:5432/db?pool_max_conns=4&sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(p.url, "hidden") || strings.Contains(p.url, "pool_") || !strings.Contains(p.url, "sslmode=disable") {
		t.Errorf("address %s", p.url)
	}
}

func TestQuantiles(t *testing.T) {
	t.Parallel()
	var d []time.Duration
	for i := 1; i <= 100; i++ {
		d = append(d, time.Duration(i)*time.Millisecond)
	}
	for q, want := range map[float64]float64{0.5: 50, 0.95: 95, 0.99: 99, 1: 100} {
		if got := quantileMS(d, q); got != want {
			t.Errorf("quantile %v = %v, want %v", q, got, want)
		}
	}
	if median([]float64{3, 1, 2}) != 2 || median([]float64{4, 1}) != 2.5 || median(nil) != 0 {
		t.Error("medians are wrong")
	}
}

func TestCountersAreSummed(t *testing.T) {
	t.Parallel()
	text := "# HELP x y\nx_total 7\nx{a=\"b } c\"} 2\nx 3.5 1700000000\nxy 100\n"
	if got, err := sumSeries(text, "x"); err != nil || got != 5.5 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := sumSeries(text, "z"); err == nil {
		t.Error("a counter that is not there was read as zero")
	}
}

func TestBuiltInRecipes(t *testing.T) {
	t.Parallel()
	if len(recipeNames()) < 4 {
		t.Fatalf("recipes: %v", recipeNames())
	}
	for _, name := range recipeNames() {
		r, err := loadRecipe(name)
		if err != nil || !r.has("login") {
			t.Errorf("%s: %v", name, err)
		}
	}
	r, err := loadRecipe("surety")
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse("http://localhost:8080/sign-in?interaction=1")
	page := `<form method="post" action="/language"><button name="lang" value="be">Б</button></form>
		<form method="post"><input type="hidden" name="proof" value="a&amp;b"><input name="login"><input name="password"><button name="continue"></form>`
	s := r.match(u, page)
	if s == nil {
		t.Fatal("the sign-in page matches no step")
	}
	sub, err := s.submission(u, page, 7, "open")
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{"proof": {"a&b"}, "login": {"load7@example.test"}, "password": {"open"}}
	if sub.method != "POST" || sub.target.String() != u.String() || sub.fields.Encode() != want.Encode() {
		t.Errorf("%s %s %v", sub.method, sub.target, sub.fields)
	}
	if _, err := s.submission(u, "<p>no form</p>", 0, ""); err == nil {
		t.Error("a page without the form was filled in")
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	p := newFakeProvider(t)
	path := writeFile(t, "sandbox.json", fmt.Sprintf(`{"issuer":%q,"metrics":%q,"pids":{"serve":%d},
		"accounts":[{"login":"anna@example.test","password":"x"},{"login":"load0@example.test","password":"open"},{"login":"load1@example.test","password":"open"}],
		"clients":[{"client_id":"agency","client_secret":"no"},{"client_id":"loadtest","client_secret":"s3cret","redirect_uris":["http://127.0.0.1:1/callback"]}]}`,
		p.URL, p.Listener.Addr(), os.Getpid()))
	var out bytes.Buffer
	args := []string{"table", "-sandbox", path, "-d", "40ms", "-warmup", "0", "-pause", "0", "-c", "2", "-recipe", testRecipe(t), "-json"}
	code, err := dispatch(context.Background(), args, &out)
	if err != nil || code != 0 {
		t.Fatalf("exit %d, %v\n%s", code, err, out.String())
	}
	var got table
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) != len(tableRows) || got.Machine.ES256 <= 0 || got.Machine.Argon2 <= 0 || got.ResidentMB <= 0 {
		t.Errorf("table: %s", out.String())
	}
	for _, r := range got.Rows {
		if r.Ops == 0 || r.Errors > 0 || r.Goal <= 0 {
			t.Errorf("%s: %d operations, %d errors, goal %v", r.Title, r.Ops, r.Errors, r.Goal)
		}
	}
	out.Reset()
	if err := got.print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"code flow, live session", "round trips/op", "Argon2id", "memory of idp serve", "note: no database_url"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}

func TestTableRefuses(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]string{
		"no client":   `{"accounts":[{"login":"load0@x"}]}`,
		"no accounts": `{"clients":[{"client_id":"loadtest","redirect_uris":["http://127.0.0.1/"]}],"accounts":[{"login":"a@x"}]}`,
		"not JSON":    `{`,
	} {
		code, err := dispatch(context.Background(), []string{"table", "-sandbox", writeFile(t, "s.json", doc)}, &bytes.Buffer{})
		if err == nil || code != 2 {
			t.Errorf("%s: exit %d, %v", name, code, err)
		}
	}
	if code, err := dispatch(context.Background(), []string{"-scenario", "no such", "-issuer", "http://127.0.0.1"}, &bytes.Buffer{}); err == nil || code != 2 {
		t.Errorf("unknown scenario: exit %d, %v", code, err)
	}
}

// Rates are judged against the goal, and a login's goal is the machine's.
func TestGoals(t *testing.T) {
	t.Parallel()
	of := func(rps, p99 float64, errors int) result {
		return result{runStats: runStats{RPS: rps, P99: p99, Errors: errors}}
	}
	for name, c := range map[string]struct {
		row  row
		res  result
		want bool
	}{
		"fast":         {row{goal: 600, maxP99: 80}, of(601, 79, 0), true},
		"slow":         {row{goal: 600, maxP99: 80}, of(599, 79, 0), false},
		"long tail":    {row{goal: 600, maxP99: 80}, of(900, 81, 0), false},
		"with errors":  {row{goal: 600, maxP99: 80}, of(900, 10, 1), false},
		"login enough": {row{}, of(54, 900, 0), true},
		"login short":  {row{}, of(50, 900, 0), false},
	} {
		r := tableRow{row: c.row, result: c.res}
		r.judge(machineRates{Argon2: 70})
		if r.Met != c.want {
			t.Errorf("%s: goal %v, met %v", name, r.Goal, r.Met)
		}
	}
}
