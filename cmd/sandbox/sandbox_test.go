package main

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func testPlan(t *testing.T, o options) plan {
	t.Helper()
	if o.Port == 0 {
		o.Port = 18080
	}
	if o.Data == "" {
		o.Data = t.TempDir()
	}
	p, err := newPlan(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlanKeepsThePromisedPorts(t *testing.T) {
	t.Parallel()
	p := testPlan(t, options{Port: 18080, TLS: true})
	if p.origin(0) != "https://localhost:18080" || p.origin(agencyOffset) != "https://localhost:18090" || p.origin(outboxOffset) != "http://localhost:18100" {
		t.Errorf("%s %s %s", p.origin(0), p.origin(agencyOffset), p.origin(outboxOffset))
	}
	if got := testPlan(t, options{Port: 8080}).origin(0); got != "http://localhost:8080" {
		t.Errorf("issuer %s", got)
	}
	if p.addresses(0)[0] != "127.0.0.1:18080" {
		t.Errorf("addresses %v", p.addresses(0))
	}
	for _, port := range []int{0, 80, 65520, 70000, -1} {
		if _, err := newPlan(options{Port: port, Data: "var"}); err == nil {
			t.Errorf("port %d was taken", port)
		}
	}
}

func TestTakenPortsAreNamedBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := testPlan(t, options{})
	p.Port = l.Addr().(*net.TCPAddr).Port
	if err := p.checkPorts(); err == nil || !strings.Contains(err.Error(), l.Addr().String()) || !strings.Contains(err.Error(), "PORT=") {
		t.Errorf("checkPorts = %v", err)
	}
}

func TestOneSandboxPerDataFolder(t *testing.T) {
	t.Parallel()
	p := testPlan(t, options{})
	first, err := lockData(p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockData(p); err == nil || !strings.Contains(err.Error(), "DATA=") {
		t.Errorf("a second one got in: %v", err)
	}
	_ = first.Close()
	again, err := lockData(p)
	if err != nil {
		t.Errorf("after the first: %v", err)
	}
	_ = again.Close()
}

func TestCleanForgetsOnlySandboxes(t *testing.T) {
	t.Parallel()
	p := testPlan(t, options{})
	precious := p.file("precious")
	if err := os.WriteFile(precious, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := clean(p.Data); err == nil {
		t.Error("a folder that is no sandbox's was emptied")
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error("something precious is gone")
	}
	lock, err := lockData(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := clean(p.Data); err == nil {
		t.Error("a running sandbox was emptied")
	}
	_ = lock.Close()
	if err := clean(p.Data); err != nil {
		t.Errorf("clean: %v", err)
	}
	if _, err := os.Stat(precious); !errors.Is(err, os.ErrNotExist) {
		t.Error("the data are still there")
	}
	if err := clean(filepath.Join(p.Data, "never")); err != nil {
		t.Errorf("nothing to clean: %v", err)
	}
}

func TestAuthorityVouchesForThisMachineOnly(t *testing.T) {
	t.Parallel()
	p := testPlan(t, options{})
	now := time.Now()
	a, err := openAuthority(p, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.serverPair(p.file("server.pem"), p.file("server.key"), now); err != nil {
		t.Fatal(err)
	}
	der, err := readPEM(p.file("server.pem"))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: name, CurrentTime: now}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Whoever steals the authority's key must gain nothing elsewhere.
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bank.example", "localhost.bank.example"} {
		forged, err := issue(&x509.Certificate{NotAfter: now.Add(time.Hour), DNSNames: []string{name}}, a.cert, &key.PublicKey, a.key, now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := forged.Verify(x509.VerifyOptions{Roots: roots, DNSName: name, CurrentTime: now}); err == nil {
			t.Errorf("it vouched for %s", name)
		}
	}
	for _, file := range []string{"authority.key", "server.key"} {
		if stat, err := os.Stat(p.file(file)); err != nil || stat.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, stat.Mode(), err)
		}
	}
	again, err := openAuthority(p, now)
	if err != nil || !again.cert.Equal(a.cert) {
		t.Errorf("the second start has another authority: %v", err)
	}
	later, err := openAuthority(p, now.Add(authorityLife))
	if err != nil || later.cert.Equal(a.cert) {
		t.Errorf("an ended authority is kept: %v", err)
	}
}

func TestDescriptionHasTheFormThatScriptsRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.json")
	d := description{Issuer: "i", Agency: "a", Outbox: "o", PIDs: map[string]int{"serve": 1}, Accounts: describedLogins(testPlan(t, options{LoadAccounts: 100}), time.Now()),
		Clients: []metadata{{"client_id": "loadtest", "client_secret": "s", "redirect_uris": []string{"r"}}}}
	if err := d.write(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Issuer, Agency, Outbox string
		CAFile                 *string `json:"ca_file"`
		PIDs                   map[string]int
		Accounts               []struct{ Login, Password, Level string }
		Clients                []struct {
			ClientID     string   `json:"client_id"`
			ClientSecret string   `json:"client_secret"`
			RedirectURIs []string `json:"redirect_uris"`
		}
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.CAFile == nil || got.PIDs["serve"] != 1 || len(got.Accounts) != 100+len(samplePeople()) || got.Clients[0].RedirectURIs[0] != "r" {
		t.Errorf("%s", text)
	}
	var told strings.Builder
	d.print(&told, path)
	for _, a := range got.Accounts[:3] {
		if !strings.Contains(told.String(), a.Login) || !strings.Contains(told.String(), a.Password) || a.Level != "basic" {
			t.Errorf("%+v is not introduced:\n%s", a, told.String())
		}
	}
	if strings.Contains(told.String(), "load0") {
		t.Error("a hundred accounts are introduced")
	}
}

// TestARegistryConfirmsNobody: it checks data, so a sample person whose letter a
// service does not accept stands before it as somebody who is not confirmed.
func TestARegistryConfirmsNobody(t *testing.T) {
	t.Parallel()
	for _, p := range samplePeople() {
		for _, f := range p.Proofings {
			if f.Method == "registry" && cmp.Or(f.Stage, p.Stage) != "standard" {
				t.Errorf("%s is %s by a registry", p.Contact, cmp.Or(f.Stage, p.Stage))
			}
		}
	}
}

func TestProberKnowsTheIssuerFromAnother(t *testing.T) {
	t.Parallel()
	var issuer string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": issuer})
	}))
	t.Cleanup(s.Close)
	p, err := newProber("")
	if err != nil {
		t.Fatal(err)
	}
	issuer = "http://other.example"
	if err := p.discovers(s.URL)(t.Context()); err == nil {
		t.Error("another issuer is taken for ours")
	}
	issuer = s.URL
	if err := p.wait(t.Context(), "Surety", nil, p.discovers(s.URL)); err != nil {
		t.Errorf("wait: %v", err)
	}
	failed := make(chan error, 1)
	broken := errors.New("serve ended 5 times")
	failed <- broken
	if err := p.wait(t.Context(), "Surety", failed, func(context.Context) error { return errors.New("no") }); !errors.Is(err, broken) {
		t.Errorf("waits for what will never come: %v", err)
	}
}

