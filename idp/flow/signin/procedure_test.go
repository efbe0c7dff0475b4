package signin_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/flow/signin"
	"surety/idp/idptest/citizens"
	"surety/idp/interaction"
	"surety/idp/postgres/desk"
	"surety/idp/procedure"
)

// publish lets the agency "tax" offer a procedure.
func publish(w *citizens.World, p procedure.Procedure) {
	w.Helper()
	p.Agency, p.ValidFrom = "tax", w.Clock.Now().Add(-time.Hour)
	p.Titles = map[string]string{"en": "Certificate"}
	err := w.InTx(w.Context(), func(ctx context.Context, tx idp.Tx) error {
		return desk.NewProcedures(w.DB.DB).Insert(ctx, tx, p, w.Clock.Now())
	})
	if err != nil {
		w.Fatal(err)
	}
}

// wants adds a procedure and what it brings to a request, as the
// authorization endpoint does.
func wants(code string, consent, law []string) func(*interaction.Request) {
	return func(r *interaction.Request) {
		r.Agency, r.Procedures = "tax", []string{code}
		r.ConsentClaims, r.LawClaims = consent, law
	}
}

func TestR10_RequiredClaimsHaveNoBoxAndLawfulOnesAreOnlyShown(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	w.Client("tax", "")
	why := map[string]string{"en": "To write to you."}
	law := map[string]string{"en": "The service learns your name."}
	publish(w, procedure.Procedure{Code: "1", Requirement: assurance.Requirement{Level: "basic"}, Claims: []procedure.Claim{
		{Name: "given_name", Basis: procedure.BasisConsent, Required: true}, {Name: "email", Basis: procedure.BasisConsent, Why: why},
		{Name: "name", Basis: procedure.BasisLaw, Reference: "Act 1", Law: law},
	}})
	b := browser()
	done := w.Register(b, email)
	b.Session = done.Ticket.Secret
	asking := wants("1", []string{"given_name", "email", "email_verified"}, []string{"name"})
	id := asks(w, b, asking)
	s, err := w.SignIn.ConsentScreen(t.Context(), b, id)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Required) != 1 || s.Required[0].Claim != "given_name" || len(s.Optional) != 1 || s.Optional[0].Why["en"] != why["en"] || !s.Optional[0].Given ||
		len(s.ByLaw) != 1 || s.ByLaw[0].Value != "Ганна Іваноўская" || s.ByLaw[0].Reference != "Act 1" || s.ByLaw[0].Law["en"] != law["en"] || s.Procedures[0].Code != "1" {
		t.Errorf("%+v", s)
	}
	// Nothing is ticked, and a box for what is required is invented by nobody.
	if err := w.SignIn.Allow(t.Context(), b, id, []string{"name"}); err != nil {
		t.Fatal(err)
	}
	r, err := w.SignIn.Consent(t.Context(), done.AccountID, "tax")
	if err != nil || !slices.Equal(r.Claims, []string{"given_name"}) || !slices.Equal(r.LeftOut, []string{"email", "email_verified"}) || !slices.Equal(r.Shown, []string{"name"}) {
		t.Fatalf("%+v, %v", r, err)
	}
	if _, err := w.SignIn.ConsentScreen(t.Context(), b, asks(w, b, asking)); !errors.Is(err, signin.ErrElsewhere) {
		t.Errorf("asked again: %v", err)
	}
	// What the law gives besides is new to the person: it is shown before it goes.
	more := asks(w, b, wants("1", nil, []string{"name", "locale"}))
	if s, err = w.SignIn.ConsentScreen(t.Context(), b, more); err != nil || len(s.ByLaw) != 2 || len(s.Optional)+len(s.Required) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestStepUp_SaysWhatIsMissingForWhichProcedure(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	w.Client("tax", "")
	publish(w, procedure.Procedure{Code: "2", Requirement: assurance.Requirement{Level: "substantial"}})
	b := browser()
	done := w.Register(b, email)
	b.Session = done.Ticket.Secret
	id := asks(w, b, wants("2", nil, nil))
	s, err := w.SignIn.StepUpScreen(t.Context(), b, id)
	if err != nil || s.Client.ID != "tax" || s.Procedures[0].Title("en") != "Certificate" || s.Required != "substantial" || s.Held != "basic" ||
		s.Identity != assurance.StageConfirmed || len(s.Ways) == 0 || s.Voluntary {
		t.Fatalf("%+v, %v", s, err)
	}
	if _, err := w.SignIn.StepUpScreen(t.Context(), browser(), id); idp.CodeOf(err) != idp.CodeNotFound {
		t.Errorf("another browser: %v", err)
	}
	if err := w.SignIn.DeclineStepUp(t.Context(), b, id); err != nil {
		t.Fatal(err)
	}
	if i, err := w.SignIn.Load(t.Context(), b.Hash, id); err != nil || i.Outcome != interaction.OutcomeUnmet {
		t.Errorf("%+v, %v", i, err)
	}
	wantCode(t, w.SignIn.DeclineStepUp(t.Context(), b, id), idp.CodeConflict, "error.interaction.completed")
}

