package notify

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"surety/idp"
)

// request is what a gateway was sent.
type request struct {
	header http.Header
	body   map[string]any
}

// gateway is an operator's gateway that answers as told.
func serveGateway(t *testing.T, answer http.HandlerFunc) (string, chan request) {
	t.Helper()
	seen := make(chan request, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := request{header: r.Header}
		b, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(b, &got.body) != nil || r.Method != http.MethodPost {
			t.Errorf("%s %q: %v", r.Method, b, err)
		}
		seen <- got
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, seen
}

func answer(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func newGateway(t *testing.T, cfg SMSConfig) *Gateway {
	t.Helper()
	g, err := NewGateway(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func sms() idp.Message {
	return idp.Message{To: "+375291234567", Lang: "uk", Text: "Ваш код: 123456"}
}

func TestSMSFillsTheTemplateWithoutChangingItsShape(t *testing.T) {
	t.Parallel()
	url, seen := serveGateway(t, answer(http.StatusAccepted))
	g := newGateway(t, SMSConfig{
		URL:     url,
		Headers: map[string]string{"Authorization": "Bearer k", "X-Request": "r-{key}"},
		Body:    `{"messages": [{"to": "{to}", "body": {"text": "Surety: {text}"}}], "ref": "{key}", "ttl": 600, "flash": false}`,
	})
	n := sms()
	n.Text = `","to":"+10000000000"} {key} <b> \" {to}`
	if err := g.Send(t.Context(), "code:1", n); err != nil {
		t.Fatal(err)
	}
	got := <-seen
	first := got.body["messages"].([]any)[0].(map[string]any)
	if first["to"] != n.To || first["body"].(map[string]any)["text"] != "Surety: "+n.Text {
		t.Errorf("body %v", got.body)
	}
	if got.body["ref"] != nameOf("code:1") || got.body["ttl"] != 600.0 || got.body["flash"] != false {
		t.Errorf("body %v", got.body)
	}
	if got.header.Get("Authorization") != "Bearer k" || got.header.Get("X-Request") != "r-"+nameOf("code:1") ||
		got.header.Get("Idempotency-Key") != nameOf("code:1") || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("header %v", got.header)
	}
}

func TestSMSRepeatsCarryTheSameKey(t *testing.T) {
	t.Parallel()
	url, seen := serveGateway(t, answer(http.StatusOK))
	g := newGateway(t, SMSConfig{URL: url})
	for _, key := range []string{"a", "a", "b"} {
		if err := g.Send(t.Context(), key, sms()); err != nil {
			t.Fatal(err)
		}
	}
	one, two, three := <-seen, <-seen, <-seen
	if one.body["key"] != two.body["key"] || two.body["key"] == three.body["key"] {
		t.Errorf("keys %v %v %v", one.body["key"], two.body["key"], three.body["key"])
	}
}

func TestSMSReadsTheStatus(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status        int
		ok, permanent bool
	}{
		{200, true, false}, {201, true, false}, {202, true, false}, {204, true, false},
		{400, false, true}, {410, false, true}, {413, false, true}, {422, false, true}, {402, false, true},
		{302, false, false}, {401, false, false}, {403, false, false}, {404, false, false}, {408, false, false},
		{425, false, false}, {429, false, false}, {500, false, false}, {503, false, false},
		{409, true, false}, {418, false, false},
	} {
		url, _ := serveGateway(t, answer(tc.status))
		g := newGateway(t, SMSConfig{URL: url, Accepted: []int{409}, Permanent: []int{402}, Retry: []int{418}})
		err := g.Send(t.Context(), "key", sms())
		var f *Failure
		switch {
		case tc.ok && err != nil:
			t.Errorf("%d: %v", tc.status, err)
		case !tc.ok && (!errors.As(err, &f) || f.Permanent != tc.permanent || f.Status != tc.status):
			t.Errorf("%d: %v, want permanent %t", tc.status, err, tc.permanent)
		}
	}
}

func TestSMSRefusesWhatIsNoMessage(t *testing.T) {
	t.Parallel()
	url, seen := serveGateway(t, answer(http.StatusOK))
	g := newGateway(t, SMSConfig{URL: url})
	for _, n := range []idp.Message{
		{To: "", Text: "x"}, {To: "375291234567", Text: "x"}, {To: "+375 29 123 45 67", Text: "x"},
		{To: "+375291234567\r\nX: y", Text: "x"}, {To: "+375291234567", Text: ""},
		{To: "+375291234567", Text: "a\x00b"}, {To: "+375291234567", Text: strings.Repeat("я", maxSMS+1)},
	} {
		var f *Failure
		if err := g.Send(t.Context(), "key", n); !errors.As(err, &f) || !f.Permanent {
			t.Errorf("%+v: %v", n, err)
		}
	}
	if err := g.Send(t.Context(), "", sms()); err == nil {
		t.Error("sent without an event key")
	}
	if len(seen) != 0 {
		t.Errorf("the gateway got %v", <-seen)
	}
}

func TestSMSFollowsNoRedirectAndKeepsItsKey(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	other, _ := serveGateway(t, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	url, _ := serveGateway(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other, http.StatusTemporaryRedirect)
	})
	g := newGateway(t, SMSConfig{URL: url, Headers: map[string]string{"Authorization": "Bearer k"}})
	if err := g.Send(t.Context(), "key", sms()); err == nil || reached.Load() {
		t.Errorf("Send = %v; followed: %t", err, reached.Load())
	}
}

func TestSMSGivesUpOnASlowGatewayWithoutNamingThePerson(t *testing.T) {
	t.Parallel()
	url, _ := serveGateway(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	g := newGateway(t, SMSConfig{URL: url + "/send?user=" + "secret", Deadline: 50 * time.Millisecond})
	err := g.Send(t.Context(), "key", sms())
	var f *Failure
	if !errors.As(err, &f) || f.Permanent || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Send = %v", err)
	}
	if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "375")) {
		t.Errorf("the failure tells too much: %v", err)
	}
}

func TestNewGatewayRefusesBadConfiguration(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]SMSConfig{
		"no URL":         {},
		"odd scheme":     {URL: "ftp://sms.example"},
		"user in URL":    {URL: "https://u:p@sms.example"},
		"body not JSON":  {URL: "https://sms.example", Body: `{"to": {to}}`},
		"body lacks to":  {URL: "https://sms.example", Body: `{"text": "{text}"}`},
		"text in header": {URL: "https://sms.example", Headers: map[string]string{"X": "{text}"}},
		"broken header":  {URL: "https://sms.example", Headers: map[string]string{"X": "a\r\nB: c"}},
	} {
		if _, err := NewGateway(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
