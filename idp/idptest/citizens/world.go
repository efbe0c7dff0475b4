package citizens

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/authn/passkey"
	"surety/idp/authn/password"
	"surety/idp/client"
	"surety/idp/flow/account"
	"surety/idp/flow/factor"
	"surety/idp/flow/signin"
	"surety/idp/idptest"
	"surety/idp/keys"
	"surety/idp/oidc/claims"
	accounts "surety/idp/postgres/account"
	"surety/idp/postgres/audit"
	consents "surety/idp/postgres/consent"
	"surety/idp/postgres/desk"
	"surety/idp/postgres/job"
	"surety/idp/postgres/person"
	"surety/idp/profile"
	"surety/idp/session"
	"surety/idp/text"
)

// Issuer is where the links in messages lead.
const Issuer = "https://id.example"

// Password is one that the rules take.
const Password = "kettle-orbit-plum-42"

// World is everything that the use cases work with.
type World struct {
	testing.TB
	*idptest.DB
	Clock   *idptest.Clock
	Ring    *keys.Ring
	Profile profile.Profile
	Store   *accounts.Store
	People  *person.Store
	Clients *desk.Clients
	SignIn  *signin.Flow
	Account *account.Flow
	Factor  *factor.Flow
	Hashes  *Hasher
}

// Hasher is the real one, counting.
type Hasher struct {
	*password.Hasher
	Count atomic.Int64
	// During is called before each password is compared, for tests of what
	// happens meanwhile; nil does nothing.
	During func()
	Stale  bool // every verifier counts as made with old parameters
	Busy   bool // the queue is full
}

// NeedsRehash is the real one's, or true when Stale.
func (h *Hasher) NeedsRehash(verifier string) bool { return h.Stale || h.Hasher.NeedsRehash(verifier) }

// Hash counts and hashes.
func (h *Hasher) Hash(ctx context.Context, source, password string) (string, error) {
	h.Count.Add(1)
	return h.Hasher.Hash(ctx, source, password)
}

// Verify counts and compares.
func (h *Hasher) Verify(ctx context.Context, now time.Time, source, password string, c idp.Credential) (assurance.Use, error) {
	if h.Busy {
		return assurance.Use{}, idp.E(idp.CodeUnavailable, "error.busy").With("wait", time.Second)
	}
	h.Count.Add(1)
	if h.During != nil {
		h.During()
	}
	return h.Hasher.Verify(ctx, now, source, password, c)
}

// New wires a world of its own for the test.
func New(t testing.TB) *World {
	t.Helper()
	w := &World{TB: t, DB: idptest.Database(t), Clock: idptest.NewClock(time.Time{}), Ring: keys.NewRing()}
	quiet := slog.New(slog.DiscardHandler)
	var err error
	if w.Profile, err = profile.Load("demo"); err != nil {
		t.Fatal(err)
	}
	texts, err := text.Load(text.Config{Log: slog.New(failing{t})})
	if err != nil {
		t.Fatal(err)
	}
	hasher, err := password.New(password.Config{}, w.Ring, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	queue, err := job.NewQueue(w.DB.DB, w.Ring.Seal, quiet)
	if err != nil {
		t.Fatal(err)
	}
	w.Hashes = &Hasher{Hasher: hasher}
	w.Store, w.People, w.Clients = accounts.New(w.DB.DB, w.Ring), person.New(w.DB.DB, w.Ring), desk.NewClients(w.DB.DB)
	trail := audit.New(w.Ring.Seal)
	w.SignIn = signin.New(signin.Config{
		Issuer: Issuer, Rules: func() (assurance.Rules, error) { return assurance.One(w.Profile.Policy), nil }, Terms: w.Profile.Terms.Version, Contacts: w.Profile.Contacts,
	}, signin.Parts{
		InTx: w.InTx, Sessions: w.Store, Logins: w.Store, Interactions: w.Store, Throttles: w.Store, People: w.People,
		Consents: consents.New(w.DB.DB, w.Ring), Clients: desk.NewClientCache(w.Clients, w.Clock.Now), Passwords: w.Hashes,
		Procedures: desk.NewProcedureCache(desk.NewProcedures(w.DB.DB), w.Clock.Now), Audit: trail, Notices: queue, Texts: texts, Subjects: claims.Subjects{Ring: w.Ring}, Values: claims.Values,
		Fingerprint: w.Ring.Fingerprint, Now: w.Clock.Now, Civil: w.Clock.Now,
	})
	w.Account = account.New(account.Config{
		Issuer: Issuer, Terms: w.Profile.Terms.Version, Contacts: w.Profile.Contacts,
	}, account.Parts{
		InTx: w.InTx, Proofs: w.Store, Accounts: w.Store, Logins: w.Store, Arrivals: w.SignIn, People: w.People, Throttles: w.Store,
		Rules: password.NewRules([]string{"surety"}, nil), Passwords: w.Hashes, Audit: trail, Notices: queue, Texts: texts,
		Ring: w.Ring, Now: w.Clock.Now,
	})
	passkeys, err := passkey.New(passkey.Config{Issuer: Issuer, Name: "Surety"})
	if err != nil {
		t.Fatal(err)
	}
	w.Factor = factor.New(factor.Config{
		Issuer: Issuer, Name: "Surety",
		Rules: func() (assurance.Rules, error) { return assurance.One(w.Profile.Policy), nil }, Contacts: w.Profile.Contacts,
	}, factor.Parts{
		InTx: w.InTx, Arrivals: w.SignIn, Factors: w.Store, Recovery: w.Store, Codes: w.Store, Phones: w.Store, Passkeys: passkeys,
		Throttles: w.Store, People: w.People, Audit: trail, Notices: queue, Texts: texts, Ring: w.Ring, Now: w.Clock.Now, Civil: w.Clock.Now,
	})
	return w
}

// failing fails the test when a text is missing or cannot be filled.
type failing struct{ testing.TB }

func (failing) Enabled(context.Context, slog.Level) bool { return true }

func (f failing) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		f.Errorf("texts: %s: %s", r.Message, a)
		return true
	})
	return nil
}

