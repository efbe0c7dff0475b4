package signin

import (
	"context"

	"surety/assurance"
	"surety/idp"
	"surety/idp/client"
	"surety/idp/interaction"
	"surety/idp/procedure"
	"surety/idp/session"
)

// StepUpScreen is what the page shows that says what is missing, and how to
// get there.
type StepUpScreen struct {
	Client     *client.Client
	Procedures []procedure.Procedure // those that the request is for; often none
	interaction.StepUp
	Policy assurance.Policy // in force: it orders and names the levels
}

// StepUpScreen says what is missing for the request, and how to get there.
// Errors: ErrElsewhere when nothing is; not_found, expired, conflict,
// unavailable.
func (f *Flow) StepUpScreen(ctx context.Context, b session.Browser, id idp.InteractionID) (StepUpScreen, error) {
	p, err := f.inRequest(ctx, b, id, interaction.StepStepUp)
	if err != nil {
		return StepUpScreen{}, err
	}
	rules, err := f.config.Rules()
	return StepUpScreen{Client: p.client, Procedures: p.procedures, StepUp: p.step.StepUp, Policy: rules.Policy}, err
}

// DeclineStepUp leaves it at what is held. Where the agency only wished for
// more, the request goes on without; else it ends as not met, and the
// dispatcher sends the person back to the agency.
// Errors: ErrElsewhere, not_found, expired, conflict, unavailable.
func (f *Flow) DeclineStepUp(ctx context.Context, b session.Browser, id idp.InteractionID) error {
	p, err := f.inRequest(ctx, b, id, interaction.StepStepUp)
	if err != nil {
		return err
	}
	if p.step.StepUp.Voluntary {
		return f.stand(f.p.Interactions.DeclinedStepUp(ctx, nil, b.Hash, id, p.visitor.Account.ID, f.p.Now()))
	}
	return f.Finish(ctx, b.Hash, id, interaction.OutcomeUnmet, f.p.Now())
}
