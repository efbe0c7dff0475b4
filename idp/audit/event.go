package audit

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"surety/idp"

	"github.com/google/uuid"
)

// SealFunc encrypts a personal value. The Seal methods of the key ring and of
// a person's data key (idp/keys) have this shape: name, context, plain text.
type SealFunc func(name string, context, plain []byte) []byte

// Event is something that happened and must be provable later.
type Event struct {
	Type      string            // "noun.verb" in the past, for example "session.started"
	AccountID idp.AccountID     // whom it concerns
	ActorID   string            // who did it when that is somebody else: operator's id, "command", "system"
	ClientID  idp.ClientID      // the relying party involved
	SessionID idp.SessionID     // the session in which it happened
	Attrs     map[string]string // ids and kinds only: they are stored in clear, for good
	Personal  map[string]string // what names or describes a person; stored sealed
	// Seal encrypts Personal. A person's data key makes erasure reach the
	// audit too; nil means the key ring.
	Seal SealFunc
}

// Record is an event as it is stored. Personal is sealed.
type Record struct {
	ID        int64  // order within the transaction
	XID       uint64 // transaction
	At        time.Time
	Type      string
	AccountID string
	ActorID   string
	ClientID  string
	SessionID string
	Attrs     map[string]string
	Personal  []byte
}

var (
	typeShape = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$`)
	attrShape = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

// Bounds of one event: audit rows live for years, and some of their content
// comes from outside.
const (
	maxAttrs     = 32
	maxAttrBytes = 2048
	maxPersonal  = 16 << 10
	maxID        = 200
)

// Check reports a mistake in how the event was made, before it reaches the
// database. Its text holds no value of the event.
func (e Event) Check() error {
	if !typeShape.MatchString(e.Type) || len(e.Type) > 100 {
		return fmt.Errorf("audit event type %.100q is not of the shape noun.verb", e.Type)
	}
	if !storable(string(e.AccountID), string(e.SessionID), e.ActorID, string(e.ClientID)) {
		return fmt.Errorf("audit event %s: an id is not one", e.Type)
	}
	if len(e.Attrs) > maxAttrs || len(e.Personal) > maxAttrs {
		return fmt.Errorf("audit event %s has too many attributes", e.Type)
	}
	for name, value := range e.Attrs {
		if !attrShape.MatchString(name) || len(value) > maxAttrBytes || !clean(value) {
			return fmt.Errorf("audit event %s: attribute %.100q is misnamed, too long or not text", e.Type, name)
		}
	}
	size := 0
	for name, value := range e.Personal {
		size += len(name) + len(value)
	}
	if size > maxPersonal {
		return fmt.Errorf("audit event %s: personal part is too long", e.Type)
	}
	return nil
}

// storable reports whether PostgreSQL will take the ids. One event that it
// refuses would hold up all others that are written together with it.
func storable(account, session, actor, client string) bool {
	for _, id := range []string{account, session} {
		if id != "" && (len(id) != len(uuid.Nil.String()) || uuid.Validate(id) != nil) {
			return false
		}
	}
	return len(actor) <= maxID && clean(actor) && len(client) <= maxID && clean(client)
}

// clean is text as PostgreSQL takes it: UTF-8 without zero bytes.
func clean(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }
