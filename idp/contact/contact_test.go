package contact

import (
	"errors"
	"strings"
	"testing"

	"surety/idp"
)

func TestParseGivesOneForm(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		input, region string
		want          Contact
	}{
		{"anna@example.org", "", Contact{Email, "anna@example.org", "anna@example.org"}},
		{"  Anna.B+tag@EXAMPLE.Org\u200b\n", "", Contact{Email, "Anna.B+tag@example.org", "Anna.B+tag@example.org"}},
		{"o'neil@example.org", "", Contact{Email, "o'neil@example.org", "o'neil@example.org"}},
		{"anna@пошта.укр", "", Contact{Email, "anna@xn--80a1acn3a.xn--j1amh", "anna@пошта.укр"}},
		{"anna@xn--80a1acn3a.xn--j1amh", "", Contact{Email, "anna@xn--80a1acn3a.xn--j1amh", "anna@пошта.укр"}},
		{"+375 (29) 123-45-67", "", Contact{Phone, "+375291234567", "+375 29 123-45-67"}},
		{"8 029 123-45-67", "BY", Contact{Phone, "+375291234567", "+375 29 123-45-67"}},
		{"029\u00a01234567", "BY", Contact{Phone, "+375291234567", "+375 29 123-45-67"}},
		{"8 (912) 345-67-89", "RU", Contact{Phone, "+79123456789", "+7 912 345-67-89"}},
		{"067 123 45 67", "UA", Contact{Phone, "+380671234567", "+380 67 123 4567"}},
		{"+1 201 555 0123", "BY", Contact{Phone, "+12015550123", "+1 201-555-0123"}},
	} {
		got, err := Parse(tc.input, tc.region)
		if err != nil || got != tc.want {
			t.Errorf("Parse(%q, %q) = %+v, %v; want %+v", tc.input, tc.region, got, err, tc.want)
		}
	}
}

func TestParseRefusesWithAReason(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 60)
	for _, tc := range []struct{ input, key string }{
		{"", "empty"},
		{" \u00a0\t", "empty"},
		{strings.Repeat("1", 400), "too_long"},
		{"\xff@example.org", "unreadable"},
		{"anna@example.org\r\nBcc: all@example.org", "unreadable"},
		{"anna\x00@example.org", "unreadable"},
		{"anna@@example.org", "email"},
		{"anna@evil.example@example.org", "email"},
		{"@example.org", "email"},
		{".anna@example.org", "email"},
		{"an..na@example.org", "email"},
		{"anna@example.org, boris@example.org", "email"},
		{"anna,boris@example.org", "email"},
		{"Anna <anna@example.org>", "email"},
		{`"anna b"@example.org`, "email"},
		{"anna(c)@example.org", "email"},
		{"анна@example.org", "email_letters"},
		{"аnna@example.org", "email_letters"}, // the first letter is Cyrillic
		{"anna@localhost", "email_domain"},
		{"anna@[127.0.0.1]", "email_domain"},
		{"anna@127.0.0.1", "email_domain"},
		{"anna@example.org.", "email_domain"},
		{"anna@exa mple.org", "email_domain"},
		{"anna@-example.org", "email_domain"},
		{"anna@exa_mple.org", "email_domain"},
		{strings.Repeat("a", 65) + "@example.org", "too_long"},
		{"a@" + long + "." + long + "." + long + "." + long + ".example.org", "email_domain"},
		{strings.Repeat("a", 60) + "@" + long + "." + long + "." + long + ".example.org", "too_long"},
		{"12345", "phone"},
		{"+375 29 123 45 67 ext. 5", "phone"},
		{"1-800-FLOWERS", "phone"},
		{"+٣٧٥٢٩١٢٣٤٥٦٧", "phone"},
		{"+999 123 456 789", "phone"},
		{"+375 17 226 01 02", "phone_mobile"}, // a landline in Minsk
		{"+7 809 123 45 67", "phone_mobile"},  // a premium number
		{"anna", "phone"},
	} {
		_, err := Parse(tc.input, "BY")
		var e *idp.Error
		if !errors.As(err, &e) || e.Code != idp.CodeInvalid || e.Key != "error_contact_"+tc.key {
			t.Errorf("Parse(%q) = %v; want %s", tc.input, err, tc.key)
		}
		if err != nil && len(tc.input) > 3 && strings.Contains(err.Error(), tc.input) {
			t.Errorf("the error repeats what was typed: %v", err)
		}
	}
}

func TestCountriesLimitTextMessages(t *testing.T) {
	t.Parallel()
	r := Rules{Region: "BY", Countries: []string{"BY", "PL"}}
	if _, err := r.Parse("029 123 45 67"); err != nil {
		t.Errorf("own country: %v", err)
	}
	_, err := r.Parse("+7 912 345 67 89")
	var e *idp.Error
	if !errors.As(err, &e) || e.Key != "error_contact_phone_country" {
		t.Errorf("other country: %v", err)
	}
	if _, err := r.Parse("anna@example.ru"); err != nil {
		t.Errorf("e-mail knows no country: %v", err)
	}
}

func TestKeyIsSharedByEqualContacts(t *testing.T) {
	t.Parallel()
	same := [][]string{
		{"anna@example.org", "ANNA@Example.ORG", " Anna@example.org "},
		{"anna@пошта.укр", "anna@ПОШТА.УКР", "Anna@xn--80a1acn3a.xn--j1amh"},
		{"+375291234567", "8 029 123 45 67", "(029) 123-45-67"},
	}
	seen := map[string]int{}
	for i, group := range same {
		for _, input := range group {
			c, err := Parse(input, "BY")
			if err != nil {
				t.Fatalf("Parse(%q): %v", input, err)
			}
			if j, ok := seen[c.Key()]; ok && j != i {
				t.Errorf("%q shares a key with another contact", input)
			}
			seen[c.Key()] = i
		}
	}
	if len(seen) != len(same) {
		t.Errorf("%d keys for %d contacts: %v", len(seen), len(same), seen)
	}
}

func TestMaskHidesLengthAndMiddle(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		"anna@example.org":               "a•••@e•••.org",
		"annabelle.long@mail.example.by": "a•••@m•••.by",
		"anna@пошта.укр":                 "a•••@п•••.укр",
		"+375291234512":                  "+375 ••• 12",
		"+12015550123":                   "+1 ••• 23",
	} {
		c, err := Parse(input, "BY")
		if err != nil {
			t.Fatalf("Parse(%q): %v", input, err)
		}
		if got := Mask(c); got != want {
			t.Errorf("Mask(%q) = %q, want %q", input, got, want)
		}
	}
	for _, c := range []Contact{{}, {Kind: Email, Value: "x"}, {Kind: Phone, Value: "1"}, {Kind: "fax", Value: "123"}} {
		if got := Mask(c); got != dots {
			t.Errorf("Mask(%+v) = %q", c, got)
		}
	}
}

// FuzzParse checks on any text that what comes out is stable, bounded and
// fit for a header line.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"anna@example.org", "+375291234567", "8029 123 45 67", "a@b.c\r\nTo: x", "анна@пошта.укр", "@", "\xff", "a@xn--"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, input string) {
		c, err := Parse(input, "BY")
		if err != nil {
			return
		}
		if len(c.Value) > maxAddress || strings.ContainsAny(c.Value, "\r\n\x00 ,;<>\"()") {
			t.Fatalf("%q became %q", input, c.Value)
		}
		again, err := Parse(c.Value, "BY")
		if err != nil || again != c {
			t.Fatalf("%q became %+v, then %+v, %v", input, c, again, err)
		}
		Mask(c)
	})
}
