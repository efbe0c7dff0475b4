package factor

import (
	"context"
	"slices"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/contact"
	"surety/idp/interaction"
	"surety/idp/session"
)

// situation is what is known of the visitor, with only the uses that keep.
func (f *Flow) situation(v interaction.Visitor, keep func(assurance.Use) bool) assurance.Situation {
	s := v.Situation(f.p.Now(), f.p.Civil())
	uses := make([]assurance.Use, 0, len(s.Uses))
	for _, u := range s.Uses {
		if keep(u) {
			uses = append(uses, u)
		}
	}
	s.Uses = uses
	return s
}

// fresh keeps the log-ins of the last ten minutes.
func (f *Flow) fresh(now time.Time) func(assurance.Use) bool {
	since := now.Add(-freshFor)
	return func(u assurance.Use) bool { return u.At.After(since) }
}

// bound is up to where a method counts that is added now, and on what it
// depends. contact is the anchored contact whose code was entered, or empty.
//
// Whoever logged in through that very contact has shown one thing twice: a
// password that a stolen telephone has reset must not be joined, by a code to
// the same telephone, by a passkey that counts fully. So the contact lifts the
// limit only where the log-in stands without it.
//
// Errors: ErrAgain, unavailable.
func (f *Flow) bound(v interaction.Visitor, contact idp.ContactID) (assurance.LevelName, bool, error) {
	rules, err := f.config.Rules()
	if err != nil {
		return "", false, err
	}
	recent := f.fresh(f.p.Now())
	if f.lifts(rules, v, contact) {
		return "", true, nil
	}
	level, ok := assurance.BoundLevelFor(rules, f.situation(v, recent), false)
	if !ok {
		return "", false, ErrAgain
	}
	return level, false, nil
}

// lifts reports whether a code to the contact lifts the limit for the visitor.
func (f *Flow) lifts(rules assurance.Rules, v interaction.Visitor, contact idp.ContactID) bool {
	if contact == "" {
		return false
	}
	recent := f.fresh(f.p.Now())
	_, ok := assurance.BoundLevelFor(rules, f.situation(v, func(u assurance.Use) bool {
		return recent(u) && !slices.Contains(u.DependsOn, contact)
	}), true)
	return ok
}

// raised is the bound level of an authenticator that is used now, in the
// session of the visitor: others who count higher there vouch for it. mine
// tells its own uses.
func (f *Flow) raised(v interaction.Visitor, bound assurance.LevelName, mine func(assurance.Use) bool) (assurance.LevelName, error) {
	rules, err := f.config.Rules()
	if err != nil {
		return bound, err
	}
	return assurance.Raise(rules, bound, f.situation(v, func(u assurance.Use) bool { return !mine(u) })), nil
}

func usesOf(id idp.CredentialID) func(assurance.Use) bool {
	return func(u assurance.Use) bool { return u.Credential == string(id) }
}

// usesThrough tells the uses by codes to a contact.
func usesThrough(id idp.ContactID) func(assurance.Use) bool {
	return func(u assurance.Use) bool { return u.Method == assurance.MethodSMS && slices.Contains(u.DependsOn, id) }
}

// mayReplace reports whether the session may replace the app, or its recovery
// codes: it shows the app itself, or a recovery code, or proves, by other things
// than a word, more than the app counts for. Otherwise a stolen password could
// write itself recovery codes that count for as much as the app does, now or
// when the app is raised.
func (f *Flow) mayReplace(v interaction.Visitor, app idp.Factor) (bool, error) {
	recent, its := f.fresh(f.p.Now()), usesOf(app.ID)
	if slices.ContainsFunc(v.Uses, func(u assurance.Use) bool { return recent(u) && its(u) }) {
		return true, nil
	}
	rules, err := f.config.Rules()
	if err != nil || app.BoundLevel == "" {
		return false, err
	}
	held := rules.Held(f.situation(v, func(u assurance.Use) bool {
		return recent(u) && u.Method != assurance.MethodPassword && u.Method != assurance.MethodIdentifier
	}))
	return held != "" && rules.Compare(held, app.BoundLevel) > 0, nil
}

// binding is what a page says of what a method counts for that is added now.
func (f *Flow) binding(ctx context.Context, b session.Browser, v interaction.Visitor) (Bound, error) {
	id, _, err := f.p.Codes.Binding(ctx, nil, v.Account.ID, place(b, v), f.p.Now().Add(-bindFor))
	if err != nil {
		return Bound{}, err
	}
	level, lifted, err := f.bound(v, id)
	if err != nil || lifted || !v.Anchored {
		return Bound{Level: level}, err
	}
	person, err := f.p.People.Person(ctx, nil, v.Account.ID)
	if err != nil {
		return Bound{}, err
	}
	anchors, err := f.anchors(v, person)
	return Bound{Level: level, Anchors: anchors}, err
}

// anchors lists the contacts whose code would lift the limit now.
func (f *Flow) anchors(v interaction.Visitor, p idp.Person) ([]Contact, error) {
	rules, err := f.config.Rules()
	if err != nil {
		return nil, err
	}
	var list []Contact
	for _, c := range p.Contacts {
		if !c.AnchoredAt.IsZero() && f.lifts(rules, v, c.ID) {
			list = append(list, shown(c))
		}
	}
	return list, nil
}

// shown is a contact for its owner's eyes.
func shown(c idp.Contact) Contact {
	return Contact{ID: c.ID, Kind: c.Kind, Masked: mask(c), Level: c.BoundLevel}
}

func mask(c idp.Contact) string {
	return contact.Mask(contact.Contact{Kind: c.Kind, Value: c.Value})
}
