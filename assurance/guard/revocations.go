package guard

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The bounds of what is remembered.
const (
	usualLifetime = 5 * time.Minute // of Surety's access tokens
	mostLifetime  = time.Hour
	maxMarks      = 100_000
	sweepEvery    = 30 * time.Second
)

// ErrUnheard means that revocations are not heard at the moment, and that
// tokens are let in until they end, as without Revocations.
var ErrUnheard = errors.New("revocations are not heard; tokens are let in until they end")

var errClosed = errors.New("revocations are not heard; nobody is let in")

// RevocationsConfig says whose events are believed, and how they come. Issuer
// and ClientID must be there; without ClientSecret events only come by push.
type RevocationsConfig struct {
	// Issuer, HTTPClient, Clock, Skew and Log are as in Config.
	Issuer     string
	HTTPClient *http.Client
	Clock      func() time.Time
	Skew       time.Duration
	Log        *slog.Logger
	// ClientID is the agency's client at Surety whose events these are: an
	// event must name it as its audience. ClientSecret is the client's, for
	// polling.
	ClientID     string
	ClientSecret string
	// Endpoint is where to poll; empty is a stream of this process's own at
	// Surety, ISSUER/events/poll?stream=RANDOM: it begins with what happened in
	// the last minutes, and other processes hear everything as well.
	Endpoint string
	// Lifetime is the longest life of an access token; zero is 5 minutes. What
	// is older is refused, so that a revocation may be forgotten as soon as all
	// tokens that it is about have ended.
	Lifetime time.Duration
	// FailClosedAfter is how long polling may fail before every token is
	// answered 503; until the first answer it is so too. Zero is never: then a
	// revoked token opens until it ends. At least 90 seconds, because an answer
	// with no news takes up to a minute.
	FailClosedAfter time.Duration
}

// Revocations knows which access tokens were taken back before their end. It
// hears of it by push (it is the http.Handler of RFC 8935) or by Poll (RFC
// 8936), or both, and may serve several guards of one issuer at once.
type Revocations struct {
	issuer, clientID, secret string
	endpoint                 string
	now                      func() time.Time
	skew, lifetime           time.Duration
	failClosedAfter          time.Duration
	log                      *slog.Logger
	http                     *http.Client // without a deadline of its own: an answer may take a minute
	events                   verifier

	mu      sync.RWMutex     // guards what follows
	marks   map[mark]span    // what was taken back
	seen    map[string]int64 // events by jti, until when they are kept
	floor   int64            // whatever was issued at or before it counts as taken back
	swept   time.Time        // when marks and seen were last tidied
	heard   time.Time        // the last good answer to a poll; zero: none yet
	failing bool             // the last poll failed
}

// mark names what a revocation is about.
type mark struct {
	kind markKind
	id   string
}

type markKind byte

const (
	markSubject markKind = iota // a person, by the name that the client knows
	markSession                 // sid
	markGrant                   // the part of jti before the dot
	markToken                   // jti
)

// span says which tokens a mark is about, and how long to remember it; both in
// seconds since 1970.
type span struct {
	upTo      int64 // those issued at or before
	keepUntil int64
}

