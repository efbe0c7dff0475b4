package job

import (
	"context"
	"time"

	"surety/idp"
)

// Sender takes one notice out of the house. Errors are kept with the job, so
// they hold no address, code or token. Sending the same event key twice must
// be one message to the receiver.
type Sender interface {
	Send(ctx context.Context, now time.Time, n idp.Notice) error
}

// SenderFunc is a function that sends.
type SenderFunc func(ctx context.Context, now time.Time, n idp.Notice) error

// Send calls f.
func (f SenderFunc) Send(ctx context.Context, now time.Time, n idp.Notice) error {
	return f(ctx, now, n)
}

// Bounds of one try (DESIGN §8): a job that has not ended after Rescue counts
// as lost with its worker and is tried again, so it must be over before.
const (
	SendTimeout = 10 * time.Second // what a sender may take
	NoteTimeout = 3 * time.Second  // what noting the outcome may take
	Rescue      = 15 * time.Second
)

// pauses grow, so that a gateway that is down for a minute is asked again
// soon and one that is down for a day is not flooded.
var pauses = []time.Duration{
	2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute,
}

// Pause returns how long to wait after the given number of failed tries.
func Pause(tries int) time.Duration {
	return pauses[min(max(tries, 1), len(pauses))-1]
}

// MostTries is more tries than any notice gets before it is too old.
const MostTries = 100

// worth is how long sending still makes sense: codes in a text message have
// ended long before an hour is over, those in an e-mail live for a day.
var worth = map[idp.Channel]time.Duration{
	idp.ChannelEmail:             24 * time.Hour,
	idp.ChannelSMS:               time.Hour,
	idp.ChannelBackchannelLogout: 24 * time.Hour,
}

// TooOld reports whether a notice decided at the given moment is no longer
// worth another try.
func TooOld(channel idp.Channel, decided, now time.Time) bool {
	return now.Sub(decided) > worth[channel]
}

// Task is work that comes back by the clock. One worker of all does it at a
// time. It must be safe to be cut off and to be done twice.
type Task struct {
	Name  string // lower case with underscores
	Every time.Duration
	Do    func(ctx context.Context, now time.Time) error
}

// TaskTimeout bounds one run of a task; what is left is done the next time.
const TaskTimeout = 10 * time.Second