func TestEachProfileHasADataFolderOfItsOwn(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"": "var", "demo": "var", "by": "var-by", "ru": "var-ru", "ua": "var-ua"} {
		p, err := newPlan(options{Port: 8080, Profile: name})
		if err != nil || filepath.Base(p.Data) != want {
			t.Errorf("%q lies in %s (%v)", name, p.Data, err)
		}
	}
	if _, err := newPlan(options{Port: 8080, Profile: "atlantis"}); err == nil || !strings.Contains(err.Error(), "by, demo, ru, ua") {
		t.Errorf("an unknown profile: %v", err)
	}
}

func TestADataFolderHoldsTheWorldOfOneProfile(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	demo, ru := testPlan(t, options{Data: data}), testPlan(t, options{Data: data, Profile: "ru"})
	for range 2 {
		if err := ru.settle(); err != nil {
			t.Fatal(err)
		}
	}
	err := demo.settle()
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "PROFILE=ru") || !strings.Contains(err.Error(), data) {
		t.Errorf("demo in the folder of ru: %v", err)
	}
	if err := ru.settle(); err != nil {
		t.Errorf("after somebody else tried: %v", err)
	}
	// A folder from before there was a choice.
	old := t.TempDir()
	if err := os.WriteFile(filepath.Join(old, "keys.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := testPlan(t, options{Data: old, Profile: "ua"}).settle(); err == nil || !strings.Contains(err.Error(), "PROFILE=demo") {
		t.Errorf("ua in an old folder: %v", err)
	}
	if err := testPlan(t, options{Data: old}).settle(); err != nil {
		t.Errorf("demo in an old folder: %v", err)
	}
}
