package factor

import (
	"context"
	"fmt"
	"maps"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/interaction"
	"surety/idp/session"
)

// The messages: Time, Device, Link to the page of the ways to log in.
var (
	msgAdded   = map[assurance.Method]string{assurance.MethodOTP: "app_added", assurance.MethodPasskey: "passkey_added"}
	msgRemoved = map[assurance.Method]string{assurance.MethodOTP: "app_removed", assurance.MethodPasskey: "passkey_removed"}
)

const (
	msgRecoveryMade = "recovery_made"
	msgRecoveryUsed = "recovery_used" // count: how many are left
)

// notice is a change that the person's contacts are told of.
type notice struct {
	kind    string
	key     string // what changed
	browser session.Browser
	visitor interaction.Visitor
	// but is the contact that took part in the change: whoever holds it knows.
	but  idp.ContactID
	args map[string]any
}

// tell tells every confirmed contact of a change, but the one that took part
// in it, unless there is no other (RULES R6).
func (f *Flow) tell(ctx context.Context, tx idp.Tx, now time.Time, n notice) error {
	person, err := f.p.People.Person(ctx, tx, n.visitor.Account.ID)
	if err != nil {
		return err
	}
	args := map[string]any{"Time": now, "Device": n.browser.Device().Name(), "Link": f.config.Issuer + "/methods"}
	maps.Copy(args, n.args)
	for _, c := range person.Contacts {
		if c.ConfirmedAt.IsZero() || c.ID == n.but && len(person.Contacts) > 1 {
			continue
		}
		err := f.send(ctx, tx, now, message{
			key: n.kind + "/" + n.key + "/" + string(c.ID), kind: n.kind, via: c.Kind, to: c.Value,
			lang: n.visitor.Account.Language, account: n.visitor.Account.ID, args: args,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

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
