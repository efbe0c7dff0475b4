package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// defaultDeadline bounds one send, connection included.
const defaultDeadline = 10 * time.Second

// Failure says that a message was not taken.
type Failure struct {
	Permanent bool   // another try cannot help
	Status    int    // SMTP reply or HTTP status; 0 when none came
	Stage     string // what was being done
	cause     error  // kept for errors.Is alone: its text may hold an address
}

// Error gives the operator's face. It says what kind of cause there was, never
// its words.
func (f *Failure) Error() string {
	switch {
	case f.Status != 0:
		return fmt.Sprintf("%s: status %d", f.Stage, f.Status)
	case f.cause != nil:
		return f.Stage + ": " + kindOf(f.cause)
	default:
		return f.Stage
	}
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.cause }

// kindOf names an error without quoting it.
func kindOf(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "stopped"
	case errors.As(err, &dns):
		return "name not resolved"
	case errors.As(err, &op) && op.Op == "dial":
		return "no connection"
	default:
		return fmt.Sprintf("connection or protocol error (%T)", err)
	}
}

// refused is a failure of the message itself, found before anything was sent.
func refused(why string) error { return &Failure{Permanent: true, Stage: why} }

// nameOf derives a message's name outside from its event key. The key says
// what happened to whom inside the house; the name says nothing.
func nameOf(eventKey string) string {
	sum := sha256.Sum256([]byte("surety message\x00" + eventKey))
	return hex.EncodeToString(sum[:16])
}
