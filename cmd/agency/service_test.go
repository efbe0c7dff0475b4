package main

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestAServiceOpensByTheTokenAlone(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.provider.claims = func(c map[string]any) { c["auth_time"] = time.Now().Unix() }
	if _, page := w.get("/"); !strings.Contains(page, `href="/procedures/1.10.01"`) || !strings.Contains(page, "Book a visit") {
		t.Errorf("the services are not listed:\n%s", page)
	}
	w.logIn()
	if status, _ := w.api("1.10.01", w.provider.access); status != http.StatusUnauthorized {
		t.Errorf("the API took a token that grants nothing: %d", status)
	}
	status, page := w.get("/procedures/1.10.01")
	if status != http.StatusOK || !strings.Contains(page, `id="open"`) || !strings.Contains(page, "Anna &lt;b&gt;Kowal") {
		t.Fatalf("%d\n%s", status, page)
	}
	q := w.provider.requests[1]
	if len(w.provider.requests) != 2 || q.Get("authorization_details") != `[{"code":"1.10.01","type":"procedure"}]` || q.Get("resource") != w.url+"/api" {
		t.Errorf("requests %v", w.provider.requests)
	}
	// What the token holds opens without Surety; what it does not hold asks again.
	if _, page = w.get("/procedures/1.10.01"); len(w.provider.requests) != 2 || !strings.Contains(page, `id="open"`) {
		t.Errorf("asked again, %d requests", len(w.provider.requests))
	}
	if status, header := w.api("3.30.02", w.provider.access); status != http.StatusUnauthorized ||
		!strings.Contains(header.Get("WWW-Authenticate"), `procedure="3.30.02"`) || !strings.Contains(header.Get("WWW-Authenticate"), errorStepUp) {
		t.Errorf("%d %s", status, header.Get("WWW-Authenticate"))
	}
	if _, page = w.get("/procedures/3.30.02"); !strings.Contains(page, `id="open"`) || w.provider.requests[2].Get("max_age") != "300" {
		t.Errorf("%v\n%s", w.provider.requests[2], page)
	}
	if status, page = w.get("/procedures/9.99.99"); status != http.StatusNotFound || !strings.Contains(page, `id="problem"`) {
		t.Errorf("an unknown service: %d", status)
	}
}

func (w *town) api(code, token string) (int, http.Header) {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodGet, w.url+"/api/procedures/"+code, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode, resp.Header
}

// A provider that grants less than it was asked for must not send anybody
// round in a circle.
func TestAServiceThatStaysClosedSaysSoOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.provider.stingy = true
	if status, page := w.get("/procedures/1.10.01"); status != http.StatusForbidden || !strings.Contains(page, `id="refused"`) {
		t.Errorf("%d\n%s", status, page)
	}
	if len(w.provider.requests) != 1 {
		t.Errorf("%d requests", len(w.provider.requests))
	}
}

func TestAnUnmetRequirementIsTold(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.provider.outcomes = map[string]string{"ref": `{"outcome":"declined","procedure":"1.10.01","missing":[{"axis":"identity","stage":"confirmed"},{"axis":"<b>"}]}`}
	uri := w.provider.server.URL + "/outcomes/ref"
	w.provider.answer = func(_, to url.Values) {
		to.Del("code")
		to.Set("error", "unmet_authentication_requirements")
		to.Set("error_uri", uri)
	}
	_, page := w.get("/procedures/1.10.01")
	for _, want := range []string{`id="unmet"`, "You went back", `data-missing="missing_identity"`, "Book a visit", `href="/procedures/1.10.01"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s\n%s", want, page)
		}
	}
	if strings.Contains(page, "<b>") || len(w.provider.asked) != 1 {
		t.Errorf("asked %d times", len(w.provider.asked))
	}
	if id, secret, _ := w.provider.asked[0].BasicAuth(); id != testClient || secret != url.QueryEscape(testSecret) {
		t.Errorf("asked as %q", id)
	}
	// A reference that is used up, and one that leads to a stranger.
	for _, other := range []string{uri, "https://evil.example/outcomes/ref", w.provider.server.URL + ".evil.example/outcomes/ref"} {
		uri = other
		if _, page = w.get("/procedures/1.10.01"); !strings.Contains(page, `id="problem"`) || !strings.Contains(page, "needs more proof") {
			t.Errorf("%s:\n%s", other, page)
		}
	}
	if len(w.provider.asked) != 2 {
		t.Errorf("asked %d times", len(w.provider.asked))
	}
}

func TestALoginThatSuretyBeganLeadsToTheService(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	query := url.Values{"iss": {w.provider.server.URL}, "target_link_uri": {w.url + "/procedures/1.10.01"}}
	if _, page := w.get("/login?" + query.Encode()); !strings.Contains(page, `id="open"`) {
		t.Errorf("page:\n%s", page)
	}
	for name, spoil := range map[string]url.Values{
		"issuer": {"iss": {"https://evil.example"}}, "target": {"target_link_uri": {"https://evil.example/procedures/1.10.01"}},
		"service": {"target_link_uri": {w.url + "/procedures/7"}}, "procedure": {"procedure": {"7"}},
	} {
		before := len(w.provider.requests)
		q := maps.Clone(query)
		maps.Copy(q, spoil)
		if name == "procedure" {
			q = spoil
		}
		if status, _ := w.get("/login?" + q.Encode()); status != http.StatusBadRequest || len(w.provider.requests) != before {
			t.Errorf("foreign %s: %d", name, status)
		}
	}
}

func TestReadChallenge(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]challenge{
		``: {maxAge: -1},
		`Bearer error="insufficient_user_authentication", error_description="a, \"b\"", procedure="3.77.01", max_age="300"`: {code: errorStepUp, procedure: "3.77.01", maxAge: 300e9},
		`bearer realm=x, max_age=5`:              {maxAge: 5e9},
		`Basic error="x"`:                        {maxAge: -1},
		`Bearer error="x`:                        {maxAge: -1},
		`Bearer max_age="-1", error`:             {maxAge: -1},
		`Bearer error="invalid_token" , , max=1`: {code: errorToken, maxAge: -1},
	} {
		h := http.Header{"Www-Authenticate": {text}}
		if got := readChallenge(h); got != want {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

func FuzzReadChallenge(f *testing.F) {
	f.Add(`Bearer error="a", max_age="1", procedure="b\\"`)
	f.Fuzz(func(t *testing.T, text string) {
		if c := readChallenge(http.Header{"Www-Authenticate": {text}}); c.maxAge < -1 {
			t.Errorf("age %v", c.maxAge)
		}
	})
}
