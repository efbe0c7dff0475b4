package signin

import (
	"context"
	"slices"
	"time"

	"surety/consent"
	"surety/idp"
	"surety/idp/client"
	"surety/idp/interaction"
	"surety/idp/procedure"
	"surety/idp/session"
)

var (
	errNoInteraction = idp.E(idp.CodeNotFound, "error.interaction.unknown")
	errOtherBrowser  = idp.E(idp.CodeForbidden, "error.interaction.unknown")
	errCompleted     = idp.E(idp.CodeConflict, "error.interaction.completed")
	errExpired       = idp.E(idp.CodeExpired, "error.interaction.expired")
)

// Open stores a new pending request, bound to the browser.
func (f *Flow) Open(ctx context.Context, browser [32]byte, i interaction.Interaction) error {
	return f.p.Interactions.OpenInteraction(ctx, browser, i)
}

// Load returns the pending request, also when it is completed or expired. In
// another browser than its own: forbidden, and nothing but its id and client.
func (f *Flow) Load(ctx context.Context, browser [32]byte, id idp.InteractionID) (interaction.Interaction, error) {
	if !idp.ValidID(string(id)) {
		return interaction.Interaction{}, errNoInteraction
	}
	i, owner, err := f.p.Interactions.Interaction(ctx, id)
	if err != nil {
		return interaction.Interaction{}, err
	}
	if owner != browser || browser == [32]byte{} {
		return interaction.Interaction{ID: i.ID, Request: interaction.Request{ClientID: i.Request.ClientID}}, errOtherBrowser
	}
	return i, nil
}

// Finish completes the request with an outcome, once.
func (f *Flow) Finish(ctx context.Context, browser [32]byte, id idp.InteractionID, outcome interaction.Outcome, now time.Time) error {
	return f.stand(f.p.Interactions.FinishInteraction(ctx, nil, browser, id, outcome, now))
}

// stand turns "nothing was changed" into an error.
func (f *Flow) stand(changed bool, err error) error {
	if err == nil && !changed {
		return errCompleted
	}
	return err
}

// place is where a page stands: a pending request with everything that says
// which step is due. Outside a request only the visitor is set.
type place struct {
	visitor     interaction.Visitor
	client      *client.Client
	interaction interaction.Interaction
	standing    standing
	step        interaction.Step
	procedures  []procedure.Procedure // those that the request is for
}

// at loads the place of a page. Errors: ErrElsewhere when the step that is due
// is none of those; not_found also for another browser's request; expired and
// conflict when it is over.
func (f *Flow) at(ctx context.Context, b session.Browser, id idp.InteractionID, steps ...interaction.StepKind) (place, error) {
	var p place
	var err error
	if p.visitor, err = f.here(ctx, b); err != nil || id == "" {
		return p, err
	}
	if p.interaction, err = f.pending(ctx, b, id); err != nil {
		return p, err
	}
	if p.client, err = f.p.Clients.Client(ctx, p.interaction.Request.ClientID); err != nil {
		return p, err
	}
	if p.standing, err = f.standing(ctx, p); err != nil {
		return p, err
	}
	if r := p.interaction.Request; len(r.Procedures) > 0 {
		p.procedures, err = f.p.Procedures.InForce(ctx, r.Agency, r.Procedures, f.p.Civil())
		switch {
		case idp.CodeOf(err) == idp.CodeNotFound:
			return p, ErrElsewhere // withdrawn meanwhile: the dispatcher tells the agency
		case err != nil:
			return p, err
		}
	}
	if p.step, err = f.next(p); err != nil {
		return p, err
	}
	if !slices.Contains(steps, p.step.Kind) {
		return p, ErrElsewhere
	}
	return p, nil
}

// pending returns the browser's request if it can still go on. A page cannot
// do anything for another browser's, so it is not told that there is one.
func (f *Flow) pending(ctx context.Context, b session.Browser, id idp.InteractionID) (interaction.Interaction, error) {
	i, err := f.Load(ctx, b.Hash, id)
	switch {
	case idp.CodeOf(err) == idp.CodeForbidden:
		return i, errNoInteraction
	case err != nil:
		return i, err
	case !i.CompletedAt.IsZero():
		return i, errCompleted
	case !i.Pending(f.p.Now()):
		return i, errExpired
	}
	return i, nil
}

