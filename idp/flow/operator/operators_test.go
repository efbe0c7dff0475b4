package operator_test

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/flow/operator"
	"surety/idp/idptest/authenticator"
	"surety/idp/session"

	"github.com/google/go-cmp/cmp"
)

// bootstrap makes the link of the first operator and returns its token.
func (b *bench) bootstrap() string {
	b.t.Helper()
	made, err := b.Bootstrap(b.ctx, "Anna", false, false)
	b.must(err)
	return b.token(made)
}

func (b *bench) token(made operator.Invitation) string {
	b.t.Helper()
	u, err := url.Parse(made.Link)
	b.must(err)
	if u.Scheme+"://"+u.Host != issuer || u.Path != "/operator/invite" {
		b.t.Errorf("link %s", made.Link)
	}
	return u.Query().Get("token")
}

func device() *authenticator.Device { return authenticator.New(issuer) }

// made is the answer of a device that makes a passkey.
func (b *bench) made(d *authenticator.Device, options []byte) []byte {
	b.t.Helper()
	answer, err := d.Create(options)
	b.must(err)
	return answer
}

// used is the answer of a device that logs in.
func (b *bench) used(d *authenticator.Device, options []byte) []byte {
	b.t.Helper()
	answer, err := d.Get(options)
	b.must(err)
	return answer
}

// stranger answers with a passkey that was made for this site and that no row knows.
func (b *bench) stranger(options []byte) []byte {
	b.t.Helper()
	d := device()
	invite, err := b.Bootstrap(b.ctx, "Boris", true, false)
	b.must(err)
	page, err := b.OpenInvite(b.ctx, b.token(invite))
	b.must(err)
	b.made(d, page.Options)
	return b.used(d, options)
}

// takeUp answers an invitation with the key.
func (b *bench) takeUp(token, name string, key *authenticator.Device) (session.Ticket, error) {
	page, err := b.OpenInvite(b.ctx, token)
	if err != nil {
		return session.Ticket{}, err
	}
	return b.TakeUpInvite(b.ctx, operator.TakeUp{Token: token, Attempt: page.Attempt, Name: name, Answer: b.made(key, page.Options)})
}

// first makes the first operator.
func (b *bench) first() (*authenticator.Device, session.Ticket) {
	b.t.Helper()
	key := device()
	ticket, err := b.takeUp(b.bootstrap(), "Anna", key)
	b.must(err)
	return key, ticket
}

func (b *bench) signIn(key *authenticator.Device) (session.Ticket, error) {
	page, err := b.OpenSignIn(b.ctx)
	b.must(err)
	return b.SignIn(b.ctx, page.Attempt, b.used(key, page.Options))
}

func TestR5_BootstrapOnceOnAnEmptySystem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.bootstrap()
	if _, err := b.Bootstrap(b.ctx, "Another", false, false); idp.CodeOf(err) != idp.CodeConflict {
		t.Errorf("a second open link: %v", err)
	}
	ticket, err := b.takeUp(token, "Anna Kowal", device())
	b.must(err)
	me, err := b.Who(b.ctx, ticket.Secret)
	b.must(err)
	if me.Name != "Anna Kowal" || !ticket.Shared {
		t.Errorf("me %+v, ticket %+v", me, ticket)
	}
	if _, err := b.takeUp(token, "Anna", device()); idp.CodeOf(err) != idp.CodeExpired {
		t.Errorf("the link worked twice: %v", err)
	}
	// One operator is not enough to invite from the browser when a passkey is lost.
	second := b.bootstrap()
	if _, err := b.takeUp(second, "Boris", device()); err != nil {
		t.Fatal(err)
	}
	for _, dry := range []bool{true, false} {
		if _, err := b.Bootstrap(b.ctx, "Third", true, dry); idp.CodeOf(err) != idp.CodeForbidden {
			t.Errorf("with two operators (dry run %v): %v", dry, err)
		}
	}
	want := []string{"operator.invited", "operator.joined", "operator.invited", "operator.joined"}
	if diff := cmp.Diff(want, b.audited()); diff != "" {
		t.Error(diff)
	}
}

// A bootstrap link that is still around when two operators exist is void.
func TestR5_BootstrapLinkEndsWithTheSecondOperator(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ticket := b.first()
	left := b.bootstrap()
	page, err := b.OpenInvite(b.ctx, left)
	b.must(err)
	made, err := b.InviteAnother(b.ctx, ticket.Secret, "Boris")
	b.must(err)
	_, err = b.takeUp(b.token(made), "Boris", device())
	b.must(err)
	_, err = b.TakeUpInvite(b.ctx, operator.TakeUp{Token: left, Attempt: page.Attempt, Name: "Eve", Answer: b.made(device(), page.Options)})
	if idp.CodeOf(err) != idp.CodeForbidden || b.count("operator") != 2 {
		t.Errorf("%d operators, %v", b.count("operator"), err)
	}
}

