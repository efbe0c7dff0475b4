package events

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"

	"surety/idp"
	"surety/idp/oidc"
)

// Bounds of one poll.
const (
	mostEvents = 100      // in one answer
	mostDone   = 1000     // acknowledged and refused together
	maxPoll    = 64 << 10 // bytes
)

// request is what a client asks (RFC 8936, section 2.2).
type request struct {
	MaxEvents *int               `json:"maxEvents"`
	AtOnce    bool               `json:"returnImmediately"`
	Ack       []string           `json:"ack"`
	Errors    map[string]refusal `json:"setErrs"`
}

// refusal is why a client could not take an event (RFC 8935, section 2.4).
type refusal struct {
	Code string `json:"err"`
	Text string `json:"description"`
}

// question is a request that was checked.
type question struct {
	stream  string
	limit   int // 0: it only acknowledges
	atOnce  bool
	done    []string // acknowledged or refused: not to be given again
	refused map[string]refusal
}

// streamShape is what a stream may be called.
var streamShape = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,64}$`)

// read takes the question out of a request. Members that nobody knows are left
// alone (RFC 8936, section 2.2). Ids that cannot be ours acknowledge nothing.
//
// Errors: *oidc.Fault.
func read(w http.ResponseWriter, r *http.Request) (question, error) {
	q := question{limit: mostEvents}
	var err error
	if q.stream, err = stream(r.URL); err != nil {
		return q, err
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return q, oidc.Bad(oidc.InvalidRequest, "the body must be application/json")
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPoll))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return q, &oidc.Fault{Code: oidc.InvalidRequest, Description: "the body is too large", Status: http.StatusRequestEntityTooLarge}
	case err != nil:
		return q, oidc.Bad(oidc.InvalidRequest, "the body could not be read").Because(err)
	}
	var asked *request
	if err := json.Unmarshal(text, &asked); err != nil || asked == nil {
		return q, oidc.Bad(oidc.InvalidRequest, "the body is not a JSON object of RFC 8936").Because(err)
	}
	return asked.question(q)
}

func (asked request) question(q question) (question, error) {
	switch {
	case asked.MaxEvents != nil && *asked.MaxEvents < 0:
		return q, oidc.Bad(oidc.InvalidRequest, "maxEvents is negative")
	case len(asked.Ack)+len(asked.Errors) > mostDone:
		return q, oidc.Bad(oidc.InvalidRequest, "more is acknowledged than was ever given at once")
	case asked.MaxEvents != nil:
		q.limit = min(*asked.MaxEvents, mostEvents)
	}
	q.atOnce = asked.AtOnce || q.limit == 0
	for _, id := range asked.Ack {
		if idp.ValidID(id) {
			q.done = append(q.done, id)
		}
	}
	q.refused = map[string]refusal{}
	for id, why := range asked.Errors {
		if idp.ValidID(id) {
			q.done, q.refused[id] = append(q.done, id), why
		}
	}
	return q, nil
}

// stream is the name of the queue in the address; there need not be one.
func stream(u *url.URL) (string, error) {
	query, err := url.ParseQuery(u.RawQuery)
	name := query["stream"]
	switch {
	case err == nil && len(name) == 0:
		return "", nil
	case err != nil || len(name) > 1 || !streamShape.MatchString(name[0]):
		return "", oidc.Bad(oidc.InvalidRequest, "stream must be 1 to 64 letters, digits, dots, hyphens, underscores or tildes, once")
	}
	return name[0], nil
}