func (f *Flow) next(p place) (interaction.Step, error) {
	rules, err := f.config.Rules()
	if err != nil {
		return interaction.Step{}, err
	}
	c := interaction.Case{
		Rules: rules, Request: p.interaction.Request, Interaction: &p.interaction, Visitor: p.visitor,
		Minimum: p.client.MinimumLevel, ConsentCovers: p.standing.covers, Terms: f.config.Terms,
		Now: f.p.Now(), Civil: f.p.Civil(),
	}
	for _, one := range p.procedures {
		c.Required = append(c.Required, one.Requirement)
	}
	if p.visitor.Known() {
		c.Subject = f.p.Subjects.Subject(p.client, p.visitor.Account.ID)
	}
	return interaction.Next(c), nil
}

// Deny ends the request with access_denied; the dispatcher sends the person
// back to the agency. It is also "cancel" on the log-in page: it may be
// called at any step, for whoever is in the browser that began the request.
func (f *Flow) Deny(ctx context.Context, b session.Browser, id idp.InteractionID) error {
	if _, err := f.pending(ctx, b, id); err != nil {
		return err
	}
	return f.Finish(ctx, b.Hash, id, interaction.OutcomeDenied, f.p.Now())
}

// AccountScreen says what the page shows that asks whom to go on as.
func (f *Flow) AccountScreen(ctx context.Context, b session.Browser, id idp.InteractionID) (AccountScreen, error) {
	p, err := f.inRequest(ctx, b, id, interaction.StepSelectAccount)
	if err != nil {
		return AccountScreen{}, err
	}
	person, err := f.p.People.Person(ctx, nil, p.visitor.Account.ID)
	if err != nil {
		return AccountScreen{}, err
	}
	s := AccountScreen{Client: p.client, AccountID: p.visitor.Account.ID, Name: fullName(person)}
	if len(person.LoginNames) > 0 {
		s.Login = maskLogin(person.LoginNames[0])
	}
	return s, nil
}

// inRequest is at for steps that only exist inside a request.
func (f *Flow) inRequest(ctx context.Context, b session.Browser, id idp.InteractionID, step interaction.StepKind) (place, error) {
	if id == "" {
		return place{}, errNoInteraction
	}
	return f.at(ctx, b, id, step)
}

// ChooseAccount goes on as the account that is logged in. (Somebody else: LogIn.)
func (f *Flow) ChooseAccount(ctx context.Context, b session.Browser, id idp.InteractionID, account idp.AccountID) error {
	p, err := f.inRequest(ctx, b, id, interaction.StepSelectAccount)
	if err != nil {
		return err
	}
	if account != p.visitor.Account.ID {
		return ErrElsewhere // the page is of a session before
	}
	return f.stand(f.p.Interactions.ChoseAccount(ctx, nil, b.Hash, id, account, f.p.Now()))
}

// TermsScreen says what the page shows that asks to accept new terms. id is
// empty outside a request.
func (f *Flow) TermsScreen(ctx context.Context, b session.Browser, id idp.InteractionID) (TermsScreen, error) {
	p, err := f.atTerms(ctx, b, id)
	return TermsScreen{Client: p.client, Version: f.config.Terms}, err
}

func (f *Flow) atTerms(ctx context.Context, b session.Browser, id idp.InteractionID) (place, error) {
	p, err := f.at(ctx, b, id, interaction.StepTerms)
	switch {
	case err != nil:
		return p, err
	case !p.visitor.Known():
		return p, ErrNobody
	case consent.Terms{Version: f.config.Terms}.AcceptedBy(p.visitor.Account.TermsVersion):
		return p, ErrElsewhere
	}
	return p, nil
}

// AcceptTerms records that the person accepted the version that was shown.
// Errors: conflict when another version is in force by now.
func (f *Flow) AcceptTerms(ctx context.Context, b session.Browser, id idp.InteractionID, version string) error {
	p, err := f.atTerms(ctx, b, id)
	if err != nil {
		return err
	}
	if version != f.config.Terms {
		return idp.E(idp.CodeConflict, "error.terms.changed").In("terms")
	}
	now, account := f.p.Now(), p.visitor.Account.ID
	return f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		if err := f.p.Logins.AcceptTerms(ctx, tx, account, version, now); err != nil {
			return err
		}
		return f.p.Audit.Append(ctx, tx, now, termsAccepted(p, version))
	})
}
