package message_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/message"
)

// desk composes and keeps.
type desk struct {
	missing bool
	kept    []idp.Notice
}

func (d *desk) Compose(lang, channel, kind string, args map[string]any) (string, string, error) {
	if d.missing {
		return "", "", errors.New("no such text")
	}
	return "About " + kind, fmt.Sprint(lang, " ", channel, " ", args["Code"]), nil
}

func (d *desk) Enqueue(_ context.Context, _ idp.Tx, _ time.Time, n idp.Notice) error {
	d.kept = append(d.kept, n)
	return nil
}

func TestSend_TakesTheChannelOfTheContact(t *testing.T) {
	t.Parallel()
	d := &desk{}
	s := message.Sender{Texts: d, Notices: d}
	for via, channel := range map[idp.ContactKind]idp.Channel{idp.ContactEmail: idp.ChannelEmail, idp.ContactPhone: idp.ChannelSMS} {
		d.kept = nil
		err := s.Send(t.Context(), nil, time.Time{}, message.Message{
			Key: "code/1", Kind: "login_code", Via: via, To: "somebody", Lang: "be", Account: "anna", Args: map[string]any{"Code": 7},
		})
		want := idp.Notice{EventKey: "code/1", Channel: channel, Kind: "login_code", AccountID: "anna", Message: idp.Message{
			To: "somebody", Lang: "be", Subject: "About login_code", Text: "be " + string(channel) + " 7",
		}}
		if err != nil || len(d.kept) != 1 || d.kept[0] != want {
			t.Errorf("%s: %+v, %v", via, d.kept, err)
		}
	}
}

func TestSend_QueuesNothingWithoutAText(t *testing.T) {
	t.Parallel()
	d := &desk{missing: true}
	if err := (message.Sender{Texts: d, Notices: d}).Send(t.Context(), nil, time.Time{}, message.Message{Kind: "x"}); err == nil || d.kept != nil {
		t.Errorf("%v, %+v", err, d.kept)
	}
}
