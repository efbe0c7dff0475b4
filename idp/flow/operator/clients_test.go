package operator_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/flow/operator"

	"github.com/google/go-cmp/cmp"
)

func TestAddClient_SecretIsShownOnceAndWorks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	done := b.add(operator.Registration{Metadata: tax()})
	found, err := b.clients.Find(b.ctx, done.Client.ID)
	b.must(err)
	if !found.SecretMatches(client.HashWith(b.ring), done.Secret, b.clock.Now()) {
		t.Error("the secret does not match what was stored")
	}
	var stored string
	b.must(b.db.QueryRow(b.ctx, `SELECT client::text FROM client`).Scan(&stored))
	if strings.Contains(stored, done.Secret) {
		t.Error("the secret itself is in the row")
	}
	if found.Sector != "tax.example" || !found.RedirectAllowed("https://tax.example/cb") || !found.CreatedAt.Equal(b.clock.Now()) {
		t.Errorf("read back as %+v", found)
	}
	if diff := cmp.Diff([]string{"client.added"}, b.audited()); diff != "" {
		t.Error(diff)
	}
}

func TestImport_AllOrNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bad := tax()
	bad.RedirectURIs = []string{"http://tax.example/cb"}
	_, err := b.AddClients(b.ctx, operator.ActorCommand, []operator.Registration{{Metadata: tax()}, {Metadata: tax()}, {Metadata: bad}}, false)
	var invalid *client.InvalidMetadata
	if !errors.As(err, &invalid) || !strings.Contains(err.Error(), "client 3 of 3") {
		t.Errorf("error %v", err)
	}
	if n := b.count("client"); n != 0 {
		t.Errorf("%d clients were kept of an import that failed", n)
	}
	if got := b.audited(); got != nil {
		t.Errorf("events of an import that failed: %v", got)
	}
	done, err := b.AddClients(b.ctx, operator.ActorCommand, []operator.Registration{{ID: "one", Metadata: tax()}, {ID: "two", Metadata: tax()}}, false)
	b.must(err)
	if len(done) != 2 || done[0].Secret == done[1].Secret || done[0].Client.ID != "one" {
		t.Errorf("imported %+v", done)
	}
}

func TestDryRun_ChecksEverythingAndKeepsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.add(operator.Registration{ID: "tax", Metadata: tax()})
	_, err := b.AddClients(b.ctx, operator.ActorCommand, []operator.Registration{{ID: "new", Metadata: tax()}}, true)
	b.must(err)
	// A rehearsal finds what only the database knows.
	_, err = b.AddClients(b.ctx, operator.ActorCommand, []operator.Registration{{ID: "tax", Metadata: tax()}}, true)
	if idp.CodeOf(err) != idp.CodeConflict {
		t.Errorf("a taken id: %v", err)
	}
	_, err = b.RotateSecret(b.ctx, operator.ActorCommand, "tax", 0, true)
	b.must(err)
	_, err = b.SetClientDisabled(b.ctx, operator.ActorCommand, "tax", true, true)
	b.must(err)
	_, err = b.RotateKey(b.ctx, operator.ActorCommand, "ES256", true)
	b.must(err)
	if n := b.count("client") + b.count("signing_key"); n != 1 {
		t.Errorf("%d rows", n)
	}
	if c, err := b.clients.Find(b.ctx, "tax"); err != nil || c.Disabled() {
		t.Errorf("%+v, %v", c, err)
	}
	if got := b.audited(); len(got) != 1 {
		t.Errorf("events of rehearsals: %v", got)
	}
}

func TestAddClient_Refusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	implied, level := tax(), tax()
	implied.Consent = client.ConsentImplied
	level.MinimumLevel = "gold"
	for name, row := range map[string]struct {
		reg  operator.Registration
		want idp.Code
	}{
		"consent taken by the metadata": {operator.Registration{Metadata: implied}, idp.CodeForbidden},
		"unknown level":                 {operator.Registration{Metadata: level}, idp.CodeInvalid},
		"id with a space":               {operator.Registration{ID: "a b", Metadata: tax()}, idp.CodeInvalid},
		"id with a colon":               {operator.Registration{ID: "a:b", Metadata: tax()}, idp.CodeInvalid},
		"no metadata":                   {operator.Registration{}, idp.CodeInvalid},
	} {
		_, err := b.AddClients(b.ctx, operator.ActorCommand, []operator.Registration{row.reg}, false)
		if idp.CodeOf(err) != row.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.AddClients(b.ctx, operator.ActorCommand, nil, false); idp.CodeOf(err) != idp.CodeInvalid {
		t.Errorf("nothing: %v", err)
	}
	if done := b.add(operator.Registration{Metadata: implied, Implied: true}); !done.Client.ConsentImplied() {
		t.Error("the operator's word did not count")
	}
}