// A wish that the person can meet is offered once, and may be declined; the
// request then goes on without.
func TestStepUp_AWishMayBeDeclined(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	w.Client("tax", "")
	b := browser()
	done := w.Register(b, email)
	b.Session = done.Ticket.Secret
	exec(w, `UPDATE account SET stage = 'confirmed'`)
	exec(w, `INSERT INTO proofing (proofing_id, account_id, method, method_version, stage, proofed_at) VALUES ($1, $2, 'counter', 1, 'confirmed', $3)`,
		idp.NewID(), done.AccountID, w.Clock.Now().Add(-time.Hour))
	exec(w, `INSERT INTO credential (credential_id, account_id, method, verifier, changed_at, created_at) VALUES ($1, $2, 'otp', '', $3, $3)`,
		idp.NewID(), done.AccountID, w.Clock.Now())
	wish := func(r *interaction.Request) { r.ACRValues = []string{level(w, "substantial")} }
	id := asks(w, b, wish)
	s, err := w.SignIn.StepUpScreen(t.Context(), b, id)
	if err != nil || !s.Voluntary || s.Required != "substantial" {
		t.Fatalf("%+v, %v", s, err)
	}
	if err := w.SignIn.DeclineStepUp(t.Context(), b, id); err != nil {
		t.Fatal(err)
	}
	i, err := w.SignIn.Load(t.Context(), b.Hash, id)
	if err != nil || i.StepUpDeclinedAt.IsZero() || i.AccountID != done.AccountID || !i.CompletedAt.IsZero() {
		t.Errorf("%+v, %v", i, err)
	}
	if _, err := w.SignIn.ConsentScreen(t.Context(), b, id); err != nil {
		t.Errorf("the next step: %v", err)
	}
}

// At a step-up somebody may log in again by every way that the page offers.
func TestStepUp_EveryWayToLogInIsOpen(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	w.Client("tax", "")
	publish(w, procedure.Procedure{Code: "3", Requirement: assurance.Requirement{Level: "substantial"}})
	b := browser()
	done := w.Register(b, email)
	b.Session = done.Ticket.Secret
	id := asks(w, b, wants("3", nil, nil))
	if _, err := w.SignIn.LogInScreen(t.Context(), b, id); err != nil {
		t.Errorf("by password: %v", err)
	}
	if err := w.SignIn.MayLogIn(t.Context(), b, id); err != nil {
		t.Errorf("by passkey or SMS: %v", err)
	}
}

// A procedure that is withdrawn while a person stands before a page of it is
// the agency's to hear of: the page leads on to the dispatcher, which tells it.
func TestStepUp_AWithdrawnProcedureLeadsOn(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	w.Client("tax", "")
	b := browser()
	done := w.Register(b, email)
	b.Session = done.Ticket.Secret
	id := asks(w, b, wants("gone", nil, nil))
	if _, err := w.SignIn.StepUpScreen(t.Context(), b, id); !errors.Is(err, signin.ErrElsewhere) {
		t.Errorf("step-up: %v", err)
	}
	if _, err := w.SignIn.ConsentScreen(t.Context(), b, id); !errors.Is(err, signin.ErrElsewhere) {
		t.Errorf("consent: %v", err)
	}
}

// level is the acr value of a level.
func level(w *citizens.World, name assurance.LevelName) string {
	w.Helper()
	l, ok := w.Profile.Policy.Level(name)
	if !ok {
		w.Fatalf("no level %s", name)
	}
	return l.ACR
}

func exec(w *citizens.World, sql string, args ...any) {
	w.Helper()
	if _, err := w.Exec(w.Context(), sql, args...); err != nil {
		w.Fatal(err)
	}
}