// A server at a bare address can have no passkeys, so it makes no links either.
func TestBootstrap_NeedsAnIssuerWithAName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	deps := b.Deps
	deps.Passkeys = nil
	bare := operator.New(deps)
	if _, err := bare.Bootstrap(b.ctx, "Anna", false, false); idp.CodeOf(err) != idp.CodeUnavailable || b.count("operator_invite") != 0 {
		t.Errorf("made %d links, %v", b.count("operator_invite"), err)
	}
	if _, err := bare.OpenSignIn(b.ctx); idp.CodeOf(err) != idp.CodeUnavailable {
		t.Errorf("asked for a passkey: %v", err)
	}
}

func TestBootstrap_ReplaceVoidsTheLostLink(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lost := b.bootstrap()
	_, err := b.Bootstrap(b.ctx, "Anna", true, false)
	b.must(err)
	if _, err := b.OpenInvite(b.ctx, lost); idp.CodeOf(err) != idp.CodeExpired {
		t.Errorf("the lost link: %v", err)
	}
	b.clock.Advance(operator.InviteLife)
	// One that is over is in nobody's way.
	if _, err := b.Bootstrap(b.ctx, "Anna", false, false); err != nil {
		t.Error(err)
	}
}

func TestInvite_ManyBrowsersOneOperator(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.bootstrap()
	var wg sync.WaitGroup
	var pages []operator.TakeUp
	for range 8 {
		page, err := b.OpenInvite(b.ctx, token)
		b.must(err)
		pages = append(pages, operator.TakeUp{Token: token, Attempt: page.Attempt, Name: "Anna", Answer: b.made(device(), page.Options)})
	}
	codes := make(chan idp.Code, len(pages))
	for _, in := range pages {
		wg.Go(func() {
			_, err := b.TakeUpInvite(b.ctx, in)
			codes <- idp.CodeOf(err)
		})
	}
	wg.Wait()
	close(codes)
	made := 0
	for code := range codes {
		if code == "" {
			made++
		} else if code != idp.CodeExpired {
			t.Errorf("a loser got %q", code)
		}
	}
	if made != 1 || b.count("operator") != 1 || b.count("operator_passkey") != 1 {
		t.Errorf("%d operators made, %d rows, %d passkeys", made, b.count("operator"), b.count("operator_passkey"))
	}
}

func TestInvite_LinkLivesADayAndShowsNothingWhenItIsNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.bootstrap()
	for _, bad := range []string{"", "x", strings.Repeat("A", 43), token[:42] + "!", strings.Repeat("x", 10_000)} {
		if _, err := b.OpenInvite(b.ctx, bad); idp.CodeOf(err) != idp.CodeNotFound {
			t.Errorf("token %.50q: %v", bad, err)
		}
	}
	b.clock.Advance(operator.InviteLife)
	if _, err := b.OpenInvite(b.ctx, token); idp.CodeOf(err) != idp.CodeExpired {
		t.Errorf("after a day: %v", err)
	}
}

// Looking at pages must leave nothing behind: mail scanners open links, and
// anybody may open the log-in page as often as they like.
func TestPages_WriteNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.bootstrap()
	before := b.count("operator_answer") + b.count("operator_session") + b.count("audit_event")
	for range 3 {
		_, err := b.OpenInvite(b.ctx, token)
		b.must(err)
		_, err = b.OpenSignIn(b.ctx)
		b.must(err)
	}
	if after := b.count("operator_answer") + b.count("operator_session") + b.count("audit_event"); after != before {
		t.Errorf("%d rows became %d", before, after)
	}
}

func TestSignIn_ByPasskey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key, _ := b.first()
	b.clock.Advance(time.Hour)
	ticket, err := b.signIn(key)
	b.must(err)
	me, rows, err := b.ListOperators(b.ctx, ticket.Secret)
	b.must(err)
	if len(rows) != 1 || rows[0].ID != me.ID || rows[0].Name != "Anna" || !rows[0].SeenAt.Equal(b.clock.Now()) {
		t.Errorf("list %+v", rows)
	}
	if got := b.audited(); !slices.Contains(got, "operator.signed_in") {
		t.Errorf("events %v", got)
	}
	b.must(b.SignOut(b.ctx, ticket.Secret))
	if _, err := b.Who(b.ctx, ticket.Secret); idp.CodeOf(err) != idp.CodeForbidden {
		t.Errorf("after logging out: %v", err)
	}
}

