package token

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"surety/idp"

	"github.com/go-jose/go-jose/v4"
)

// Bounds of what is fetched from a client's jwks_uri.
const (
	keySetAge   = 5 * time.Minute  // a set is believed for so long
	keySetPause = 10 * time.Second // and not asked for more often than so, whoever insists
	keySetSize  = 64 << 10         // bytes
	keySetTime  = 3 * time.Second  // for one fetch
	keySetMost  = 4096             // addresses remembered
)

// Fetcher is the KeySets of production: it fetches over HTTP and remembers.
type Fetcher struct {
	http *http.Client
	now  func() time.Time

	mu   sync.Mutex // guards sets, not what is in them
	sets map[string]*fetched
}

// fetched is what is known of one address. Its mutex is held during a fetch,
// so that many requests of one client make one.
type fetched struct {
	mu  sync.Mutex
	set jose.JSONWebKeySet
	at  time.Time // of the last fetch, good or bad; zero: never
	ok  bool      // set came by a good one
}

// NewFetcher returns a fetcher. The client must refuse private addresses, as
// the one for back-channel logout does, or an agency could have us call into
// our own network; redirects are not followed whatever it says.
func NewFetcher(c *http.Client, now func() time.Time) *Fetcher {
	own := *c
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Fetcher{http: &own, now: now, sets: map[string]*fetched{}}
}

var errKeySet = idp.E(idp.CodeUnavailable, "error.unavailable")

// Keys returns the keys at the address.
func (f *Fetcher) Keys(ctx context.Context, uri string, fresh bool) (jose.JSONWebKeySet, error) {
	e := f.entry(uri)
	e.mu.Lock()
	defer e.mu.Unlock()
	age := f.now().Sub(e.at)
	if e.at.IsZero() || age >= keySetAge || fresh && age >= keySetPause {
		// A set that cannot be fetched now leaves the old one good for its age.
		set, err := f.fetch(ctx, uri)
		e.at = f.now()
		if err == nil {
			e.set, e.ok = set, true
		} else if !e.ok || age >= keySetAge {
			e.ok = false
			return jose.JSONWebKeySet{}, errKeySet.Because(err)
		}
	}
	if !e.ok {
		return jose.JSONWebKeySet{}, errKeySet
	}
	return e.set, nil
}

func (f *Fetcher) entry(uri string) *fetched {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.sets[uri]
	if e == nil {
		if len(f.sets) >= keySetMost {
			clear(f.sets) // rare, and costs one fetch each
		}
		e = &fetched{}
		f.sets[uri] = e
	}
	return e
}

func (f *Fetcher) fetch(ctx context.Context, uri string) (jose.JSONWebKeySet, error) {
	var set jose.JSONWebKeySet
	ctx, cancel := context.WithTimeout(ctx, keySetTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return set, fmt.Errorf("fetch key set: %w", err)
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := f.http.Do(req)
	if err != nil {
		return set, fmt.Errorf("fetch key set: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return set, fmt.Errorf("fetch key set: status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, keySetSize+1))
	if err != nil {
		return set, fmt.Errorf("fetch key set: %w", err)
	}
	if len(body) > keySetSize {
		return set, fmt.Errorf("fetch key set: larger than %d bytes", keySetSize)
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return set, fmt.Errorf("read key set: %w", err)
	}
	return set, nil
}
