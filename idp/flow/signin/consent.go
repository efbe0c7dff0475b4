package signin

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"surety/consent"
	"surety/idp"
	"surety/idp/audit"
	"surety/idp/interaction"
	"surety/idp/procedure"
	"surety/idp/session"
)

// Consents keeps what people agreed to.
type Consents interface {
	// Standing returns the record that is neither withdrawn nor superseded;
	// with a unit of work, locked. Zero when there is none. Errors: unavailable.
	Standing(ctx context.Context, tx idp.Tx, account idp.AccountID, client idp.ClientID) (consent.Record, error)
	// Replace writes a new record with the values that were shown, and the end
	// of the one before. Errors: conflict when another answer was first; unavailable.
	Replace(ctx context.Context, tx idp.Tx, agreed, before consent.Record, values []byte) error
	// List returns the account's standing records, newest first. Errors: unavailable.
	List(ctx context.Context, account idp.AccountID, limit int) ([]consent.Record, error)
}

// Consent returns the consent that stands between the account and the client,
// in one round trip; the zero Record when there is none.
func (f *Flow) Consent(ctx context.Context, account idp.AccountID, client idp.ClientID) (consent.Record, error) {
	return f.p.Consents.Standing(ctx, nil, account, client)
}

// standing is the consent on file for a place.
type standing struct {
	record consent.Record
	covers bool
}

func (f *Flow) standing(ctx context.Context, p place) (standing, error) {
	if !p.visitor.Known() {
		return standing{}, nil
	}
	r, err := f.Consent(ctx, p.visitor.Account.ID, p.client.ID)
	covers := p.client.ConsentImplied() || r.Covers(p.interaction.Request.Question(p.visitor.Account.ID), f.p.Civil())
	return standing{record: r, covers: covers}, err
}

// follows names claims that say something about another one and go with it:
// nobody is asked whether to send a value without whether it was checked.
var follows = map[string]string{"email_verified": "email", "phone_number_verified": "phone_number"}

// asked lists the claims of the request that the person is asked about.
func asked(p place) []string { return named(p.interaction.Request.ConsentClaims) }

// named lists the claims that pages name: none that goes with another one.
func named(claims []string) []string {
	return slices.DeleteFunc(slices.Clone(claims), func(c string) bool { return follows[c] != "" && slices.Contains(claims, follows[c]) })
}

// ConsentScreen says what the consent page shows.
func (f *Flow) ConsentScreen(ctx context.Context, b session.Browser, id idp.InteractionID) (ConsentScreen, error) {
	p, err := f.inRequest(ctx, b, id, interaction.StepConsent)
	if err != nil {
		return ConsentScreen{}, err
	}
	lawful := named(p.interaction.Request.LawClaims)
	values, err := f.values(ctx, nil, p, slices.Concat(asked(p), lawful))
	if err != nil {
		return ConsentScreen{}, err
	}
	s := ConsentScreen{
		Procedures: p.procedures,
		Client:     p.client, Scopes: p.interaction.Request.Scopes, Offline: p.interaction.Request.Offline,
		Until: p.standing.record.ExpiresAt, Remembered: p.standing.record.GrantedAt,
	}
	for _, claim := range asked(p) {
		one := p.shared(claim, procedure.BasisConsent, values)
		if p.required(claim) {
			s.Required = append(s.Required, one)
			continue
		}
		one.Given = !slices.Contains(p.standing.record.LeftOut, claim)
		s.Optional = append(s.Optional, one)
	}
	for _, claim := range lawful {
		s.ByLaw = append(s.ByLaw, p.shared(claim, procedure.BasisLaw, values))
	}
	return s, nil
}

// shared is one value with what the procedures say of it on that basis.
func (p place) shared(claim string, basis procedure.Basis, values map[string]any) Shared {
	s := Shared{Claim: claim, Value: written(claim, values[claim])}
	for _, c := range p.claims(claim, basis) {
		if s.Why == nil {
			s.Why = c.Why
		}
		if s.Law == nil {
			s.Reference, s.Law = c.Reference, c.Law
		}
	}
	return s
}

// required reports whether a procedure cannot be had without the claim.
func (p place) required(claim string) bool {
	return slices.ContainsFunc(p.claims(claim, procedure.BasisConsent), func(c procedure.Claim) bool { return c.Required })
}

