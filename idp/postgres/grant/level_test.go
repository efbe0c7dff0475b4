package grant_test

import (
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/grant"
)

// TestR3_WhatALevelRestsOnIsReadWithTheGrant reads back what every refresh
// needs: procedures, uses, and the proofings with the end of the document shown.
func TestR3_WhatALevelRestsOnIsReadWithTheGrant(t *testing.T) {
	t.Parallel()
	b := setup(t)
	i := b.issue(1)
	i.Grant.Agency, i.Grant.Procedures, i.Grant.Stage = "registry", []string{"3.77.01", "a"}, assurance.StageConfirmed
	i.Grant.Uses = []assurance.Use{{Method: assurance.MethodPassword, At: b.now, AMR: []string{"pwd"}}}
	if err := b.Issue(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	until := b.now.Add(24 * time.Hour)
	b.exec(`INSERT INTO proofing (proofing_id, account_id, method, method_version, stage, proofed_at, document_until)
		VALUES ($1, $2, 'counter', 1, 'confirmed', $3, $4)`, idp.NewID(), b.account, b.now, until)
	access := grant.Opaque{Hash: [32]byte{20}, Procedures: []string{"a"}, ExpiresAt: b.now.Add(time.Minute)}
	refresh := grant.Refresh{Hash: [32]byte{10}, ExpiresAt: i.Grant.ExpiresAt}
	decided := i.Grant
	decided.Stage = assurance.StageStandard
	err := b.Redeem(t.Context(), grant.Redemption{Used: i.Code.Hash, Refresh: &refresh, Access: &access, Decided: &decided, Now: b.now})
	if err != nil {
		t.Fatal(err)
	}
	code, err := b.Code(t.Context(), i.Code.Hash, b.now, b.now)
	if err != nil {
		t.Fatal(err)
	}
	held, err := b.Refresh(t.Context(), refresh.Hash, b.now, b.now)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []grant.Held{code, held} {
		g, proofings := h.Grant, h.Standing.Account.Proofings
		if g.Agency != "registry" || !slices.Equal(g.Procedures, []string{"3.77.01", "a"}) || g.Stage != assurance.StageStandard ||
			len(proofings) != 1 || !proofings[0].DocumentUntil.Equal(until) || proofings[0].Stage != assurance.StageConfirmed {
			t.Errorf("%+v %+v", g, proofings)
		}
	}
	token, err := b.Opaque(t.Context(), access.Hash, b.now, b.now)
	if err != nil || !slices.Equal(token.Opaque.Procedures, []string{"a"}) || token.Grant.Agency != "registry" || token.Grant.PolicyVersion != 7 ||
		!reflect.DeepEqual(token.Grant.Uses, held.Grant.Uses) || !reflect.DeepEqual(token.Standing.Account.Proofings, held.Standing.Account.Proofings) {
		t.Errorf("%+v, %v", token, err)
	}
}

// outcome keeps one that the client "agency" may fetch.
func (b *bench) outcome(name byte) [32]byte {
	b.Helper()
	o := grant.Outcome{
		Hash: [32]byte{name}, ClientID: "agency", AccountID: idp.AccountID(b.account), Body: []byte(`{"outcome": "declined"}`),
		Attrs: map[string]string{"outcome": "declined"}, CreatedAt: b.now, ExpiresAt: b.now.Add(grant.OutcomeLifetime),
	}
	if err := b.KeepOutcome(b.Context(), o); err != nil {
		b.Fatal(err)
	}
	return o.Hash
}

func TestR10_AnOutcomeIsFetchedOnceByItsClientInTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hash := b.outcome(1)
	if _, err := b.FetchOutcome(t.Context(), "other", hash, b.now); idp.CodeOf(err) != idp.CodeNotFound {
		t.Errorf("another client: %v", err)
	}
	if _, err := b.FetchOutcome(t.Context(), "agency", [32]byte{9}, b.now); idp.CodeOf(err) != idp.CodeNotFound {
		t.Errorf("unknown: %v", err)
	}
	if _, err := b.FetchOutcome(t.Context(), "agency", b.outcome(2), b.now.Add(grant.OutcomeLifetime)); idp.CodeOf(err) != idp.CodeExpired {
		t.Errorf("too late: %v", err)
	}
	var got, over int
	var mu sync.Mutex
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			body, err := b.FetchOutcome(t.Context(), "agency", hash, b.now)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && string(body) == `{"outcome": "declined"}`:
				got++
			case idp.CodeOf(err) == idp.CodeExpired:
				over++
			default:
				t.Errorf("%s, %v", body, err)
			}
		})
	}
	group.Wait()
	if got != 1 || over != 7 {
		t.Errorf("%d got it, %d were told that it is over", got, over)
	}
	nobody := grant.Outcome{Hash: [32]byte{3}, ClientID: "agency", Body: []byte(`{}`), Attrs: map[string]string{"outcome": "declined"}, CreatedAt: b.now, ExpiresAt: b.now}
	if err := b.KeepOutcome(t.Context(), nobody); err != nil {
		t.Fatal(err)
	}
	var events int
	if err := b.db.QueryRow(t.Context(), `SELECT count(*) FROM audit_event WHERE type = 'request.unmet' AND attrs->>'outcome' = 'declined'`).Scan(&events); err != nil || events != 2 {
		t.Errorf("%d events, %v", events, err)
	}
}
