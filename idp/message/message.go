package message

import (
	"context"
	"fmt"
	"time"

	"surety/idp"
)

// Texts writes messages.
type Texts interface {
	// Compose returns subject (e-mail only) and text of a kind of message in
	// the language. Errors: internal, when there is no such text.
	Compose(lang, channel, kind string, args map[string]any) (subject, body string, err error)
}

// Notices sends what was decided once it is committed.
type Notices interface {
	// Enqueue stores a notice. The same event key is sent once.
	// Errors: unavailable.
	Enqueue(ctx context.Context, tx idp.Tx, now time.Time, n idp.Notice) error
}

// Message is an e-mail or SMS to be written and sent.
type Message struct {
	Key     string // event key: unique for what happened
	Kind    string // which text
	Via     idp.ContactKind
	To      string
	Lang    string
	Account idp.AccountID // may be empty
	Args    map[string]any
}

// Sender writes and queues. Both parts are needed.
type Sender struct {
	Texts   Texts
	Notices Notices
}

// Send writes a message in its language and queues it.
// Errors: internal, unavailable.
func (s Sender) Send(ctx context.Context, tx idp.Tx, now time.Time, m Message) error {
	channel := idp.ChannelEmail
	if m.Via == idp.ContactPhone {
		channel = idp.ChannelSMS
	}
	subject, body, err := s.Texts.Compose(m.Lang, string(channel), m.Kind, m.Args)
	if err != nil {
		return fmt.Errorf("write %s: %w", m.Kind, err)
	}
	return s.Notices.Enqueue(ctx, tx, now, idp.Notice{
		EventKey: m.Key, Channel: channel, Kind: m.Kind, AccountID: m.Account,
		Message: idp.Message{To: m.To, Lang: m.Lang, Subject: subject, Text: body},
	})
}