func TestRotateSecret_PreviousOneEndsInTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hash := client.HashWith(b.ring)
	first := b.add(operator.Registration{ID: "tax", Metadata: tax()})
	second, err := b.RotateSecret(b.ctx, operator.ActorCommand, "tax", time.Hour, false)
	b.must(err)
	third, err := b.RotateSecret(b.ctx, operator.ActorCommand, "tax", time.Hour, false)
	b.must(err)
	c, err := b.clients.Find(b.ctx, "tax")
	b.must(err)
	now := b.clock.Now()
	for name, row := range map[string]struct {
		secret string
		at     time.Time
		want   bool
	}{
		"newest":                     {third.Secret, now, true},
		"one before":                 {second.Secret, now, true},
		"one before, after its hour": {second.Secret, now.Add(time.Hour), false},
		"two before":                 {first.Secret, now, false},
	} {
		if got := c.SecretMatches(hash, row.secret, row.at); got != row.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	last, err := b.RotateSecret(b.ctx, operator.ActorCommand, "tax", 0, false)
	b.must(err)
	if c, err = b.clients.Find(b.ctx, "tax"); err != nil || c.SecretMatches(hash, third.Secret, now) || !c.SecretMatches(hash, last.Secret, now) {
		t.Error("without an overlap the secret before is still good")
	}
	for overlap, want := range map[time.Duration]idp.Code{-1: idp.CodeInvalid, 91 * 24 * time.Hour: idp.CodeInvalid} {
		if _, err := b.RotateSecret(b.ctx, operator.ActorCommand, "tax", overlap, false); idp.CodeOf(err) != want {
			t.Errorf("overlap %s: %v", overlap, err)
		}
	}
	if _, err := b.RotateSecret(b.ctx, operator.ActorCommand, "nobody", 0, false); idp.CodeOf(err) != idp.CodeNotFound {
		t.Errorf("unknown client: %v", err)
	}
}

func TestUpdate_SecretsFollowTheMethod(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.add(operator.Registration{ID: "tax", Metadata: tax()})
	method := func(m client.AuthMethod) operator.Update {
		return operator.Update{Change: func(md client.Metadata) (client.Metadata, error) {
			md.TokenEndpointAuthMethod = m
			return md, nil
		}}
	}
	done, err := b.UpdateClient(b.ctx, operator.ActorCommand, "tax", method(client.AuthNone))
	b.must(err)
	if done.Secret != "" || len(done.Client.Secrets) != 0 {
		t.Error("a public client kept a secret")
	}
	if _, err := b.RotateSecret(b.ctx, operator.ActorCommand, "tax", 0, false); idp.CodeOf(err) != idp.CodeInvalid {
		t.Errorf("rotated the secret of a public client: %v", err)
	}
	done, err = b.UpdateClient(b.ctx, operator.ActorCommand, "tax", method(client.AuthSecretPost))
	b.must(err)
	if done.Secret == "" {
		t.Error("no secret for a client that needs one")
	}
	done, err = b.UpdateClient(b.ctx, operator.ActorCommand, "tax", method(client.AuthSecretBasic))
	b.must(err)
	if done.Secret != "" || len(done.Client.Secrets) != 1 {
		t.Error("a change of header for body made a new secret")
	}
}

func TestUpdate_SubjectsChangeOnlyByName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.add(operator.Registration{ID: "tax", Metadata: tax()})
	move := operator.Update{Change: func(m client.Metadata) (client.Metadata, error) {
		m.RedirectURIs = []string{"https://taxes.example/cb"}
		return m, nil
	}}
	if _, err := b.UpdateClient(b.ctx, operator.ActorCommand, "tax", move); idp.CodeOf(err) != idp.CodeConflict {
		t.Errorf("another sector went through: %v", err)
	}
	move.NewSubjects = true
	done, err := b.UpdateClient(b.ctx, operator.ActorCommand, "tax", move)
	b.must(err)
	if done.Client.Sector != "taxes.example" || done.Client.CreatedAt.IsZero() {
		t.Errorf("updated to %+v", done.Client)
	}
}

func TestDisable_AndAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.add(operator.Registration{ID: "tax", Metadata: tax()})
	for _, off := range []bool{true, true, false} {
		c, err := b.SetClientDisabled(b.ctx, operator.ActorCommand, "tax", off, false)
		b.must(err)
		found, err := b.clients.Find(b.ctx, "tax")
		b.must(err)
		if c.Disabled() != off || found.Disabled() != off {
			t.Errorf("disabled %v, stored %v, want %v", c.Disabled(), found.Disabled(), off)
		}
	}
	if diff := cmp.Diff([]string{"client.added", "client.disabled", "client.enabled"}, b.audited()); diff != "" {
		t.Error(diff)
	}
}

func TestListClients_PageByPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var want []idp.ClientID
	for _, id := range []idp.ClientID{"a", "b", "c", "d", "e"} {
		b.add(operator.Registration{ID: id, Metadata: tax()})
		want = append(want, id)
	}
	var got []idp.ClientID
	pages := 0
	for next := idp.ClientID(""); ; pages++ {
		page, after, err := b.ListClients(b.ctx, next, 2)
		b.must(err)
		for _, c := range page {
			got = append(got, c.ID)
		}
		if after == "" {
			break
		}
		next = after
	}
	if !slices.Equal(got, want) || pages != 2 {
		t.Errorf("%v in %d further pages", got, pages)
	}
}

func TestDatabaseDown_IsUnavailable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	back := b.db.Lose(t)
	_, err := b.AddClients(b.ctx, operator.ActorCommand, []operator.Registration{{Metadata: tax()}}, false)
	if idp.CodeOf(err) != idp.CodeUnavailable {
		t.Errorf("error %v", err)
	}
	back()
	b.add(operator.Registration{Metadata: tax()})
}
