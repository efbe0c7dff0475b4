package account

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"surety/idp"
)

// message is an e-mail or SMS to be written and sent.
type message struct {
	key     string // event key: unique for what happened
	kind    string // which text
	via     idp.ContactKind
	to      string
	lang    string
	account idp.AccountID // may be empty
	args    map[string]any
}

// send writes a message in its language and queues it.
func (f *Flow) send(ctx context.Context, tx idp.Tx, now time.Time, m message) error {
	channel := idp.ChannelEmail
	if m.via == idp.ContactPhone {
		channel = idp.ChannelSMS
	}
	subject, body, err := f.p.Texts.Compose(m.lang, string(channel), m.kind, m.args)
	if err != nil {
		return fmt.Errorf("write %s: %w", m.kind, err)
	}
	return f.p.Notices.Enqueue(ctx, tx, now, idp.Notice{
		EventKey: m.key, Channel: channel, Kind: m.kind, AccountID: m.account,
		Message: idp.Message{To: m.to, Lang: m.lang, Subject: subject, Text: body},
	})
}

func itoa(n int) string { return strconv.Itoa(n) }
