package world

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"surety/cmd/sandbox/outbox"
	"surety/idp"
	"surety/idp/client"
	"surety/idp/flow/account"
	"surety/idp/flow/operator"
	"surety/idp/idptest"
	"surety/idp/keys"
	"surety/idp/server"
)

// World is a running house that belongs to one test.
type World struct {
	testing.TB
	DB       *idptest.DB
	Issuer   string
	Outbox   *outbox.Box
	Operator *operator.Service
	Config   server.Config
	// Transport reaches the house; programs other than browsers may need it.
	Transport http.RoundTripper
	log       *lines
	ahead     *atomic.Int64 // how far protocol time is ahead of the real one
}

// Password is what every seeded account logs in with.
const Password = "mellow granite 58 lantern"

// New starts a world. It ends with the test.
func New(t testing.TB, options ...Option) *World {
	t.Helper()
	w := &World{TB: t, DB: idptest.Unopened(t), Transport: http.DefaultTransport, log: &lines{}, ahead: &atomic.Int64{}}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() {
		stop()
		running.Wait()
		if t.Failed() {
			t.Logf("the house's log:\n%s", w.log)
		}
	})
	l := w.must(net.Listen("tcp", "127.0.0.1:0"))
	w.Issuer = fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port)
	mail, sms := w.startOutbox(ctx, &running)
	w.Config = server.Config{
		Listen: []string{l.Addr().String()}, DatabaseURL: w.DB.URL, KeysFile: w.keysFile(), Profile: "demo",
		StopTimeout: 5 * time.Second, Sandbox: true, Log: w.log, Clock: w.Now,
		Mail: server.MailConfig{Addr: mail, From: "surety@example.test", TLS: "none"},
		SMS:  server.SMSConfig{URL: "http://" + sms + "/sms", KeyFile: w.file("sms-key", "sms-secret")},
	}
	for _, o := range options {
		o(w)
	}
	w.Config.Issuer = w.Issuer
	running.Go(func() { w.run(ctx, "serve", func() error { return w.serve(ctx, l) }) })
	running.Go(func() { w.run(ctx, "work", func() error { return server.Work(ctx, w.Config) }) })
	w.WaitReady()
	service, done, err := server.OpenOperator(ctx, w.Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(done)
	w.Operator = service
	return w
}

// serve answers on the open listener, or on its address when the house is to
// open it itself, with its own rules for TLS.
func (w *World) serve(ctx context.Context, l net.Listener) error {
	if w.Config.TLSCertFile == "" {
		return server.ServeOn(ctx, w.Config, []net.Listener{l})
	}
	if err := l.Close(); err != nil {
		return err
	}
	return server.Serve(ctx, w.Config)
}

func (w *World) run(ctx context.Context, what string, f func() error) {
	if err := f(); err != nil && ctx.Err() == nil {
		w.Errorf("%s ended: %v", what, err)
	}
}

func (w *World) must(l net.Listener, err error) net.Listener {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	return l
}

func (w *World) file(name, content string) string {
	w.Helper()
	path := filepath.Join(w.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		w.Fatal(err)
	}
	return path
}

func (w *World) keysFile() string { return w.file("keys.json", string(keys.NewRing().Marshal())) }

func (w *World) startOutbox(ctx context.Context, running *sync.WaitGroup) (mail, sms string) {
	box := outbox.New(outbox.Config{SMSKey: "sms-secret", Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	w.Outbox = box.Box()
	mailOn, webOn := w.must(net.Listen("tcp", "127.0.0.1:0")), w.must(net.Listen("tcp", "127.0.0.1:0"))
	running.Go(func() { w.run(ctx, "outbox", func() error { return box.Serve(ctx, mailOn, webOn) }) })
	return mailOn.Addr().String(), webOn.Addr().String()
}

// WaitReady asks the readiness probe until it says yes.
func (w *World) WaitReady() {
	w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	client := &http.Client{Transport: w.Transport}
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		if resp, err := client.Get(w.Issuer + "/ready"); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				tick.Stop()
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			w.Fatalf("the house is not ready:\n%s", w.log)
		}
	}
}

