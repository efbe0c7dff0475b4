package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/notify"
)

var testTime = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// world is an outbox on real ports with Surety's own senders in front of it.
type world struct {
	t    *testing.T
	out  *Server
	web  string
	mail *notify.Mailer
	sms  *notify.Gateway
}

func newWorld(t *testing.T) *world {
	t.Helper()
	out := New(Config{SMSKey: "k", Now: func() time.Time { return testTime }, Log: slog.New(slog.DiscardHandler)})
	mailOn, webOn := listen(t), listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- out.Serve(ctx, mailOn, webOn) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	w := &world{t: t, out: out, web: "http://" + webOn.Addr().String()}
	var err error
	w.mail, err = notify.NewMailer(notify.MailConfig{Addr: mailOn.Addr().String(), From: "surety@id.example", Security: notify.SecurityNone})
	if err != nil {
		t.Fatal(err)
	}
	w.sms, err = notify.NewGateway(notify.SMSConfig{URL: w.web + "/sms", Headers: map[string]string{"Authorization": "Bearer k"}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (w *world) sendMail(key string) error {
	return w.mail.Send(w.t.Context(), testTime, key, idp.Message{
		To: "anna@example.org", Subject: "Код 123456", Text: "Ваш код 123 456.\n\nАбо: https://id.example/c?t=999999\nНа ўсё добрае!",
	})
}

func (w *world) sendSMS(key string) error {
	return w.sms.Send(w.t.Context(), key, idp.Message{To: "+375291234567", Text: "Ваш код: 654321"})
}

// get reads a JSON answer.
func (w *world) get(path string, into any) {
	w.t.Helper()
	resp, err := http.Get(w.web + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil || resp.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %d %v", path, resp.StatusCode, err)
	}
}

func (w *world) fault(method, body string) int {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.web+"/faults", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestMessagesAreShownWithCodeAndLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := errors.Join(w.sendMail("m1"), w.sendSMS("s1")); err != nil {
		t.Fatal(err)
	}
	var mail, sms View
	w.get("/messages.json?to=ANNA@example.org", &mail)
	w.get("/messages.json?channel=sms&to="+url.QueryEscape("+375291234567"), &sms)
	if len(mail.Messages) != 1 || len(sms.Messages) != 1 || mail.Last != 2 {
		t.Fatalf("%+v %+v", mail, sms)
	}
	m := mail.Messages[0]
	if m.Subject != "Код 123456" || m.Code != "123456" || len(m.Links) != 1 || m.Links[0] != "https://id.example/c?t=999999" ||
		!strings.HasSuffix(m.Text, "На ўсё добрае!") || !m.At.Equal(testTime) || m.From != "surety@id.example" {
		t.Errorf("%+v", m)
	}
	if s := sms.Messages[0]; s.Code != "654321" || s.Channel != "sms" || len(s.Links) != 0 {
		t.Errorf("%+v", s)
	}
}

func TestRepeatsAreDroppedAndCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 {
		if err := errors.Join(w.sendMail("m1"), w.sendSMS("s1")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.sendSMS("s2"); err != nil {
		t.Fatal(err)
	}
	var v View
	w.get("/messages.json", &v)
	if len(v.Messages) != 3 || v.Repeats != 4 || v.Messages[0].Repeats != 2 || v.Messages[1].Repeats != 2 || v.Messages[2].Repeats != 0 {
		t.Errorf("%+v", v)
	}
}

func TestWaitAnswersWhenAMessageArrives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.sendSMS("before"); err != nil {
		t.Fatal(err)
	}
	answered := make(chan View, 1)
	go func() {
		var v View
		w.get("/messages.json?channel=sms&after=1&wait=30s", &v)
		answered <- v
	}()
	// E-mail is not what is waited for; the text message is.
	if err := errors.Join(w.sendMail("m1"), w.sendSMS("s1")); err != nil {
		t.Fatal(err)
	}
	if v := <-answered; len(v.Messages) != 1 || v.Messages[0].ID != 3 {
		t.Errorf("%+v", v)
	}
	var none View
	w.get("/messages.json?after=3&wait=1ms", &none)
	if len(none.Messages) != 0 || none.Last != 3 {
		t.Errorf("after the end: %+v", none)
	}
}

func TestFaultsHappenAsOftenAsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := w.fault(http.MethodPost, `{"channel":"sms","status":503,"count":2}`); got != http.StatusNoContent {
		t.Fatalf("set: %d", got)
	}
	if got := w.fault(http.MethodPost, `{"channel":"email","status":550}`); got != http.StatusNoContent {
		t.Fatalf("set: %d", got)
	}
	var f *notify.Failure
	for range 2 {
		if err := w.sendSMS("s1"); !errors.As(err, &f) || f.Permanent || f.Status != 503 {
			t.Errorf("during the fault: %v", err)
		}
	}
	if err := w.sendSMS("s1"); err != nil {
		t.Errorf("after the fault: %v", err)
	}
	if err := w.sendMail("m1"); !errors.As(err, &f) || !f.Permanent || f.Status != 550 {
		t.Errorf("mail refused: %v", err)
	}
	if got := w.fault(http.MethodDelete, ""); got != http.StatusNoContent {
		t.Fatalf("clear: %d", got)
	}
	if err := w.sendMail("m1"); err != nil {
		t.Errorf("after clearing: %v", err)
	}
	if v, _ := w.out.Box().Find(Filter{}); len(v.Messages) != 2 || v.Repeats != 0 {
		t.Errorf("%+v", v)
	}
}

func TestALostAnswerMakesARepeatAndNoSecondMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, channel := range []string{"sms", "email"} {
		w.fault(http.MethodPost, `{"channel":"`+channel+`","status":451,"count":1,"taken":true}`)
	}
	if w.sendSMS("s1") == nil || w.sendMail("m1") == nil {
		t.Error("the sender learned that it arrived")
	}
	if err := errors.Join(w.sendSMS("s1"), w.sendMail("m1")); err != nil {
		t.Fatal(err)
	}
	if v, _ := w.out.Box().Find(Filter{}); len(v.Messages) != 2 || v.Repeats != 2 {
		t.Errorf("%+v", v)
	}
}

func TestFaultsRefuseNonsense(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, body := range []string{
		``, `{}`, `[]`, `{"channel":"fax","status":500}`, `{"channel":"sms","status":200}`, `{"channel":"sms","status":999}`,
		`{"channel":"sms","count":-1,"status":500}`, `{"channel":"sms","delay":"1h"}`, `{"channel":"sms","delay":"-1s"}`,
		`{"channel":"sms","taken":true}`, `{"channel":"sms","status":500,"extra":1}`,
	} {
		if got := w.fault(http.MethodPost, body); got != http.StatusBadRequest {
			t.Errorf("%s: %d", body, got)
		}
	}
}

// call asks the handler without a network.
func call(t *testing.T, change func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	out := New(Config{SMSKey: "k", Now: func() time.Time { return testTime }, Log: slog.New(slog.DiscardHandler)})
	out.box.Add("1", Message{Channel: "sms", To: "+375291234567", Text: `<script>alert(1)</script> 123456 "javascript:x"`, At: testTime})
	r := httptest.NewRequest(http.MethodGet, "http://localhost:8100/", nil)
	change(r)
	rec := httptest.NewRecorder()
	out.Handler().ServeHTTP(rec, r)
	return rec
}

func TestTheGatewayAsksForItsKeyAndAnIdempotencyKey(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		key, repeat, body string
		want              int
	}{
		{"Bearer k", "1", `{"to":"+375291234567","text":"x"}`, http.StatusAccepted},
		{"", "1", `{"to":"+375291234567","text":"x"}`, http.StatusUnauthorized},
		{"Bearer other", "1", `{"to":"+375291234567","text":"x"}`, http.StatusUnauthorized},
		{"Bearer k", "", `{"to":"+375291234567","text":"x"}`, http.StatusBadRequest},
		{"Bearer k", "1", `nonsense`, http.StatusBadRequest},
		{"Bearer k", "1", `{"to":"` + strings.Repeat("1", 20<<10) + `"}`, http.StatusBadRequest},
		{"Bearer k", "1", `{"to":"12","text":"x"}`, http.StatusUnprocessableEntity},
		{"Bearer k", "1", `{"to":"+375291234567","text":""}`, http.StatusUnprocessableEntity},
	} {
		rec := call(t, func(r *http.Request) {
			r.Method, r.URL.Path = http.MethodPost, "/sms"
			r.Header.Set("Authorization", tc.key)
			r.Header.Set("Idempotency-Key", tc.repeat)
			r.Body = io.NopCloser(strings.NewReader(tc.body))
		})
		if rec.Code != tc.want {
			t.Errorf("%q %q %.60s: %d, want %d", tc.key, tc.repeat, tc.body, rec.Code, tc.want)
		}
	}
}