// NewRevocations checks the configuration. It calls nobody; see Poll.
func NewRevocations(c RevocationsConfig) (*Revocations, error) {
	r := &Revocations{
		issuer: c.Issuer, clientID: c.ClientID, secret: c.ClientSecret, now: c.Clock, log: c.Log,
		lifetime: cmp.Or(c.Lifetime, usualLifetime), failClosedAfter: c.FailClosedAfter,
		endpoint: cmp.Or(c.Endpoint, strings.TrimSuffix(c.Issuer, "/")+"/events/poll?stream="+rand.Text()),
		marks:    map[mark]span{}, seen: map[string]int64{},
	}
	if r.now == nil {
		r.now = time.Now
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if err := r.check(c); err != nil {
		return nil, fmt.Errorf("guard: revocations: %w", err)
	}
	p := newProvider(c.Issuer, false, c.HTTPClient, r.now, r.log)
	r.events = verifier{typ: "secevent+jwt", provider: p}
	patient := *p.http // redirects are not followed: the secret goes to the provider alone
	patient.Timeout = 0
	r.http = &patient
	return r, nil
}

func (r *Revocations) check(c RevocationsConfig) error {
	var err error
	if r.skew, err = checkSkew(c.Skew); err != nil {
		return err
	}
	if err := checkIssuer(c.Issuer); err != nil {
		return fmt.Errorf("issuer %w", err)
	}
	if _, err := providerURL(r.endpoint); err != nil {
		return fmt.Errorf("endpoint %w", err)
	}
	switch {
	case strings.HasPrefix(c.Issuer, "https:") && !strings.HasPrefix(r.endpoint, "https:"):
		return errors.New("endpoint must be https as the issuer is")
	case !quotable(c.ClientID):
		return errors.New("client id must be there, without spaces and quotes")
	case r.lifetime < 0 || r.lifetime > mostLifetime:
		return fmt.Errorf("lifetime must be between 0 and %v", mostLifetime)
	case c.FailClosedAfter != 0 && c.ClientSecret == "":
		return errors.New("failing closed needs polling, which needs a client secret")
	case c.FailClosedAfter != 0 && c.FailClosedAfter < quietest:
		return fmt.Errorf("failing closed must wait %v at least", quietest)
	}
	return nil
}

// refuses reports whether the token was taken back, or that nobody can know.
func (r *Revocations) refuses(t Token) *refusal {
	now := r.now()
	if now.Sub(t.IssuedAt) > r.lifetime+r.skew {
		return expired // what is known of revocations does not reach back that far
	}
	grant, _, _ := strings.Cut(t.ID, ".") // the provider's jti begins with the grant
	issued := t.IssuedAt.Unix()
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.closed(now) {
		return unheard
	}
	if issued <= r.floor {
		return revoked
	}
	for _, m := range [...]mark{{markSession, t.SessionID}, {markSubject, t.Subject}, {markGrant, grant}, {markToken, t.ID}} {
		if s, there := r.marks[m]; there && issued <= s.upTo {
			return revoked
		}
	}
	return nil
}

// remember notes a revocation that happened at the given time. Tokens issued
// in that very second count as issued before: which was first nobody can tell.
func (r *Revocations) remember(m mark, at time.Time, forGood bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := span{upTo: at.Unix(), keepUntil: at.Add(r.lifetime + 2*r.skew).Unix()}
	if forGood {
		s.upTo = lastSecond
	}
	if s.keepUntil < r.now().Unix() {
		return // all tokens that it is about have ended
	}
	if old, there := r.marks[m]; there {
		s.upTo, s.keepUntil = max(s.upTo, old.upTo), max(s.keepUntil, old.keepUntil)
	} else if len(r.marks) >= maxMarks {
		r.forget()
	}
	r.marks[m] = s
}

// forget gives up telling tokens apart when there are too many revocations to
// remember: every token issued until now counts as taken back, and clients get
// new ones. The caller holds the lock.
func (r *Revocations) forget() {
	r.log.Warn("too many revocations to remember; all access tokens issued until now are refused", "count", len(r.marks))
	r.floor = r.now().Unix()
	clear(r.marks)
}

// repeated reports whether the event was taken before, and remembers it. A
// repeated event would change nothing: what it says counts from when it
// happened and not from when it comes.
func (r *Revocations) repeated(jti string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if now.Sub(r.swept) >= sweepEvery || now.Before(r.swept) {
		r.sweep(now)
	}
	if _, there := r.seen[jti]; there {
		return true
	}
	if len(r.seen) >= maxMarks {
		clear(r.seen)
	}
	r.seen[jti] = now.Add(r.lifetime + 2*r.skew).Unix()
	return false
}

// sweep drops what no living token is touched by. The caller holds the lock.
func (r *Revocations) sweep(now time.Time) {
	r.swept = now
	for m, s := range r.marks {
		if s.keepUntil < now.Unix() {
			delete(r.marks, m)
		}
	}
	for jti, until := range r.seen {
		if until < now.Unix() {
			delete(r.seen, jti)
		}
	}
}

// Ready reports whether revocations are heard: nil if so, or if they only come
// by push, of which nobody can tell. Else the error is ErrUnheard, or another
// one if requests are refused because of it (FailClosedAfter).
func (r *Revocations) Ready() error {
	if r.secret == "" {
		return nil
	}
	now := r.now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	switch {
	case r.closed(now):
		return errClosed
	case r.failing, r.heard.IsZero(), now.Sub(r.heard) > quietest:
		return ErrUnheard
	}
	return nil
}

// closed reports whether polling has failed for too long. The caller holds the lock.
func (r *Revocations) closed(now time.Time) bool {
	return r.failClosedAfter > 0 && (r.heard.IsZero() || now.Sub(r.heard) > r.failClosedAfter)
}

// hear notes how a poll ended, and says so when that changes.
func (r *Revocations) hear(ctx context.Context, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := r.heard.IsZero()
	if err == nil {
		r.heard = r.now()
	}
	switch was := r.failing; {
	case err != nil && !was:
		r.log.WarnContext(ctx, "revocations are not heard", "issuer", r.issuer, "error", err, "fails_closed_after", r.failClosedAfter)
	case err == nil && (was || first):
		r.log.InfoContext(ctx, "revocations are heard", "issuer", r.issuer)
	}
	r.failing = err != nil
}
