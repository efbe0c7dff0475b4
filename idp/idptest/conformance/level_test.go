package conformance

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"surety/idp/idptest/world"
)

// acr is an acr value of the demonstration's policy.
func acr(level string) string { return "https://surety.example/demo/level/" + level }

// essential is the claims parameter that cannot do without one of the values.
func essential(values ...string) string {
	text, _ := json.Marshal(object{"id_token": object{"acr": object{"essential": true, "values": values}}})
	return string(text)
}

// acrValues: a wish costs nobody the log-in. The answer states the highest value
// that was asked for and is covered, else what was reached.
func acrValues(o *op) {
	offered := o.lists("acr_values_supported")
	t := o.visitor().flow(o.register(nil), "acr_values", strings.Join(offered, " "))
	if value, _ := t.id["acr"].(string); !slices.Contains(offered, value) {
		o.Errorf("acr %v is none of %v", t.id["acr"], offered)
	}
	// What is not known is ignored (OpenID Connect Core 1.0, section 5.5.1.1).
	o.visitor().flow(o.register(nil), "acr_values", "1 2")
	r, v := o.register(nil), o.visitorAs(withApp)
	v.flow(r)
	for asked, says := range map[string]string{
		acr("basic"): "basic", acr("checked"): "checked", acr("checked") + " " + acr("basic"): "checked", acr("high"): "checked",
		acr("substantial") + " " + acr("basic"): "basic", "1 " + acr("substantial"): "checked",
	} {
		if t := v.silent(r, "acr_values", asked, "prompt", "none"); t.id["acr"] != acr(says) {
			o.Errorf("acr_values=%s: %v, want %s", asked, t.id["acr"], says)
		}
	}
	// Who cannot meet it here and now is not held up, and who can is asked and may
	// go on without.
	other := o.visitorAs(proven)
	other.flow(r)
	if t := other.silent(r, "acr_values", acr("substantial")); t.id["acr"] != acr("checked") {
		o.Errorf("who has nothing to add: %v", t.id["acr"])
	}
	request := r.ask("acr_values", acr("substantial"))
	p := v.open(request)
	if p.Away || p.URL.Path != "/step-up" {
		o.Fatalf("not asked, but at %s", p.URL)
	}
	t = r.redeem(r.answer(v.browser.Submit(p, "decline"), request), request)
	if t.id["acr"] != acr("checked") {
		o.Errorf("who goes on without has %v", t.id["acr"])
	}
}

func claimsEssential(o *op) {
	v := o.visitor()
	t := v.flow(o.register(nil), "claims", `{"userinfo":{"name":{"essential":true}}}`)
	t.has(o, "name")
	t.hasNo(o, "email", "phone_number")
	t = v.flow(o.register(nil), "claims", `{"userinfo":{"email":{"essential":true},"email_verified":null,"unheard_of":null},"id_token":{"auth_time":{"essential":true}}}`)
	t.has(o, "email", "email_verified")
	essentialACR(o)
}

// essentialACR is what OpenID Connect Core 1.0, section 5.5.1.1, says of an
// essential acr: met, or an error, and never something else in its place. Where
// there is a way to meet it the person is shown the way first.
func essentialACR(o *op) {
	r, v := o.register(nil), o.visitorAs(withApp)
	if t := v.flow(r, "claims", essential("urn:unknown", acr("basic"))); t.id["acr"] != acr("basic") {
		o.Errorf("one of two: %v", t.id["acr"])
	}
	if t := v.silent(r, "claims", essential(acr("basic"), acr("checked"))); t.id["acr"] != acr("checked") {
		o.Errorf("either would do: %v", t.id["acr"])
	}
	v.refused(r, r.ask("claims", essential("urn:unknown")), "unmet_authentication_requirements")
	v.refused(r, r.ask("claims", essential("urn:unknown"), "acr_values", acr("basic")), "unmet_authentication_requirements")
	v.refused(r, r.ask("claims", essential(acr("substantial")), "prompt", "none"), "login_required", "interaction_required")
	if t := v.upTo(r, acr("substantial")); t.id["acr"] != acr("substantial") {
		o.Errorf("after the app: %v", t.id["acr"])
	}
	// Nothing that the person has leads here; what else does is shown to them.
	request := r.ask("claims", essential(acr("high")))
	p := v.open(request)
	if p.Away || p.URL.Path != "/step-up" || !p.Has(`id="ways"`) {
		o.Fatalf("no ways, but %s:\n%s", p.URL, p.Body)
	}
	got := r.answer(v.browser.Submit(p, "decline"), request)
	r.wantError(got, "unmet_authentication_requirements")
	for i, status := range []int{http.StatusOK, http.StatusGone} {
		answer := o.get(got.Get("error_uri"), r.authenticate(url.Values{})...)
		o.wantJSON(answer, status)
		if i == 0 && (answer.text("outcome") != "declined" || answer.json["required"].(map[string]any)["acr"] != acr("high")) {
			o.Errorf("outcome %s", answer.body)
		}
	}
}

