package server

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"surety/idp"
	"surety/idp/keys"
	"surety/idp/oidc/events"
	"surety/idp/postgres/audit"
	"surety/idp/postgres/db"
	"surety/idp/postgres/desk"
	"surety/idp/postgres/job"
	"surety/idp/profile"
	"surety/idp/text"
	"surety/idp/web"
)

// house is what every process opens: configuration, database, keys, profile.
type house struct {
	cfg     Config
	log     *slog.Logger
	ring    *keys.Ring
	profile profile.Profile
	texts   *text.Catalogue
	roots   *x509.CertPool // nil means the machine's own
	db      *db.DB
	audit   *audit.Store
	queue   *job.Queue
	clients *desk.ClientCache
	// procedures are what agencies offer, and what each asks of a person.
	procedures *desk.ProcedureCache
	keySet     *desk.KeySet
	// policies know which policy is in force; they read when first asked.
	policies *desk.PolicySet
	polls    *events.Hub // of agencies that wait for news
}

// now is protocol time. It is always real outside tests (DESIGN §8).
func (h *house) now() time.Time {
	if h.cfg.Clock != nil {
		return h.cfg.Clock()
	}
	return time.Now()
}

// civil is the time of documents, proofings and consents. It is real where
// people live; a sandbox will shift it.
func (h *house) civil() time.Time { return h.now() }

// NewLog returns the log of a process: one JSON object a line, with the
// request's id where there is a request.
func NewLog(w io.Writer) *slog.Logger {
	return slog.New(web.LogHandler{Handler: slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelInfo})})
}

// open reads keys and profile and opens the database. close gives back what
// it took.
func open(ctx context.Context, cfg Config, name string) (h *house, err error) {
	if err := cfg.CheckStore(); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = os.Stderr
	}
	h = &house{cfg: cfg, log: NewLog(cfg.Log)}
	if h.ring, err = openRing(cfg.KeysFile); err != nil {
		return nil, err
	}
	if h.profile, err = profile.Load(cfg.Profile); err != nil {
		return nil, fmt.Errorf("load profile %q: %w", cfg.Profile, err)
	}
	if h.texts, err = text.Load(text.Config{Zone: h.profile.TimeZone, Log: h.log}); err != nil {
		return nil, err
	}
	if h.roots, err = openRoots(cfg.CAFile); err != nil {
		return nil, err
	}
	if h.db, err = db.Open(ctx, db.Config{URL: cfg.DatabaseURL, Name: name, Log: h.log}); err != nil {
		return nil, err
	}
	h.audit = audit.New(h.ring.Seal)
	if h.queue, err = job.NewQueue(h.db, h.ring.Seal, h.log); err != nil {
		h.close()
		return nil, err
	}
	h.clients = desk.NewClientCache(desk.NewClients(h.db), h.now)
	h.procedures = desk.NewProcedureCache(desk.NewProcedures(h.db), h.now)
	h.polls = events.NewHub()
	h.policies = desk.NewPolicySet(desk.NewPolicies(h.db), h.profile.Name, profile.ParsePolicy, h.now, h.log)
	return h, nil
}

// keyTries is how often a starting process asks for the signing keys.
const keyTries = 5

// openKeys reads the signing keys and makes the first ones on an empty
// system, so that nobody needs to remember a command before the first start.
func (h *house) openKeys(ctx context.Context) (err error) {
	// Another process that has just started may be making the first keys, on a
	// slow machine for longer than anybody waits for a lock.
	for range keyTries {
		if _, err = h.operator().TendKeys(ctx); idp.CodeOf(err) != idp.CodeUnavailable {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("make signing keys: %w", err)
	}
	h.keySet, err = desk.OpenKeySet(ctx, desk.NewKeys(h.db), h.ring, h.now, h.log)
	return err
}

func (h *house) close() { h.db.Close() }

func openRing(path string) (*keys.Ring, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read master keys: %w", err)
	}
	return keys.ParseRing(raw)
}

// openRoots adds authorities of one's own to the machine's.
func openRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read authorities: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read authorities: %s holds no certificate", path)
	}
	return pool, nil
}
