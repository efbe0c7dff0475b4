package event_test

import (
	"context"
	"errors"
	"testing"

	"surety/idp"
	"surety/idp/idptest"
	"surety/idp/postgres/event"
)

// TestWrite_ForThoseWhoWantEventsAlone, and only with what it tells of.
func TestWrite_ForThoseWhoWantEventsAlone(t *testing.T) {
	t.Parallel()
	d, now := idptest.Database(t), idptest.Start
	for id, metadata := range map[string]string{"wants": `{"security_events": "poll"}`, "wants none": `{}`} {
		if _, err := d.Exec(t.Context(), `INSERT INTO client (client_id, metadata, created_at, updated_at) VALUES ($1, $2, $3, $3)`, id, metadata, now); err != nil {
			t.Fatal(err)
		}
	}
	var all []idp.SecurityEvent
	for _, id := range []idp.ClientID{"wants", "wants none", "gone"} {
		all = append(all,
			idp.SecurityEvent{ClientID: id, Kind: idp.EventLevelChanged, Subject: "anna", SID: "s", GrantID: idp.GrantID(idp.NewID()), ACR: "low", PreviousACR: "high", Reason: "method_removed"},
			idp.SecurityEvent{ClientID: id, Kind: idp.EventSessionRevoked, TokenID: "jti", Reason: "revoked_by_client"})
	}
	write := func(fails error) error {
		return d.InTx(t.Context(), func(ctx context.Context, tx idp.Tx) error {
			return errors.Join(event.Write(ctx, tx, now, all), event.Write(ctx, tx, now, nil), fails)
		})
	}
	undone := errors.New("undone")
	if err := write(undone); !errors.Is(err, undone) {
		t.Fatal(err)
	}
	if err := write(nil); err != nil {
		t.Fatal(err)
	}
	s := event.New(d.DB)
	for _, id := range []idp.ClientID{"wants none", "gone"} {
		if got, err := s.Read(t.Context(), id, "", nil, 10, now); err != nil || len(got) != 0 {
			t.Errorf("%s: %v, %v", id, got, err)
		}
	}
	got, err := s.Read(t.Context(), "wants", "", nil, 10, now)
	if err != nil || len(got) != 2 {
		t.Fatalf("%v, %v", got, err)
	}
	for _, e := range got {
		want := all[0]
		if e.Kind == idp.EventSessionRevoked {
			want = all[1]
		}
		want.ID, want.At = e.ID, now
		e.At = e.At.UTC()
		if e != want || !idp.ValidID(e.ID) {
			t.Errorf("read %+v, want %+v", e, want)
		}
	}
}
