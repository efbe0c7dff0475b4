package account_test

import (
	"testing"
	"time"

	"surety/assurance"
	"surety/idp/authn/otp"
	"surety/idp/flow/account"
	"surety/idp/flow/factor"
	"surety/idp/idptest/citizens"
)

// TestSampleAccountsStandWhereTheyAreSaidToStand makes people at every stage
// and looks at what they can reach.
func TestSampleAccountsStandWhereTheyAreSaidToStand(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	now := w.Clock.Now()
	proofed := func(m assurance.ProofingMethod, stage assurance.Stage) []assurance.Proofing {
		return []assurance.Proofing{{Method: m, Version: 1, Stage: stage, At: now.AddDate(0, 0, -30)}}
	}
	ending := proofed(assurance.ProofingCounter, assurance.StageConfirmed)
	ending[0].DocumentUntil = now.AddDate(0, 0, 7)
	ending[0].ExpiresAt = now.AddDate(1, 0, 0)
	const app = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	for mail, c := range map[string]struct {
		seed account.Seed
		want assurance.LevelName // by password and app, where there is one
	}{
		"simplified@example.org": {account.Seed{}, "basic"},
		"standard@example.org":   {account.Seed{Stage: assurance.StageStandard, Proofings: proofed(assurance.ProofingRegistry, assurance.StageStandard)}, "checked"},
		"letter@example.org":     {account.Seed{Stage: assurance.StageConfirmed, Proofings: proofed(assurance.ProofingLetter, assurance.StageConfirmed), TOTP: app}, "substantial"},
		"ending@example.org":     {account.Seed{Stage: assurance.StageConfirmed, Proofings: ending, TOTP: app}, "substantial"},
	} {
		s := c.seed
		s.Contact, s.GivenName, s.Password, s.Language, s.CreatedAt = mail, "Ганна", citizens.Password, "be", now.AddDate(-1, 0, 0)
		s.Attributes = map[string]string{"birthdate": "1980-05-03"}
		s.Contacts = []account.SeedContact{{Value: "+375291112233", Anchored: len(s.Proofings) > 0}}
		_, err := w.Account.SeedAccounts(t.Context(), []account.Seed{s})
		citizens.Must(t, 0, err)
		b := browser()
		ticket, err := w.LogIn(b, mail)
		b.Session = citizens.Must(t, ticket, err).Secret
		if s.TOTP != "" {
			secret, _ := otp.ParseKey(app)
			code, _ := otp.At(secret, now)
			done, err := w.Factor.UseOTP(t.Context(), factor.UseOTP{Browser: b, Code: code})
			b.Session = citizens.Must(t, done, err).Ticket.Secret
		}
		v, err := w.SignIn.Here(t.Context(), b)
		citizens.Must(t, v, err)
		if got := assurance.One(w.Profile.Policy).Held(v.Situation(now, now)); got != c.want {
			t.Errorf("%s reaches %q, not %q", mail, got, c.want)
		}
		if v.Anchored != (len(s.Proofings) > 0) || len(v.Uses[0].DependsOn) != 0 || !v.Account.CreatedAt.Equal(s.CreatedAt) {
			t.Errorf("%s: anchored %v, password %+v, made %v", mail, v.Anchored, v.Uses[0], v.Account.CreatedAt)
		}
		if mail == "ending@example.org" {
			p := v.Account.Proofings[0]
			if !p.DocumentUntil.Equal(now.AddDate(0, 0, 7)) || !p.ExpiresAt.Equal(now.AddDate(1, 0, 0)) {
				t.Errorf("its proofing is %+v", p)
			}
		}
		person, err := w.People.Person(t.Context(), nil, v.Account.ID)
		citizens.Must(t, person, err)
		for _, a := range person.Attributes {
			if a.VerifiedAt.IsZero() == (len(s.Proofings) > 0) {
				t.Errorf("%s: %s is verified at %v", mail, a.Name, a.VerifiedAt)
			}
		}
	}
}

func TestASampleAccountThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	for name, s := range map[string]account.Seed{
		"a key that is none":     {TOTP: "not a key"},
		"a contact that is none": {Contacts: []account.SeedContact{{Value: "nobody"}}},
	} {
		s.Contact, s.GivenName, s.Password, s.Language, s.CreatedAt = "a@example.org", "Ганна", citizens.Password, "be", time.Time{}
		if _, err := w.Account.SeedAccounts(t.Context(), []account.Seed{s}); err == nil {
			t.Errorf("%s was taken", name)
		}
		there, err := w.Store.FindLogin(t.Context(), nil, "email:a@example.org", [32]byte{})
		if err != nil || there.Found() {
			t.Errorf("%s: half an account was made, %v", name, err)
		}
	}
}
