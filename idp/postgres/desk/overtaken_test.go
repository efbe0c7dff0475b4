package desk

import (
	"context"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/client"
)

// An answer that set out before a change and comes back after it is given to
// whoever asked, and to nobody else.
func TestClientCache_DoesNotKeepAnOvertakenAnswer(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.June, 15, 9, 30, 0, 0, time.UTC)
	before, after := &client.Client{ID: "tax"}, &client.Client{ID: "tax", DisabledAt: now}
	c := &ClientCache{clock: func() time.Time { return now }, known: map[idp.ClientID]*entry{}}
	c.find = func(context.Context, idp.ClientID) (*client.Client, error) {
		c.Forget("tax") // the change is told while the old row is on its way
		return before, nil
	}
	if got, err := c.Client(t.Context(), "tax"); err != nil || got != before {
		t.Fatalf("%v, %v", got, err)
	}
	c.find = func(context.Context, idp.ClientID) (*client.Client, error) { return after, nil }
	if got, err := c.Client(t.Context(), "tax"); err != nil || got != after {
		t.Errorf("%v, %v: the overtaken answer was kept", got, err)
	}
}