func TestThePageShowsTextAsText(t *testing.T) {
	t.Parallel()
	rec := call(t, func(*http.Request) {})
	body := rec.Body.String()
	if rec.Code != http.StatusOK || !strings.Contains(body, "123456") || strings.Contains(body, "<script>") {
		t.Errorf("%d %s", rec.Code, body)
	}
	if csp := rec.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("CSP %q", csp)
	}
}

func TestOtherNamesAndOtherSitesGetNothing(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"evil.example", "evil.example:8100", "10.0.0.1:8100", "localhost.evil.example"} {
		if rec := call(t, func(r *http.Request) { r.Host = host }); rec.Code != http.StatusMisdirectedRequest || strings.Contains(rec.Body.String(), "123456") {
			t.Errorf("%s: %d", host, rec.Code)
		}
	}
	for _, host := range []string{"localhost", "127.0.0.1:8100", "[::1]:8100"} {
		if rec := call(t, func(r *http.Request) { r.Host = host }); rec.Code != http.StatusOK {
			t.Errorf("%s: %d", host, rec.Code)
		}
	}
	rec := call(t, func(r *http.Request) {
		r.Method, r.URL.Path = http.MethodPost, "/faults"
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	})
	if rec.Code != http.StatusForbidden {
		t.Errorf("a foreign page set a fault: %d", rec.Code)
	}
}