func (f failing) WithAttrs([]slog.Attr) slog.Handler { return f }

func (f failing) WithGroup(string) slog.Handler { return f }

// Browser is a fresh browser at the address.
func Browser(source string) session.Browser {
	return session.Browser{
		Hash: session.BrowserHash(session.NewSecret()), Source: source, Language: "en",
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
	}
}

// Sent is a notice as it lies in the outbox.
type Sent struct {
	idp.Notice
	Code  string // the six digits in it, if it has any
	Token string // of the link in it, if it has one
}

// Outbox returns all notices, in the order in which they were queued.
func (w *World) Outbox() []Sent {
	w.Helper()
	rows, err := w.Query(w.Context(), `
		SELECT o.event_key, o.channel, o.kind, o.sealed
		FROM outbox o
		JOIN river_job j ON j.args->>'event_key' = o.event_key
		ORDER BY j.id`)
	if err != nil {
		w.Fatal(err)
	}
	defer rows.Close()
	var all []Sent
	for rows.Next() {
		var s Sent
		var sealed []byte
		if err := rows.Scan(&s.EventKey, &s.Channel, &s.Kind, &sealed); err != nil {
			w.Fatal(err)
		}
		plain, err := w.Ring.Open("outbox", []byte(s.EventKey), sealed)
		if err != nil {
			w.Fatal(err)
		}
		var payload struct {
			Message idp.Message       `json:"message"`
			Logout  *idp.LogoutNotice `json:"logout"`
		}
		if err := json.Unmarshal(plain, &payload); err != nil {
			w.Fatal(err)
		}
		s.Message, s.Logout = payload.Message, payload.Logout
		s.Code, s.Token = code(s.Message.Text), token(s.Message.Text)
		all = append(all, s)
	}
	if rows.Err() != nil {
		w.Fatal(rows.Err())
	}
	return all
}

// Last returns the newest notice to the address.
func (w *World) Last(to string) Sent {
	w.Helper()
	all := w.Outbox()
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Message.To == to {
			return all[i]
		}
	}
	w.Fatalf("nothing was sent to %s", to)
	return Sent{}
}

// code finds six digits that stand alone.
func code(text string) string {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(word) == 6 {
			return word
		}
	}
	return ""
}

func token(text string) string {
	_, after, found := strings.Cut(text, "/link?t=")
	if !found {
		return ""
	}
	return strings.Fields(after)[0]
}

// Client registers an agency with these members of RFC 7591 beside a redirect URI.
func (w *World) Client(id idp.ClientID, members string) *client.Client {
	w.Helper()
	doc, err := client.Parse([]byte(`{"client_name":"Tax office","redirect_uris":["https://tax.example/cb"]` + members + `}`))
	if err != nil {
		w.Fatal(err)
	}
	c, err := client.New(id, doc.Metadata, w.Clock.Now())
	if err != nil {
		w.Fatal(err)
	}
	err = w.InTx(w.Context(), func(ctx context.Context, tx idp.Tx) error { return w.Clients.Insert(ctx, tx, c) })
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// Must fails the test on an error.
func Must[T any](t testing.TB, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}
