package grant

import (
	"testing"
	"time"

	"surety/idp"
)

// TestValidityIsDerived takes each reason for which a grant ends on its own.
func TestValidityIsDerived(t *testing.T) {
	now := time.Date(2026, 5, 3, 12, 0, 0, 0, time.UTC)
	good := Grant{CreatedAt: now.Add(-time.Hour), ExpiresAt: now.Add(time.Hour)}
	standing := Standing{Account: idp.Account{State: idp.AccountActive, TokensValidFrom: now.Add(-2 * time.Hour)}, SessionOpen: true}
	for name, c := range map[string]struct {
		change func(*Grant, *Standing)
		valid  bool
	}{
		"nothing happened":              {func(*Grant, *Standing) {}, true},
		"revoked":                       {func(g *Grant, _ *Standing) { g.RevokedAt = now }, false},
		"past its end":                  {func(g *Grant, _ *Standing) { g.ExpiresAt = now }, false},
		"session ended":                 {func(_ *Grant, s *Standing) { s.SessionOpen = false }, false},
		"session ended but offline":     {func(g *Grant, s *Standing) { s.SessionOpen = false; g.Offline = true }, true},
		"consent withdrawn":             {func(_ *Grant, s *Standing) { s.ConsentWithdrawn = true }, false},
		"consent withdrawn and offline": {func(g *Grant, s *Standing) { s.ConsentWithdrawn = true; g.Offline = true }, false},
		"logged out everywhere":         {func(_ *Grant, s *Standing) { s.Account.TokensValidFrom = now }, false},
		"account frozen":                {func(_ *Grant, s *Standing) { s.Account.State = idp.AccountFrozen }, false},
		"account closed":                {func(_ *Grant, s *Standing) { s.Account.State = idp.AccountClosed }, false},
	} {
		t.Run(name, func(t *testing.T) {
			g, s := good, standing
			c.change(&g, &s)
			if got := g.Valid(s, now); got != c.valid {
				t.Errorf("valid = %v", got)
			}
		})
	}
}
