package factor

import (
	"context"
	"maps"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/interaction"
	"surety/idp/message"
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
		err := f.messages().Send(ctx, tx, now, message.Message{
			Key: n.kind + "/" + n.key + "/" + string(c.ID), Kind: n.kind, Via: c.Kind, To: c.Value,
			Lang: n.visitor.Account.Language, Account: n.visitor.Account.ID, Args: args,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