// claims is what the procedures say of a claim on that basis.
func (p place) claims(name string, basis procedure.Basis) []procedure.Claim {
	var all []procedure.Claim
	for _, one := range p.procedures {
		for _, c := range one.Claims {
			if c.Name == name && c.Basis == basis {
				all = append(all, c)
			}
		}
	}
	return all
}

// values are the person's values for claims, exactly as they will be sent.
func (f *Flow) values(ctx context.Context, tx idp.Tx, p place, claims []string) (map[string]any, error) {
	person, err := f.p.People.Person(ctx, tx, p.visitor.Account.ID)
	if err != nil {
		return nil, err
	}
	return f.p.Values(p.visitor.Account, person, claims), nil
}

// written is a value as a person reads it.
func written(claim string, value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case int64:
		if claim == "updated_at" {
			return time.Unix(v, 0).UTC().Format(time.DateOnly)
		}
	}
	return strings.TrimSpace(fmt.Sprint(value))
}

// Allow records the consent; share lists the optional claims that the person
// left ticked.
func (f *Flow) Allow(ctx context.Context, b session.Browser, id idp.InteractionID, share []string) error {
	p, err := f.inRequest(ctx, b, id, interaction.StepConsent)
	if err != nil {
		return err
	}
	q := p.interaction.Request.Question(p.visitor.Account.ID)
	for _, claim := range q.Claims {
		if p.required(claim) {
			// There is no box for it: without it one does not go on at all.
			share = append(share, claim)
		}
	}
	q.LeftOut = leftOut(q.Claims, share)
	now, civil := f.p.Now(), f.p.Civil()
	err = f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		before, err := f.p.Consents.Standing(ctx, tx, q.AccountID, q.ClientID)
		if err != nil {
			return err
		}
		agreed, before := consent.Agree(before, consent.ID(idp.NewID()), q, civil, 0)
		values, err := f.values(ctx, tx, p, slices.Concat(agreed.Claims, agreed.Shown))
		if err != nil {
			return err
		}
		shown, err := json.Marshal(values)
		if err != nil {
			return fmt.Errorf("write values: %w", err)
		}
		if err := f.p.Consents.Replace(ctx, tx, agreed, before, shown); err != nil {
			return err
		}
		err = f.stand(f.p.Interactions.Consented(ctx, tx, b.Hash, id, q.AccountID, string(agreed.ID), now))
		if err != nil {
			return err
		}
		return f.p.Audit.Append(ctx, tx, now, consentGiven(p, agreed))
	})
	if idp.CodeOf(err) == idp.CodeConflict {
		return ErrElsewhere // another tab was first: the dispatcher knows what is left to do
	}
	return err
}

// leftOut lists the claims that were asked for and not ticked, with those that
// follow them.
func leftOut(claims, share []string) []string {
	var out []string
	for _, c := range claims {
		asked := c
		if main := follows[c]; main != "" && slices.Contains(claims, main) {
			asked = main
		}
		if !slices.Contains(share, asked) {
			out = append(out, c)
		}
	}
	return out
}

func consentGiven(p place, r consent.Record) audit.Event {
	return audit.Event{
		Type: "consent.granted", AccountID: r.AccountID, ClientID: r.ClientID, SessionID: p.visitor.SessionID,
		Attrs: map[string]string{
			"consent_id": string(r.ID), "scopes": strings.Join(r.Scopes, " "), "claims": strings.Join(r.Claims, " "),
			"left_out": strings.Join(r.LeftOut, " "), "by_law": strings.Join(r.Shown, " "),
		},
	}
}

// mostAgencies bounds the list on the person's own page.
const mostAgencies = 100

// agencies lists the clients that have the person's consent. One that is no
// longer registered has nothing to receive it with.
func (f *Flow) agencies(ctx context.Context, account idp.AccountID) ([]Agency, error) {
	records, err := f.p.Consents.List(ctx, account, mostAgencies)
	if err != nil {
		return nil, err
	}
	var list []Agency
	for _, r := range records {
		if r.State(f.p.Civil()) != consent.StateInForce {
			continue
		}
		c, err := f.p.Clients.Client(ctx, r.ClientID)
		if idp.CodeOf(err) == idp.CodeNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, Agency{
			ConsentID: string(r.ID), Client: c, Since: r.GrantedAt, Claims: named(r.Claims), Offline: slices.Contains(r.Scopes, "offline_access"),
		})
	}
	return list, nil
}
