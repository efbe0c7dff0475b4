package signin

import (
	"context"
	"time"

	"surety/idp"
)

// Claim binds a pending request to another browser, once: a request that came
// by a cross-site POST belongs to a one-time token until the browser, whose
// cookies such a POST does not carry, comes back by GET.
func (f *Flow) Claim(ctx context.Context, id idp.InteractionID, from, to [32]byte, now time.Time) error {
	claimed, err := f.p.Interactions.ClaimInteraction(ctx, id, from, to, now)
	if err == nil && !claimed {
		return idp.E(idp.CodeConflict, "error.interaction.completed")
	}
	return err
}