func TestTheBoxIsBounded(t *testing.T) {
	t.Parallel()
	b := NewBox()
	for i := range maxKeys + 10 {
		b.Add("k"+string(rune(i)), Message{To: "a@example.org", Text: "x"})
	}
	if len(b.messages) > maxMessages || len(b.ids) > maxKeys || len(b.keys) > maxKeys {
		t.Errorf("%d messages, %d ids, %d keys", len(b.messages), len(b.ids), len(b.keys))
	}
	for range 18 {
		b.Add("big", Message{Text: strings.Repeat("x", 1<<20)})
		b.Add("big"+strings.Repeat("x", len(b.keys)%7)+time.Duration(b.last).String(), Message{Text: strings.Repeat("x", 1<<20)})
	}
	if b.bytes > maxBytes || len(b.messages) == 0 {
		t.Errorf("%d bytes in %d messages", b.bytes, len(b.messages))
	}
}

func TestFindCode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Your code is 123456.":                   "123456",
		"123456":                                 "123456",
		"код: 123 456\nдалей":                    "123456",
		"код\u00a0123\u00a0456":                  "123456",
		"call +375291234567":                     "",
		"order 1234567":                          "",
		"see https://x.example/123456 or 654321": "654321",
		"https://x.example/?a=123456":            "",
		"no code":                                "",
		"a123456b":                               "",
	} {
		if got := findCode(text); got != want {
			t.Errorf("findCode(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzReadLetter(f *testing.F) {
	f.Add("Message-ID: <a@b>\r\nSubject: =?utf-8?q?x?=\r\n\r\nhello")
	f.Add("Message-ID: <a@b>\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b--")
	f.Add("Message-ID: <a@b>\r\nContent-Type: multipart/mixed; boundary=\"\"\r\n\r\n--")
	f.Fuzz(func(t *testing.T, raw string) {
		l, err := readLetter(strings.NewReader(raw))
		if err == nil && (l.key == "" || len(l.text) > maxMail) {
			t.Errorf("%+v", l)
		}
	})
}
