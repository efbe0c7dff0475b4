package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// maxDelay bounds how long a fault may hold up a sender.
const maxDelay = time.Minute

// Fault is what goes wrong with the next messages of a channel.
type Fault struct {
	Channel string `json:"channel"` // email or sms
	Count   int    `json:"count"`   // with how many messages; 0 means all until deleted
	// Status is the answer: an SMTP reply code or an HTTP status; 0 means the
	// usual answer.
	Status int `json:"status,omitempty"`
	// Delay is how long the answer takes, as in "1.5s".
	Delay string `json:"delay,omitempty"`
	// Taken has the message kept although the answer is Status: the sender
	// does not learn that it arrived, and sends it again.
	Taken bool `json:"taken,omitempty"`

	delay time.Duration
	left  int
}

func (f *Fault) check() error {
	if f.Channel != channelEmail && f.Channel != channelSMS {
		return errors.New(`channel is neither "email" nor "sms"`)
	}
	if f.Status != 0 && (f.Status < 400 || f.Status > 599) {
		return errors.New("status is not from 400 to 599")
	}
	if f.Count < 0 {
		return errors.New("count is negative")
	}
	if f.Delay != "" {
		d, err := time.ParseDuration(f.Delay)
		if err != nil || d < 0 || d > maxDelay {
			return fmt.Errorf("delay is not a duration up to %s", maxDelay)
		}
		f.delay = d
	}
	if f.Taken && f.Status == 0 {
		return errors.New("taken needs a status: what the sender is told instead")
	}
	f.left = f.Count
	return nil
}

// faults holds at most one fault a channel.
type faults struct {
	mu     sync.Mutex
	active map[string]*Fault // by channel
}

// next returns the fault that the next message of the channel meets, after
// waiting as long as it says. The zero Fault is none.
func (f *faults) next(ctx context.Context, channel string) Fault {
	f.mu.Lock()
	met := Fault{}
	if active := f.active[channel]; active != nil {
		met = *active
		if active.Count > 0 {
			if active.left--; active.left == 0 {
				delete(f.active, channel)
			}
		}
	}
	f.mu.Unlock()
	if met.delay > 0 {
		timer := time.NewTimer(met.delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return met
}

func (f *faults) show(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := []Fault{}
	for _, channel := range []string{channelEmail, channelSMS} {
		if active := f.active[channel]; active != nil {
			shown := *active
			shown.Count = active.left
			list = append(list, shown)
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"faults": list})
}

func (f *faults) set(w http.ResponseWriter, r *http.Request) {
	var fault Fault
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<10))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&fault); err != nil {
		refuse(w, http.StatusBadRequest, "the body is not a fault")
		return
	}
	if err := fault.check(); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active[fault.Channel] = &fault
	w.WriteHeader(http.StatusNoContent)
}

func (f *faults) clear(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.active)
	w.WriteHeader(http.StatusNoContent)
}
