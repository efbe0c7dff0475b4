package factor

import (
	"context"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/interaction"
)

// remove takes a method away with all its uses, and returns the sessions that
// are left without any. Agencies are told of every grant that rested on it:
// their guards refuse its tokens, and the next refresh says what is true now.
func (f *Flow) remove(ctx context.Context, tx idp.Tx, now time.Time, v interaction.Visitor, id idp.CredentialID) ([]idp.SessionID, error) {
	taken, err := f.p.Factors.RemoveFactor(ctx, tx, v.Account.ID, id)
	if err != nil {
		return nil, err
	}
	rules, err := f.config.Rules()
	if err != nil {
		return nil, err
	}
	var events []idp.SecurityEvent
	for _, g := range taken.Grants {
		s := v.Situation(now, f.p.Civil())
		s.Uses = g.Uses
		events = append(events, weakened(rules, g, rules.Held(s), now))
	}
	return taken.Emptied, f.p.Factors.Tell(ctx, tx, now, events)
}

// weakened is what an agency is told of a grant of which only this level is left.
func weakened(rules assurance.Rules, g idp.RestingGrant, left assurance.LevelName, now time.Time) idp.SecurityEvent {
	e := idp.SecurityEvent{
		ClientID: g.ClientID, Kind: idp.EventLevelChanged, Subject: g.Subject, SID: g.SID, GrantID: g.ID,
		Reason: "method_removed", At: now,
	}
	level, ok := rules.Level(left)
	if !ok { // nothing that it rested on counts any more
		e.Kind, e.SID = idp.EventSessionRevoked, ""
		return e
	}
	e.ACR = level.ACR
	if before, ok := rules.Level(g.Level); ok && rules.Compare(left, before.Name) < 0 {
		e.PreviousACR = before.ACR
	}
	return e
}
