package main

import (
	"container/list"
	"crypto/rand"
	"encoding/json"
	"sync"
	"time"
)

// Bounds of what is kept in memory.
const (
	maxBrowsers = 10_000
	maxPending  = 8 // logins that one browser has begun, one a tab
	browserLife = 12 * time.Hour
	pendingLife = time.Hour
)

// pending is a login that was begun and not yet finished.
type pending struct {
	state    string
	nonce    string
	verifier string        // PKCE
	maxAge   time.Duration // asked for; negative means not asked
	until    time.Time
	// procedure is the service that the person wants; empty for none.
	procedure string
}

// visit is a signed-in person.
type visit struct {
	subject      string
	sid          string // of the session at Surety
	idToken      string // for id_token_hint
	accessToken  string
	refreshToken string
	acr          string
	amr          []string
	authTime     time.Time
	claims       map[string]json.RawMessage // of the ID token
	userinfo     map[string]json.RawMessage
	refreshed    time.Time
}

// told is how a session ended that Surety ended.
type told struct {
	at time.Time
}

// browser is all that is known of one browser. It is only read and written
// inside browsers.update.
type browser struct {
	pending []pending
	visit   *visit
	told    *told
	until   time.Time
}

// browsers keeps them by the value of their cookie. It is safe for concurrent use.
type browsers struct {
	now func() time.Time

	mu   sync.Mutex
	byID map[string]*list.Element // of entry
	used *list.List               // the least recently used first
}

type entry struct {
	id string
	b  *browser
}

func newBrowsers(now func() time.Time) *browsers {
	return &browsers{now: now, byID: map[string]*list.Element{}, used: list.New()}
}

// update calls f with the browser's state; f must not keep it. It reports
// whether there is such a browser.
func (s *browsers) update(id string, f func(*browser)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.byID[id]
	if !ok {
		return false
	}
	if b := found.Value.(entry).b; !s.now().Before(b.until) {
		s.remove(found)
		return false
	}
	s.used.MoveToBack(found)
	f(found.Value.(entry).b)
	return true
}

// add keeps a new browser and returns its cookie. When there are too many the
// one unused for longest goes: it has to log in again, others do not notice.
func (s *browsers) add(b *browser) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.byID) >= maxBrowsers {
		s.remove(s.used.Front())
	}
	id := rand.Text()
	b.until = s.now().Add(browserLife)
	s.byID[id] = s.used.PushBack(entry{id, b})
	return id
}

// drop forgets a browser.
func (s *browsers) drop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, ok := s.byID[id]; ok {
		s.remove(found)
	}
}

// remove takes an element out. The caller holds mu.
func (s *browsers) remove(e *list.Element) {
	delete(s.byID, e.Value.(entry).id)
	s.used.Remove(e)
}

// end signs out every browser whose session Surety named, and notes in each
// that Surety said so. A token with a session names that one alone; with a
// subject only, all of that person's (Back-Channel Logout 1.0, section 2.7).
// It returns how many there were.
func (s *browsers) end(subject, sid string, at time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	ended := 0
	for e := s.used.Front(); e != nil; e = e.Next() {
		b := e.Value.(entry).b
		if b.visit == nil || subject != "" && b.visit.subject != subject || sid != "" && b.visit.sid != sid {
			continue
		}
		b.visit, b.told = nil, &told{at: at}
		ended++
	}
	return ended
}

// begin notes a login that was begun; the oldest makes room.
func (b *browser) begin(p pending) {
	if len(b.pending) >= maxPending {
		b.pending = b.pending[1:]
	}
	b.pending = append(b.pending, p)
}

// finish takes the login with this state out. Each can be finished once.
func (b *browser) finish(state string, now time.Time) (pending, bool) {
	for i, p := range b.pending {
		if p.state == state {
			b.pending = append(b.pending[:i:i], b.pending[i+1:]...)
			return p, now.Before(p.until)
		}
	}
	return pending{}, false
}