// Seed makes an account that logs in with the e-mail address and Password.
func (w *World) Seed(email string) account.Seeded {
	w.Helper()
	made, err := server.Seed(w.Context(), w.Config, []account.Seed{{
		Contact: email, FamilyName: "Kavalenka", GivenName: "Hanna", Patronymic: "Piatrouna", Password: Password, Language: "en",
	}})
	if err != nil {
		w.Fatal(err)
	}
	return made[0]
}

// Register adds one client from RFC 7591 metadata; development allows http on
// loopback.
func (w *World) Register(metadata string) operator.Registered {
	w.Helper()
	docs, err := client.ParseImport(strings.NewReader(metadata))
	if err != nil {
		w.Fatal(err)
	}
	docs[0].Metadata.Development = true
	made, err := w.Operator.AddClients(w.Context(), "test", []operator.Registration{{Metadata: docs[0].Metadata}}, false)
	if err != nil {
		w.Fatal(err)
	}
	return made[0]
}

// Mail waits for the next message to the address after the message with the
// given number, which may be 0.
func (w *World) Mail(to string, after int64) outbox.Message {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 20*time.Second)
	defer cancel()
	v := w.Outbox.Wait(ctx, outbox.Filter{To: to, After: after})
	if len(v.Messages) == 0 {
		w.Fatal(errors.New("no message came to " + to))
	}
	return v.Messages[0]
}

// Now is the time in this world: the real one, moved on by Advance.
func (w *World) Now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// Advance moves the world's time on, for both processes at once. What the
// database and the job queue take for the time stays real; nothing of ours
// depends on it.
func (w *World) Advance(d time.Duration) { w.ahead.Add(int64(d)) }

// Logged returns what the processes have logged so far.
func (w *World) Logged() string { return w.log.String() }

// For returns the same world for another test, which then is the one that
// fails: several may share a world that outlives them.
func (w *World) For(t testing.TB) *World {
	c := *w
	c.TB = t
	return &c
}

// AddContact gives an account one more confirmed contact, as a later page will.
func (w *World) AddContact(account idp.AccountID, kind idp.ContactKind, value string) {
	w.Helper()
	text, err := os.ReadFile(w.Config.KeysFile)
	if err != nil {
		w.Fatal(err)
	}
	ring, err := keys.ParseRing(text)
	if err != nil {
		w.Fatal(err)
	}
	owner := w.DB.Owner(w.TB)
	var wrapped []byte
	if err := owner.QueryRow(w.Context(), `SELECT data_key FROM account WHERE account_id = $1`, account).Scan(&wrapped); err != nil {
		w.Fatal(err)
	}
	key, err := ring.UnwrapDataKey([]byte(account), wrapped)
	if err != nil {
		w.Fatal(err)
	}
	mark := ring.Fingerprint(idp.MarkContact, []byte(string(kind)+":"+value))
	id, now := idp.NewID(), w.Now()
	_, err = owner.Exec(w.Context(), `
		INSERT INTO contact (contact_id, account_id, kind, fingerprint, sealed, is_main, confirmed_at, resets_from,
			last_used_at, created_at)
		VALUES ($1, $2, $3, $4, $5, false, $6, $6, $6, $6)`,
		id, account, kind, mark[:], key.Seal(idp.SealedContact, []byte(id), []byte(value)), now)
	if err != nil {
		w.Fatal(err)
	}
}

// Random returns text that no other test uses.
func Random() string { return strings.ToLower(rand.Text()[:12]) }

// lines keeps the log of a world for the case that its test fails.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write keeps what was logged, up to a bound.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text.Len() < 1<<20 {
		l.text.Write(p)
	}
	return len(p), nil
}

// String returns what was logged.
func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
