package guard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

// Bounds of polling.
const (
	pollDeadline = time.Minute      // for one answer; the provider holds it back while there is no news
	quietest     = 90 * time.Second // between two answers, if all is well
	pollPause    = time.Second      // before the next try after a fault, doubled with each, and after an answer without news that came at once
	longestPause = 30 * time.Second
	leastPause   = 50 * time.Millisecond // between an answer with news and the next question
	pollEvents   = 100                   // events in one answer
	maxAnswer    = 4 << 20               // bytes
)

// pollRequest is what is asked (RFC 8936, section 2.2).
type pollRequest struct {
	MaxEvents         int               `json:"maxEvents"`
	ReturnImmediately bool              `json:"returnImmediately"`
	Ack               []string          `json:"ack,omitempty"`
	Errors            map[string]*fault `json:"setErrs,omitempty"`
}

// pollAnswer is what comes back (RFC 8936, section 2.3).
type pollAnswer struct {
	Sets map[string]string `json:"sets"`
	More bool              `json:"moreAvailable"`
}

// Poll asks the provider for events until the context ends, whose error it
// returns. The provider holds its answer back until there is news, so news
// takes as long as the way. While it cannot be reached Poll tries again, with
// growing pauses; what that means for requests says FailClosedAfter.
//
// What was acknowledged does not come again: run Poll once for each Revocations.
func (r *Revocations) Poll(ctx context.Context) error {
	if r.secret == "" {
		return errors.New("guard: revocations: polling needs a client secret")
	}
	// The first answer comes at once, so that it is known that all is well.
	question, wait := pollRequest{ReturnImmediately: true}, pollPause
	for {
		question.MaxEvents = pollEvents
		began, held := time.Now(), !question.ReturnImmediately // not the clock: this is about the wire
		answer, err := r.ask(ctx, question)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			question, err = r.takeAll(ctx, answer)
		}
		r.hear(ctx, err)
		switch {
		case err != nil:
			// A half, at least, of the pause; the rest at random, so that guards
			// that lost the provider together do not come back together.
			pauseFor(ctx, wait/2+rand.N(wait/2+1))
			wait = min(2*wait, longestPause)
			question.ReturnImmediately = true
		case held && len(answer.Sets) == 0 && time.Since(began) < pollPause:
			wait = pollPause
			pauseFor(ctx, wait)
		default:
			wait = pollPause
			if !answer.More {
				pauseFor(ctx, leastPause) // should an endpoint neither hold back nor take what is acknowledged
			}
		}
	}
}

// takeAll takes what came and says what to tell about it with the next
// request. What cannot be checked now is not acknowledged: it comes again.
func (r *Revocations) takeAll(ctx context.Context, a pollAnswer) (next pollRequest, err error) {
	for named, raw := range a.Sets {
		jti, wrong := r.take(ctx, raw)
		if wrong == nil && jti != named {
			wrong = faultRequest
		}
		switch wrong {
		case nil:
			next.Ack = append(next.Ack, named)
		case later:
			err = errUnreachable
		default:
			r.log.WarnContext(ctx, "a polled event was refused", "error", wrong.Code, "reason", wrong.Text)
			if next.Errors == nil {
				next.Errors = map[string]*fault{}
			}
			next.Errors[named] = wrong
		}
	}
	return next, err
}

// ask sends one request.
func (r *Revocations) ask(ctx context.Context, q pollRequest) (a pollAnswer, err error) {
	ctx, cancel := context.WithTimeout(ctx, pollDeadline)
	defer cancel()
	body, err := json.Marshal(q)
	if err != nil {
		return a, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.endpoint, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	// RFC 6749, section 2.3.1: both are form-encoded first.
	req.SetBasicAuth(url.QueryEscape(r.clientID), url.QueryEscape(r.secret))
	resp, err := r.http.Do(req)
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return a, fmt.Errorf("poll: status %d", resp.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return a, fmt.Errorf("poll: %w", err)
	case len(text) > maxAnswer:
		return a, fmt.Errorf("poll: answer is longer than %d bytes", maxAnswer)
	}
	if json.Unmarshal(text, &a) != nil || a.Sets == nil {
		return a, errors.New("poll: answer is not the JSON that it should be")
	}
	return a, nil
}

// pauseFor waits, but not longer than the context.
func pauseFor(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