// upTo goes through an authorization that cannot do without the value, with the
// person's app.
func (v *visitor) upTo(r *rp, value string, pairs ...string) tokens {
	v.Helper()
	request := r.ask(append([]string{"claims", essential(value)}, pairs...)...)
	p := v.through(v.open(request))
	if p.Away || !strings.HasPrefix(p.URL.Path, "/step-up") {
		v.Fatalf("not asked for more, but at %s (%d)", p.URL, p.Status)
	}
	p = v.browser.Get("/step-up/otp?interaction=" + p.URL.Query().Get("interaction"))
	p = v.browser.Submit(p, "continue", "code", v.world.SameApp(appKey).Code())
	return r.redeem(r.answer(v.through(p), request), request)
}

func promptLogin(o *op) {
	r, v := o.register(nil), o.visitor()
	before := v.flow(r)
	o.world.Advance(2 * time.Second)
	request := r.ask("prompt", "login")
	after := r.redeem(r.answer(v.again(v.open(request)), request), request)
	wantLater(o, before, after)
	// At a level of two factors both are asked for again.
	v = o.visitorAs(withApp)
	before = v.upTo(r, acr("substantial"))
	o.world.Advance(30 * time.Second) // the app shows another code
	v.silent(r, "claims", essential(acr("substantial")), "prompt", "none")
	after = v.upTo(r, acr("substantial"), "prompt", "login")
	wantLater(o, before, after)
	if !slices.Equal(after.id["amr"].([]any), []any{"pwd", "otp", "mfa"}) {
		o.Errorf("amr %v", after.id["amr"])
	}
}

func maxAge1(o *op) {
	r, v := o.register(nil), o.visitor()
	before := v.flow(r)
	o.world.Advance(2 * time.Second)
	v.refused(r, r.ask("max_age", "1", "prompt", "none"), "login_required")
	request := r.ask("max_age", "1")
	wantLater(o, before, r.redeem(r.answer(v.again(v.open(request)), request), request))
	// max_age=0 is prompt=login (OpenID Connect Core 1.0, section 15.1).
	o.world.Advance(2 * time.Second)
	request = r.ask("max_age", "0")
	wantLater(o, before, r.redeem(r.answer(v.again(v.open(request)), request), request))
}

// maxAge10000 looks at the oldest of the factors that count: auth_time must not
// be younger than the log-in that the level rests on.
func maxAge10000(o *op) {
	r, v := o.register(nil), o.visitor()
	before := v.flow(r, "max_age", "10000")
	o.world.Advance(2 * time.Second)
	wantSame(o, before, v.silent(r, "max_age", "10000"))
	v = o.visitorAs(withApp)
	before = v.flow(r)
	o.world.Advance(time.Minute)
	wantSame(o, before, v.upTo(r, acr("substantial"), "max_age", "10000"))
	v.refused(r, r.ask("claims", essential(acr("substantial")), "max_age", "30", "prompt", "none"), "login_required")
}

// again fails unless the person is asked to log in, and does so.
func (v *visitor) again(p world.Page) world.Page {
	v.Helper()
	if p.Away || p.URL.Path != "/sign-in" {
		v.Fatalf("not asked to log in, but at %s", p.URL)
	}
	return v.through(p)
}