func TestSignIn_Attacks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key, _ := b.first()
	page, err := b.OpenSignIn(b.ctx)
	b.must(err)
	other, err := b.OpenSignIn(b.ctx)
	b.must(err)
	answer := b.used(key, page.Options)
	_, err = b.SignIn(b.ctx, page.Attempt, answer)
	b.must(err)

	sessions := b.count("operator_session")
	for name, try := range map[string]func() (string, []byte){
		"replayed":               func() (string, []byte) { return page.Attempt, answer },
		"answer to another page": func() (string, []byte) { return other.Attempt, answer },
		"no answer":              func() (string, []byte) { return other.Attempt, nil },
		"not JSON":               func() (string, []byte) { return other.Attempt, []byte("{") },
		"huge":                   func() (string, []byte) { return other.Attempt, make([]byte, 1<<20) },
		"attempt made up":        func() (string, []byte) { return "AAAA", b.used(key, other.Options) },
		"attempt changed": func() (string, []byte) {
			return other.Attempt[:len(other.Attempt)-2] + "AA", b.used(key, other.Options)
		},
		"passkey nobody knows": func() (string, []byte) { return other.Attempt, b.stranger(other.Options) },
		"attempt of an invite": func() (string, []byte) { return b.inviteAttempt(), b.used(key, other.Options) },
		"phishing site": func() (string, []byte) {
			thief := *key
			thief.Origin = "https://id.example.com"
			return other.Attempt, b.used(&thief, other.Options)
		},
		"locked key": func() (string, []byte) {
			fool := *key
			fool.Unverified = true
			return other.Attempt, b.used(&fool, other.Options)
		},
	} {
		attempt, answer := try()
		if _, err := b.SignIn(b.ctx, attempt, answer); idp.CodeOf(err) != idp.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := b.count("operator_session"); n != sessions {
		t.Errorf("%d sessions came of attacks", n-sessions)
	}
}

func (b *bench) inviteAttempt() string {
	b.t.Helper()
	made, err := b.Bootstrap(b.ctx, "Boris", true, false)
	b.must(err)
	page, err := b.OpenInvite(b.ctx, b.token(made))
	b.must(err)
	return page.Attempt
}

func TestSignIn_ChallengeEndsAfterTenMinutes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key, _ := b.first()
	page, err := b.OpenSignIn(b.ctx)
	b.must(err)
	b.clock.Advance(10 * time.Minute)
	if _, err := b.SignIn(b.ctx, page.Attempt, b.used(key, page.Options)); idp.CodeOf(err) != idp.CodeInvalid {
		t.Errorf("error %v", err)
	}
}

func TestSignIn_DisabledOperator(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key, ticket := b.first()
	_, err := b.db.Exec(b.ctx, `UPDATE operator SET disabled_at = $1`, b.clock.Now())
	b.must(err)
	if _, err := b.Who(b.ctx, ticket.Secret); idp.CodeOf(err) != idp.CodeForbidden {
		t.Errorf("an open session: %v", err)
	}
	if _, err := b.signIn(key); idp.CodeOf(err) != idp.CodeInvalid {
		t.Errorf("a new one: %v", err)
	}
}

func TestSession_IdleAndAbsoluteEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ticket := b.first()
	for range 47 { // ten minutes apart, as somebody works
		b.clock.Advance(10 * time.Minute)
		if _, err := b.Who(b.ctx, ticket.Secret); err != nil {
			t.Fatal(err)
		}
	}
	b.clock.Advance(10 * time.Minute) // eight hours in all
	if _, err := b.Who(b.ctx, ticket.Secret); idp.CodeOf(err) != idp.CodeForbidden {
		t.Errorf("after eight hours: %v", err)
	}
}

func TestSession_IdleEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ticket := b.first()
	b.clock.Advance(15 * time.Minute)
	for _, secret := range []string{ticket.Secret, "", "x", strings.Repeat("A", 43)} {
		if _, err := b.Who(b.ctx, secret); idp.CodeOf(err) != idp.CodeForbidden {
			t.Errorf("%.5q...: %v", secret, err)
		}
	}
	if _, err := b.InviteAnother(b.ctx, ticket.Secret, "Eve"); idp.CodeOf(err) != idp.CodeForbidden {
		t.Errorf("invited by nobody: %v", err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, bad := range []string{"", "  ", strings.Repeat("я", 101), "a\x00b"} {
		if _, err := b.Bootstrap(b.ctx, bad, false, false); idp.CodeOf(err) != idp.CodeInvalid {
			t.Errorf("name %.20q: %v", bad, err)
		}
	}
	_, ticket := b.first()
	_, err := b.InviteAnother(b.ctx, ticket.Secret, "  Ян   Кавальскі ")
	b.must(err)
	_, rows, err := b.ListOperators(b.ctx, ticket.Secret)
	b.must(err)
	if len(rows) != 2 || rows[1].Name != "Ян Кавальскі" || rows[1].ID != "" || rows[1].ExpiresAt.IsZero() {
		t.Errorf("list %+v", rows)
	}
	var dump string
	b.must(b.db.QueryRow(b.ctx, `SELECT (SELECT string_agg(o::text, '') FROM operator o) || (SELECT string_agg(i::text, '') FROM operator_invite i)`).Scan(&dump))
	if strings.Contains(dump, "Anna") || strings.Contains(dump, ticket.Secret) {
		t.Error("a name or a secret is in the rows in clear")
	}
}
