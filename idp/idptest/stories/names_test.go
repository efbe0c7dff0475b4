package stories_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"surety/idp/idptest/world"
)

// details returns the page on which names are stated, reached by a fresh
// registration in the middle of the agency's request.
func details(w *world.World, b *world.Browser, a *agency) world.Page {
	w.Helper()
	contact := email()
	page := begin(b, contact, interactionOf(b.Get(a.authorize("scope", "openid profile"))))
	return b.Submit(page, "continue", "code", w.Mail(contact, 0).Code)
}

// TestR8_NamesThatDoNotFitTheForm are registered, shown and sent as people
// write them.
func TestR8_NamesThatDoNotFitTheForm(t *testing.T) {
	t.Parallel()
	w := house(t)
	long := strings.Repeat("Ы", 100)
	for name, n := range map[string]struct {
		family, given, patronymic string // empty: "I have none"
		whole                     string
	}{
		"one word":             {"", "Сухарта", "", "Сухарта"},
		"surname alone":        {"Soekarno", "", "", "Soekarno"},
		"apostrophes":          {"Дзям'янчук", "Мар’яна", "Лук'янаўна", "Мар’яна Лук'янаўна Дзям'янчук"},
		"Irish and hyphenated": {"O'Neill-Ó Briain", "Anne-Marie", "", "Anne-Marie O'Neill-Ó Briain"},
		"Latin as in the zone": {"KAVALENKA", "HANNA", "", "HANNA KAVALENKA"},
		"a hundred letters":    {long, long, long, long + " " + long + " " + long},
		"not composed":         {"И\u0306одко", "Ганна", "", "Ганна Йодко"},
	} {
		a, b := newAgency(w, ""), person(w)
		page := details(w, b, a)
		form := []string{"password", world.Password}
		for field, value := range map[string]string{"family_name": n.family, "given_name": n.given, "patronymic": n.patronymic} {
			form = append(form, field, value)
			if value == "" {
				form = append(form, "no_"+field, "1")
			}
		}
		page = b.Submit(page, "continue", form...)
		want(t, page, http.StatusOK, html.EscapeString(n.whole))
		info := a.userinfo(a.redeem(b.Submit(page, "allow")))
		if info.text("name") != n.whole || len([]rune(info.text("family_name"))) != len([]rune(strings.ReplaceAll(n.family, "\u0306", ""))) {
			t.Errorf("%s: the agency got %s", name, info.Body)
		}
		if _, there := info.values["given_name"]; there != (n.given != "") {
			t.Errorf("%s: a name that is not there: %s", name, info.Body)
		}
	}
}

// TestR8_AnErrorKeepsEverythingButThePassword, and says all that is wrong at once.
func TestR8_AnErrorKeepsEverythingButThePassword(t *testing.T) {
	t.Parallel()
	w := house(t)
	a, b := newAgency(w, ""), person(w)
	page := details(w, b, a)
	typed := map[string]string{"family_name": `O'Neill "the" <b>`, "given_name": "Мар’яна", "patronymic": "Лук'янаўна"}
	page = b.Submit(page, "continue", "family_name", typed["family_name"], "given_name", typed["given_name"], "patronymic", typed["patronymic"],
		"no_given_name", "1", "password", "secret")
	want(t, page, http.StatusUnprocessableEntity, "Use letters, spaces, hyphens and apostrophes only",
		"You typed something and also ticked that you have none", "The password needs at least 12 characters")
	_, form := b.Form(page, "continue")
	for field, value := range typed {
		if form.Get(field) != value {
			t.Errorf("%s is now %q", field, form.Get(field))
		}
	}
	if form.Get("no_given_name") != "1" || form.Has("no_family_name") || form.Get("password") != "" {
		t.Errorf("boxes or password: %v", form)
	}
	lacks(t, page, "secret", `"the" <b>`)
	if !page.Has(a.name) {
		t.Error("the agency is forgotten")
	}
	// Faults one by one.
	right := append([]string{"no_given_name", "\x00", "patronymic", ""}, names...)
	for _, f := range []struct {
		change []string
		says   string
	}{
		{[]string{"family_name", ""}, "Enter your surname or tick that you have none"},
		{[]string{"given_name", " \u00a0 "}, "Enter your given name or tick that you have none"},
		{[]string{"patronymic", "", "no_patronymic", "\x00"}, "Enter your patronymic or tick that you have none"},
		{[]string{"family_name", strings.Repeat("ы", 101)}, "At most 100 characters"},
		{[]string{"family_name", "'"}, "Use letters"},
		{[]string{"family_name", "Anna2"}, "Use letters"},
		{[]string{"family_name", "Anna\u202eanna"}, "Use letters"},
		{[]string{"family_name", "http://example.test/"}, "Use letters"},
		{[]string{"family_name", "", "no_family_name", "1", "given_name", "", "no_given_name", "1"}, "Enter at least one part of your name"},
		{[]string{"password", ""}, "The password needs at least 12 characters"},
		{[]string{"password", strings.Repeat("horse tram ", 12)}, "The password may have at most 128 characters"},
		{[]string{"password", "Kavalenka Hanna Kavalenka"}, "must not contain your name"},
		{[]string{"password", "password password"}, "among the most common"},
		{[]string{"password", "amber kettle\x0193 orchard"}, "characters that cannot be typed"},
	} {
		got := b.Submit(page, "continue", append(slices.Clone(right), f.change...)...)
		want(t, got, http.StatusUnprocessableEntity, f.says)
		if n := strings.Count(got.Body, `class="fault"`); n != 1 {
			t.Errorf("%q: %d faults, want one", f.change, n)
		}
	}
	wantPath(t, b.Submit(page, "continue", right...), "/consent")
}
