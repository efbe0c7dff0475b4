package event

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"surety/idp"
)

// agency is an agency's endpoint that answers as told and keeps what came.
func agency(t *testing.T, answer http.HandlerFunc) (*httptest.Server, *atomic.Pointer[url.Values]) {
	t.Helper()
	var seen atomic.Pointer[url.Values]
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read body: %v", err)
		}
		form, err := url.ParseQuery(string(body))
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			t.Errorf("%s %q %v", r.Method, body, err)
		}
		seen.Store(&form)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s, &seen
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func development(uri string) idp.LogoutNotice {
	return idp.LogoutNotice{URI: uri, Development: true}
}

func TestDeliverReadsTheStatus(t *testing.T) {
	t.Parallel()
	d := NewDeliverer(Config{})
	for code, want := range map[int]struct{ ok, permanent bool }{
		200: {ok: true},
		204: {ok: true},
		400: {permanent: true},
		201: {}, 301: {}, 302: {}, 307: {}, 401: {}, 403: {}, 404: {}, 408: {}, 429: {}, 500: {}, 501: {}, 503: {},
	} {
		s, seen := agency(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(code)
		})
		err := d.Deliver(t.Context(), development(s.URL), "the-token")
		if form := seen.Load(); form == nil || len(*form) != 1 || form.Get("logout_token") != "the-token" {
			t.Errorf("%d: the agency got %v", code, form)
		}
		if want.ok {
			if err != nil {
				t.Errorf("%d: %v", code, err)
			}
			continue
		}
		var f *Failure
		if !errors.As(err, &f) || f.Permanent != want.permanent || f.Status != code {
			t.Errorf("%d: %v, want permanent %t", code, err, want.permanent)
		}
	}
}

func TestDeliverFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	target, _ := agency(t, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	s, _ := agency(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", target.URL)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	if err := NewDeliverer(Config{}).Deliver(t.Context(), development(s.URL), "t"); err == nil {
		t.Error("a redirect was taken for an answer")
	}
	if reached.Load() {
		t.Error("the token went where the redirect pointed")
	}
}

func TestDeliverRefusesAddressesBeforeConnecting(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	s, _ := agency(t, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	d := NewDeliverer(Config{})
	for _, n := range []idp.LogoutNotice{
		{URI: s.URL},                                // http without the mark
		{URI: "https://127.0.0.1:" + port},          // loopback without the mark
		{URI: "https://localhost:" + port},          // by name
		{URI: "https://[::ffff:127.0.0.1]:" + port}, // in IPv6's clothes
		{URI: "https://10.0.0.1"},
		{URI: "https://169.254.169.254/latest"},
		{URI: "http://10.0.0.1", Development: true}, // the mark opens loopback alone
		{URI: "http://169.254.169.254", Development: true},
		{URI: "http://user:secret@127.0.0.1:" + port, Development: true},
		{URI: "file:///etc/passwd", Development: true},
		{URI: "://", Development: true},
		{URI: ""},
	} {
		err := d.Deliver(t.Context(), n, "the-token")
		var f *Failure
		if !errors.As(err, &f) || !f.Permanent {
			t.Errorf("%+v: %v, want a permanent failure", n, err)
		}
		if err != nil && (strings.Contains(err.Error(), "the-token") || strings.Contains(err.Error(), "secret")) {
			t.Errorf("the error tells a secret: %v", err)
		}
	}
	if reached.Load() {
		t.Error("a forbidden address was called")
	}
}

func TestGuardKnowsWhatIsPublic(t *testing.T) {
	t.Parallel()
	state := guard{allowed: []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")}}
	for _, tc := range []struct {
		ip                   string
		public, state, local bool
	}{
		{"8.8.8.8", true, true, true},
		{"2a00:1450::1", true, true, true},
		{"127.0.0.1", false, false, true},
		{"127.8.8.8", false, false, true},
		{"::1", false, false, true},
		{"10.20.3.4", false, true, false},
		{"10.21.3.4", false, false, false},
		{"172.16.0.1", false, false, false},
		{"192.168.1.1", false, false, false},
		{"169.254.169.254", false, false, false},
		{"100.64.0.1", false, false, false},
		{"0.0.0.0", false, false, false},
		{"224.0.0.1", false, false, false},
		{"255.255.255.255", false, false, false},
		{"198.18.0.1", false, false, false},
		{"::", false, false, false},
		{"fe80::1", false, false, false},
		{"fc00::1", false, false, false},
		{"fd12::1", false, false, false},
		{"ff02::1", false, false, false},
		{"64:ff9b::7f00:1", false, false, false},
		{"64:ff9b::a9fe:a9fe", false, false, false},
		{"2002:7f00:1::", false, false, false},
		{"2001:db8::1", false, false, false},
		{"::7f00:1", false, false, false},
	} {
		ip := netip.MustParseAddr(tc.ip)
		if got := (guard{}).permits(ip); got != tc.public {
			t.Errorf("production permits %s: %t", ip, got)
		}
		if got := state.permits(ip); got != tc.state {
			t.Errorf("with a state network permits %s: %t", ip, got)
		}
		if got := (guard{loopback: true}).permits(ip); got != tc.local {
			t.Errorf("development permits %s: %t", ip, got)
		}
	}
	if err := (guard{}).control("tcp", "[::ffff:10.0.0.1]:443", nil); !errors.Is(err, errForbidden) {
		t.Errorf("a mapped private address: %v", err)
	}
	if err := (guard{}).control("tcp", "[fe80::1%eth0]:443", nil); !errors.Is(err, errForbidden) {
		t.Errorf("a zoned address: %v", err)
	}
	if err := (guard{}).control("tcp", "nonsense", nil); !errors.Is(err, errForbidden) {
		t.Errorf("nonsense: %v", err)
	}
}

func TestDeliverGivesUpOnASlowAgency(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s, _ := agency(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(release) })
	d := NewDeliverer(Config{Deadline: 50 * time.Millisecond})
	var f *Failure
	if err := d.Deliver(t.Context(), development(s.URL), "t"); !errors.As(err, &f) || f.Permanent || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Deliver = %v, want a failure worth another try", err)
	}
}

func TestDeliverReadsLittleOfALongAnswer(t *testing.T) {
	t.Parallel()
	stopped := make(chan struct{})
	s, _ := agency(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(stopped)
		chunk := make([]byte, 64<<10)
		for r.Context().Err() == nil {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	if err := NewDeliverer(Config{}).Deliver(t.Context(), development(s.URL), "t"); err != nil {
		t.Errorf("Deliver = %v", err)
	}
	<-stopped // the endless answer was hung up on
	endless, _ := agency(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 64<<10))
	})
	if err := NewDeliverer(Config{}).Deliver(t.Context(), development(endless.URL), "t"); err == nil {
		t.Error("64 KiB of headers were read")
	}
}

func TestDeliverVerifiesTheCertificate(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(status(http.StatusOK))
	t.Cleanup(s.Close)
	s.Config.ErrorLog = nil
	n := development(s.URL)
	var f *Failure
	if err := NewDeliverer(Config{}).Deliver(t.Context(), n, "t"); !errors.As(err, &f) || f.Permanent {
		t.Errorf("an unknown authority: %v", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	if err := NewDeliverer(Config{Roots: pool}).Deliver(t.Context(), n, "t"); err != nil {
		t.Errorf("a known authority: %v", err)
	}
}
