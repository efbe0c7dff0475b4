package guard

import (
	"context"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

// The events that take tokens back (OpenID Continuous Access Evaluation
// Profile 1.0, sections 3.1 and 3.4).
const (
	eventSession = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
	eventLevel   = "https://schemas.openid.net/secevent/caep/event-type/assurance-level-change"
)

// maxEvents bounds the events in one token; there is one, as a rule.
const maxEvents = 16

// fault is why an event was not taken (RFC 8935, section 2.4).
type fault struct {
	Code string `json:"err"`
	Text string `json:"description"`
}

// All faults there are. later means that the event may be good, and the keys
// to tell cannot be had.
var (
	later         = &fault{"", "events cannot be checked at the moment"}
	faultRequest  = &fault{"invalid_request", "the event is not a security event token that is understood here"}
	faultKey      = &fault{"invalid_key", "the event is not signed with a key of the issuer"}
	faultIssuer   = &fault{"invalid_issuer", "the event is of another issuer"}
	faultAudience = &fault{"invalid_audience", "the event is for another audience"}
)

// securityEvent is a SET (RFC 8417, section 2.2), as far as it is followed.
type securityEvent struct {
	Issuer   string                     `json:"iss"`
	Audience audience                   `json:"aud"`
	ID       string                     `json:"jti"`
	Issued   *date                      `json:"iat"`
	Occurred *date                      `json:"toe"`
	Subject  json.RawMessage            `json:"sub_id"`
	Events   map[string]json.RawMessage `json:"events"`
}

// subjectID is who or what an event is about (RFC 9493; OpenID Shared Signals
// Framework 1.0, section 3): one name, or one for each side of it.
type subjectID struct {
	Format  string     `json:"format"`
	Issuer  string     `json:"iss"`
	Subject string     `json:"sub"`
	ID      string     `json:"id"`
	JTI     string     `json:"jti"`
	User    *subjectID `json:"user"`
	Session *subjectID `json:"session"`
	Grant   *subjectID `json:"grant"`
	Token   *subjectID `json:"token"`
}

// happening is what one event says of itself.
type happening struct {
	At        *date  `json:"event_timestamp"`
	Direction string `json:"change_direction"`
}

// take verifies one event and remembers what it takes back.
func (r *Revocations) take(ctx context.Context, raw string) (jti string, wrong *fault) {
	payload, _, _, no := r.events.payload(ctx, raw)
	switch no {
	case nil:
	case noKeys:
		return "", later
	case unknownKey, badSignature, badAlgorithm:
		return "", faultKey
	default:
		return "", faultRequest
	}
	var e securityEvent
	if err := json.Unmarshal(payload, &e); err != nil {
		return "", faultRequest
	}
	switch {
	case e.Issuer != r.issuer:
		return "", faultIssuer
	case !slices.Contains(e.Audience, r.clientID):
		return "", faultAudience
	case e.ID == "" || e.Issued == nil || e.Issued.After(r.now().Add(r.skew)):
		return "", faultRequest
	case len(e.Events) == 0 || len(e.Events) > maxEvents:
		return "", faultRequest
	}
	return e.ID, r.follow(e)
}

// follow acts on the events that are known; others are for other readers.
func (r *Revocations) follow(e securityEvent) *fault {
	type change struct {
		at      time.Time
		forGood bool
	}
	var changes []change
	for name, text := range e.Events {
		if name != eventSession && name != eventLevel {
			continue
		}
		var h happening
		if err := json.Unmarshal(text, &h); err != nil {
			return faultRequest
		}
		if name == eventLevel && h.Direction == "increase" {
			continue // the token says less than is true, which harms nobody
		}
		changes = append(changes, change{e.when(h), name == eventSession})
	}
	if len(changes) == 0 {
		return nil
	}
	about, ok := r.about(e.Subject)
	if !ok {
		return faultRequest // it would be lost: better the provider hears of it
	}
	if r.repeated(e.ID) {
		return nil
	}
	for _, c := range changes {
		// A session, a grant, a token that has ended is over. A person logs in again.
		r.remember(about, c.at, c.forGood && about.kind != markSubject)
	}
	return nil
}

// when is the time of an event: never later than it was told, or it would
// touch tokens that came after it.
func (e securityEvent) when(h happening) time.Time {
	at := e.Issued.Time
	for _, told := range []*date{h.At, e.Occurred} {
		if told != nil && told.Before(at) {
			return told.Time
		}
	}
	return at
}

// about finds the narrowest thing that a subject names.
func (r *Revocations) about(text json.RawMessage) (mark, bool) {
	var s subjectID
	if len(text) == 0 || json.Unmarshal(text, &s) != nil {
		return mark{}, false
	}
	if s.Format != "complex" {
		return r.simple(&s)
	}
	for _, side := range []struct {
		name *subjectID
		kind markKind
	}{{s.Token, markToken}, {s.Grant, markGrant}, {s.Session, markSession}, {s.User, markSubject}} {
		if side.name == nil {
			continue
		}
		if side.name.Format == "opaque" && side.kind != markSubject {
			return mark{side.kind, side.name.ID}, side.name.ID != ""
		}
		m, ok := r.simple(side.name)
		return m, ok && m.kind == side.kind
	}
	return mark{}, false
}

// simple reads a subject that is one name.
func (r *Revocations) simple(s *subjectID) (mark, bool) {
	switch {
	case s.Issuer != r.issuer:
		return mark{}, false
	case s.Format == "iss_sub":
		return mark{markSubject, s.Subject}, s.Subject != ""
	case s.Format == "jwt_id":
		return mark{markToken, s.JTI}, s.JTI != ""
	}
	return mark{}, false
}

// ServeHTTP takes one pushed event (RFC 8935). Its signature is all the
// authentication there is, so it may stand where anybody can reach it.
func (r *Revocations) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "events are posted", http.StatusMethodNotAllowed)
		return
	}
	kind, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	body, readErr := io.ReadAll(http.MaxBytesReader(w, req.Body, maxToken))
	wrong := faultRequest
	if err == nil && readErr == nil && kind == "application/secevent+jwt" {
		_, wrong = r.take(req.Context(), string(body))
	}
	switch wrong {
	case nil:
		w.WriteHeader(http.StatusAccepted)
	case later:
		w.Header().Set("Retry-After", strconv.Itoa(int(pause/time.Second)))
		http.Error(w, later.Text, http.StatusServiceUnavailable)
	default:
		r.log.WarnContext(req.Context(), "a pushed event was refused", "error", wrong.Code, "reason", wrong.Text)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Language", "en")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(wrong) // the sender is gone if this fails
	}
}
