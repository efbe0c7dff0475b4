package guard

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Bounds of what is asked of the provider.
const (
	pause    = 10 * time.Second // between the beginnings of two fetches, whoever insists
	deadline = 5 * time.Second  // for one fetch, of both documents
	// outage is how long a failed fetch is remembered: whoever comes in this
	// time is not made to wait for another that will fail too.
	outage = time.Minute
	// keep is how long the last keys serve while no others can be had. Longer,
	// and whoever holds a stolen key need only keep the guard from hearing
	// that it was withdrawn.
	keep = 24 * time.Hour
)

var (
	errUnreachable = errors.New("the provider's keys cannot be had")
	errNoKeys      = errors.New("the provider has no keys that serve here")
)

// provider is what is known of the issuer: its keys and levels, fetched when
// needed, by one fetch at a time for all requests.
type provider struct {
	issuer     string
	wantLevels bool
	http       *http.Client
	now        func() time.Time
	log        *slog.Logger

	mu      sync.Mutex    // guards what follows; never held during a fetch
	known   *published    // the last good answer, never changed; nil before the first
	began   time.Time     // the last fetch; zero: never
	failed  bool          // the last fetch that ended did so badly
	running chan struct{} // closed at the end of the fetch under way; nil: none is
}

// published is one answer of the provider.
type published struct {
	keys   map[string][]publicKey // by kid
	levels []string
	at     time.Time // when it was asked for
	until  time.Time // when to ask again
}

// publicKey is a key for one algorithm. Keys are found by name and algorithm
// together, so that no key is ever used as the token wishes and not as the
// provider meant it.
type publicKey struct {
	algorithm jose.SignatureAlgorithm
	key       any
}

func newProvider(issuer string, wantLevels bool, c *http.Client, now func() time.Time, log *slog.Logger) *provider {
	own := &http.Client{}
	if c != nil {
		*own = *c
	}
	// What the provider signs for is where its own address leads, not where
	// somebody on the way would like to have it.
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &provider{issuer: issuer, wantLevels: wantLevels, http: own, now: now, log: log}
}

// key finds the key that a token names, asking the provider anew if it is not
// among the known ones.
func (p *provider) key(ctx context.Context, h header) (*publicKey, *refusal) {
	known, err := p.current(ctx)
	if err != nil {
		return nil, noKeys
	}
	keys, named := known.keys[h.KeyID]
	if !named {
		if known, err = p.renewed(ctx); err != nil {
			return nil, noKeys // the token may be good: it is not for us to say
		}
		keys = known.keys[h.KeyID]
	}
	if len(known.keys) == 0 {
		return nil, noKeys
	}
	i := slices.IndexFunc(keys, func(k publicKey) bool { return k.algorithm == h.Algorithm })
	if i < 0 {
		return nil, unknownKey
	}
	return &keys[i], nil
}

// levels returns the provider's levels, lowest first. If one of those that are
// to be compared is missing the provider is asked anew: a policy may have
// brought it since.
func (p *provider) levels(ctx context.Context, acr, level string) ([]string, error) {
	known, err := p.current(ctx)
	if err != nil {
		return nil, err
	}
	if slices.Contains(known.levels, level) && (acr == "" || slices.Contains(known.levels, acr)) {
		return known.levels, nil
	}
	if fresh, err := p.renewed(ctx); err == nil {
		known = fresh
	}
	return known.levels, nil
}

// current returns what is known, after asking the provider if it is too old.
// While the provider is down the last answer stays, and nobody waits.
func (p *provider) current(ctx context.Context) (*published, error) {
	p.mu.Lock()
	now, known := p.now(), p.known
	if known != nil && !now.Before(known.at) && now.Before(known.until) {
		p.mu.Unlock()
		return known, nil
	}
	down := p.failed && now.Sub(p.began) < outage
	done := p.begin(now)
	p.mu.Unlock()
	if down && known != nil {
		return known.unlessTooOld(now)
	}
	if err := wait(ctx, done); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known.unlessTooOld(p.now())
}

// renewed asks the provider although the last answer is fresh, if that was not
// done just now. It returns what is known then, or an error if the provider
// could not be asked.
func (p *provider) renewed(ctx context.Context) (*published, error) {
	p.mu.Lock()
	done := p.begin(p.now())
	p.mu.Unlock()
	if err := wait(ctx, done); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed {
		return nil, errUnreachable
	}
	return p.known, nil
}

// begin returns the end of the fetch under way, after starting one if none is
// and the last began long enough ago. Otherwise it returns nil. The caller
// holds the lock.
func (p *provider) begin(now time.Time) <-chan struct{} {
	since := now.Sub(p.began)
	if p.running != nil || !p.began.IsZero() && since >= 0 && since < pause {
		return p.running
	}
	p.began, p.running = now, make(chan struct{})
	go p.fetchOnce(now, p.running)
	return p.running
}

// fetchOnce fetches for everybody who waits. It has a deadline of its own: the
// request that caused it may be gone before the others.
func (p *provider) fetchOnce(now time.Time, done chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	found, err := p.fetch(ctx, now)
	if err != nil {
		p.log.Warn("fetch the provider's keys", "issuer", p.issuer, "error", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		// A good answer is believed even if it holds no keys: that is how a
		// provider withdraws them all.
		p.known = found
	}
	p.failed, p.running = err != nil, nil
	close(done)
}

// wait waits for the end of a fetch; there may be none.
func wait(ctx context.Context, done <-chan struct{}) error {
	if done == nil {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (k *published) unlessTooOld(now time.Time) (*published, error) {
	if k == nil || now.Sub(k.at) >= keep {
		return nil, errUnreachable
	}
	return k, nil
}
