package events

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/oidc"
)

// Store is where events wait. idp/postgres/event is one.
type Store interface {
	// Read notes which events the client has, and returns the oldest of those
	// that it has not. Errors: unavailable.
	Read(ctx context.Context, client idp.ClientID, stream string, done []string, limit int, now time.Time) ([]idp.SecurityEvent, error)
}

// Config is what the endpoint is made of. Every field is needed but those that
// say otherwise.
type Config struct {
	// Caller says which client a request is from. Errors: *oidc.Fault, unavailable.
	Caller func(r *http.Request) (*client.Client, error)
	Store  Store
	Hub    *Hub
	// Token signs the token of an event.
	Token func(e idp.SecurityEvent) (string, error)
	Now   func() time.Time // protocol time
	// Hold is how long a poll waits for news; zero is 12 seconds.
	Hold time.Duration
	// Look is how often a poll that waits looks without being told; zero is 5 seconds.
	Look time.Duration
	Log  *slog.Logger
}

const (
	usualHold = 12 * time.Second // below what a request may take (idp/web) and be read in (idp/server)
	usualLook = 5 * time.Second
)

// Endpoint answers polls. Make it with New.
type Endpoint struct{ Config }

// New returns the endpoint.
func New(c Config) *Endpoint {
	if c.Hold == 0 {
		c.Hold = usualHold
	}
	if c.Look == 0 {
		c.Look = usualLook
	}
	return &Endpoint{Config: c}
}

// answer is what comes back (RFC 8936, section 2.3).
type answer struct {
	Sets map[string]string `json:"sets"`
	More bool              `json:"moreAvailable"`
}

var errUnregistered = &oidc.Fault{Code: oidc.UnauthorizedClient, Description: "this client is not registered for security events", Status: http.StatusForbidden}

// ServeHTTP answers one poll.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := e.poll(w, r)
	if err == nil {
		oidc.WriteJSON(w, http.StatusOK, a)
		return
	}
	f := oidc.FaultOf(err)
	if f.Status >= http.StatusInternalServerError && r.Context().Err() == nil {
		e.Log.LogAttrs(r.Context(), slog.LevelError, "poll for security events failed", slog.String("code", f.Code), slog.Any("error", err))
	}
	oidc.WriteFault(w, f)
}

func (e *Endpoint) poll(w http.ResponseWriter, r *http.Request) (answer, error) {
	c, err := e.Caller(r)
	switch {
	case err != nil:
		return answer{}, err
	case c.SecurityEvents != client.EventsPoll:
		return answer{}, errUnregistered
	}
	q, err := read(w, r)
	if err != nil {
		return answer{}, err
	}
	for id, why := range q.refused {
		e.Log.LogAttrs(r.Context(), slog.LevelWarn, "a security event was refused by its client", slog.String("client_id", string(c.ID)),
			slog.String("event_id", id), slog.String("error", short(why.Code)), slog.String("description", short(why.Text)))
	}
	found, err := e.wait(r.Context(), c.ID, q)
	if err != nil {
		return answer{}, err
	}
	return e.sign(found, q.limit)
}

// wait returns what is new for the client, one more than it wants to get if
// there are more, or nothing when its time is up.
func (e *Endpoint) wait(ctx context.Context, id idp.ClientID, q question) ([]idp.SecurityEvent, error) {
	look := func() ([]idp.SecurityEvent, error) {
		return e.Store.Read(ctx, id, q.stream, q.done, q.limit+1, e.Now())
	}
	if q.atOnce || e.Hub.over() {
		return look()
	}
	me, err := e.Hub.join(id)
	if err != nil {
		return nil, err
	}
	defer e.Hub.leave(id, me)
	over, again := time.NewTimer(e.Hold), time.NewTicker(e.Look)
	defer over.Stop()
	defer again.Stop()
	for {
		found, err := look()
		if err != nil || len(found) > 0 {
			return found, err
		}
		q.done = nil // is noted
		select {
		case <-me.woken:
		case <-again.C:
		case <-over.C:
			return nil, nil
		case <-e.Hub.ended:
			return nil, nil
		case <-ctx.Done():
			return nil, nil // nobody is there to answer to
		}
	}
}

func (e *Endpoint) sign(found []idp.SecurityEvent, limit int) (answer, error) {
	a := answer{Sets: map[string]string{}, More: len(found) > limit}
	for _, event := range found[:min(len(found), limit)] {
		token, err := e.Token(event)
		if err != nil {
			return answer{}, err
		}
		a.Sets[event.ID] = token
	}
	return a, nil
}

// short bounds what a client has us write into the log.
func short(text string) string { return oidc.Printable(text[:min(len(text), 200)]) }
