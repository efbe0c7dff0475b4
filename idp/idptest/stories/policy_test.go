package stories_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
	"time"

	"surety/idp/idptest/world"
	"surety/idp/profile"
)

// changed is the demonstration's policy as its next version, with one line
// written otherwise.
func changed(t *testing.T, version int, from, to string) []byte {
	t.Helper()
	source, err := profile.PolicySource("demo")
	if err != nil {
		t.Fatal(err)
	}
	for old, replacement := range map[string]string{"\nversion: 1\n": fmt.Sprintf("\nversion: %d\n", version), from: to} {
		if !bytes.Contains(source, []byte(old)) {
			t.Fatalf("the policy has no %q", old)
		}
		source = bytes.Replace(source, []byte(old), []byte(replacement), 1)
	}
	return source
}

const (
	factors = "[[identifier], [password, otp], [password, sms], [passkey]]" // of the level substantial
	noSMS   = "[[identifier], [password, otp], [passkey]]"
)

// at is the same office as a balancer's requests to that process see it.
func (o *office) at(process *world.World) *office {
	a := *o.agency
	a.World = process
	return &office{&a, o.shop}
}

// through is the same browser with its requests sent to that process.
func (c citizen) through(process *world.World) citizen {
	b := *c.Browser
	client := *b.Client
	client.Transport = process.Transport
	b.Client = &client
	c.Browser = &b
	return c
}

// TestPolicy_ChangesUnderRunningProcesses: two of them, neither of which is
// started anew. Who lands in a service, what is shown on the way and what a
// refresh says follow in both at the same moment; before that moment nobody is
// given what only one of the two policies gives.
func TestPolicy_ChangesUnderRunningProcesses(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	second := w.Second()
	o := bureau(w)
	bySMS, byCode := confirmedCitizen(w, false), confirmedCitizen(w, true)
	// A step-up begins at one process and ends at the other.
	page := bySMS.comes(o.asking("3.30.01"))
	there := bySMS.through(second)
	page = there.Submit(there.Get("/step-up/sms"+interactionOf(page)), "send")
	page = bySMS.Submit(page, "continue", "code", bySMS.code(0))
	tokens := o.redeem(there.agrees(page))
	app := o.kept(byCode, "3.30.01")
	for _, c := range []citizen{bySMS, there} {
		o.redeem(c.Get(o.asking("3.30.01", "prompt", "none")))
	}

	w.Activate(changed(t, 2, factors, noSMS))
	for name, process := range map[string]*world.World{"one": w, "the other": second} {
		// A code by SMS is no second factor any more: the session is the same, and what it gives is not.
		c := bySMS.through(process)
		page := c.Get(o.asking("3.30.01"))
		wantPath(t, page, "/step-up")
		want(t, page, http.StatusOK, "Add an authenticator app")
		lacks(t, page, "Enter a code from a text message")
		o.at(process).ends("refresh at "+name, tokens, notMet)
		o.redeem(c.agrees(c.Get(o.asking("2.20.01")))) // what asks for less goes on
		o.redeem(byCode.through(process).Get(o.asking("3.30.01", "prompt", "none")))
	}
	app = o.renews("who has an app notices nothing", app, "substantial")

	// Back again, as a third version: nobody needs to log in anew. Until both
	// policies have been out of doubt, the stricter one counts.
	w.Advance(time.Minute)
	w.Activate(changed(t, 3, factors, factors))
	for _, process := range []*world.World{w, second} {
		wantPath(t, bySMS.through(process).Get(o.asking("3.30.01")), "/step-up")
	}
	w.Advance(30 * time.Second)
	for _, process := range []*world.World{w, second} {
		o.at(process).renews("afterwards", o.redeem(bySMS.through(process).Get(o.asking("3.30.01", "prompt", "none"))), "substantial")
	}
	o.renews("who has an app", app, "substantial")
}

// TestPolicy_AMistakeChangesNothing: what cannot be read, what nobody could
// reach and what a service needs and would lose is refused, and the old policy
// stays in force.
func TestPolicy_AMistakeChangesNothing(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	o, c := bureau(w), confirmedCitizen(w, true)
	tokens := o.kept(c, "3.30.01")
	for name, source := range map[string][]byte{
		"a word that is none":         changed(t, 2, "levels:", "moon_phase: full\nlevels:"),
		"a method that is none":       changed(t, 2, factors, "[[telepathy]]"),
		"no level where one is asked": changed(t, 2, "name: high", "name: highest"),
		"the same number":             changed(t, 1, factors, noSMS),
	} {
		if err := w.TryPolicy(source); err == nil {
			t.Errorf("%s was activated", name)
		}
	}
	w.Advance(time.Minute)
	o.renews("after all of them", tokens, "substantial")
	o.redeem(c.Get(o.asking("3.30.01", "prompt", "none")))
}
