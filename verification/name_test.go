package verification_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"surety/verification"
)

func typed(s string) verification.Stated { return verification.Stated{Text: s} }

var none = verification.Stated{None: true}

// faults lists what is wrong, as "field key".
func faults(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("%v is not joined", err)
	}
	var all []string
	for _, e := range joined.Unwrap() {
		var fault *verification.Error
		if !errors.As(e, &fault) {
			t.Fatalf("%v is no *verification.Error", e)
		}
		if fault.ErrorCode() != "invalid" || fault.MessageKey() != fault.Key || fault.ErrorField() != fault.Field {
			t.Errorf("%v has another face: %s %s %s", e, fault.ErrorCode(), fault.MessageKey(), fault.ErrorField())
		}
		all = append(all, fault.Field+" "+fault.Key)
	}
	return all
}

func TestR8_NamesThatFitNoForm(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Ы", verification.MaxNameLength)
	cases := map[string]string{
		"Иванова":                "Иванова",
		"Іванова":                "Іванова",
		"Ёлкіна-Ўсціновіч":       "Ёлкіна-Ўсціновіч",
		"Лук’яненко":             "Лук’яненко",
		"Лук'яненко":             "Лук'яненко",
		"Лукʼяненко":             "Лукʼяненко",
		"Лук`яненко":             "Лук'яненко",
		"Лук´яненко":             "Лук'яненко",
		"IVANOVA":                "IVANOVA",
		"ALIAKSANDR":             "ALIAKSANDR",
		"O'Neill":                "O'Neill",
		"'t Hooft":               "'t Hooft",
		"al-'Amin":               "al-'Amin",
		"Anna-Maria":             "Anna-Maria",
		"Anna–Maria":             "Anna-Maria",
		"de la Cruz y Fernández": "de la Cruz y Fernández",
		"Sukarno":                "Sukarno",
		"Y":                      "Y",
		"St. John":               "St. John",
		"Nguyễn":                 "Nguyễn",
		"Gal·la":                 "Gal·la",
		"Мамед оглы":             "Мамед оглы",
		"李小龙":                    "李小龙",
		"محمد":                   "محمد",
		"e\u0301va":              "éva",
		"И\u0306осиф":            "Йосиф",
		"  Анна   Мария\t ":      "Анна Мария",
		"Анна\u00a0Мария":        "Анна Мария",
		long:                     long,
	}
	for in, want := range cases {
		n, err := verification.NewName(typed(in), none, none)
		if err != nil || n.Surname != want {
			t.Errorf("%q: %q, %v, want %q", in, n.Surname, err, want)
		}
		if again, err := verification.NewName(typed(n.Surname), none, none); err != nil || again != n {
			t.Errorf("%q does not stay as it is: %q, %v", n.Surname, again.Surname, err)
		}
	}
}

func TestR8_WhatNoDocumentCanHoldIsRefused(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"<b>Анна</b>", "Anna & Co", "Anna;", "{{.Name}}", "${name}", "Anna\"", "(Anna)", "Anna/Maria", "Anna_Maria",
		"Анна1", "4nna", "www.example.com", "example.com", "http://example.com", "anna@example.com",
		"Анна\u0000", "Анна\u001b[31m", "Анна\u202eанна", "Анна\u200bМария", "\ufeffАнна",
		"\xd0", "Анна\xff", "-", "'", ".", "- -", "--", "Anna-", "-Anna", "Anna--Maria", "Anna''Maria", "Anna .", "А..",
		"А" + strings.Repeat("\u0301", 4), "\u0301Анна", "Anna🙂", "💩", "Anna,Maria", "*", "№5",
	} {
		_, err := verification.NewName(typed("Иванова"), typed(in), none)
		if got := faults(t, err); !slices.Equal(got, []string{"given_name error.name.letters"}) {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestR8_AtLeastOnePartEachOtherMayBeNone(t *testing.T) {
	t.Parallel()
	const name = "Анна"
	states := []verification.Stated{typed(name), none, typed(""), {Text: name, None: true}, {Text: "  ", None: true}}
	fault := [][3]string{
		{"", "", ""},
		{"", "", ""},
		{"family_name error.name.family_required", "given_name error.name.given_required", "patronymic error.name.patronymic_required"},
		{"family_name error.name.both", "given_name error.name.both", "patronymic error.name.both"},
		{"", "", ""},
	}
	for i, surname := range states {
		for j, given := range states {
			for k, patronymic := range states {
				var want []string
				for part, state := range []int{i, j, k} {
					if f := fault[state][part]; f != "" {
						want = append(want, f)
					}
				}
				if nobody := i != 0 && j != 0 && k != 0; nobody && len(want) == 0 {
					want = []string{"family_name error.name.required"}
				}
				n, err := verification.NewName(surname, given, patronymic)
				if got := faults(t, err); !slices.Equal(got, want) {
					t.Errorf("%+v %+v %+v: %q, want %q", surname, given, patronymic, got, want)
				}
				if err != nil && n != (verification.Name{}) {
					t.Errorf("%+v beside %v", n, err)
				}
			}
		}
	}
}

func TestR8_AHundredCharactersAreEnoughAndAHundredAndOneAreNot(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		strings.Repeat("Ы", verification.MaxNameLength+1),
		strings.Repeat("x", 1<<20),
		strings.Repeat(" ", 1<<20),
	} {
		_, err := verification.NewName(typed(in), none, none)
		if got := faults(t, err); !slices.Equal(got, []string{"family_name error.name.long"}) {
			t.Errorf("%d bytes: %q", len(in), got)
		}
		var fault *verification.Error
		if errors.As(err, &fault) && fault.MessageArgs()["count"] != verification.MaxNameLength {
			t.Errorf("args %v", fault.MessageArgs())
		}
	}
	// A hundred letters count as a hundred, however many bytes they were typed in.
	decomposed := strings.Repeat("И\u0306", verification.MaxNameLength)
	n, err := verification.NewName(typed(decomposed), none, none)
	if err != nil || utf8.RuneCountInString(n.Surname) != verification.MaxNameLength {
		t.Errorf("%q, %v", n.Surname, err)
	}
}

func TestErrorsHoldNothingThatWasTyped(t *testing.T) {
	t.Parallel()
	_, err := verification.NewName(typed("Секретова<"), none, none)
	if err == nil || strings.Contains(err.Error(), "Секретова") {
		t.Errorf("error %v", err)
	}
}

func FuzzNewName(f *testing.F) {
	for _, seed := range []string{"Анна", "O'Neill", "<b>", "e\u0301", "\xff", "St. John", "a\u0301\u0302\u0303\u0304", "  "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		n, err := verification.NewName(typed(in), typed("Анна"), none)
		if err != nil {
			return
		}
		if n.Surname == "" || !utf8.ValidString(n.Surname) || utf8.RuneCountInString(n.Surname) > verification.MaxNameLength ||
			strings.ContainsAny(n.Surname, "<>&\"/:;@\x00\n\t\u202e\u200b") {
			t.Errorf("%q became %q", in, n.Surname)
		}
		if again, err := verification.NewName(typed(n.Surname), typed("Анна"), none); err != nil || again != n {
			t.Errorf("%q does not stay as it is: %q, %v", n.Surname, again.Surname, err)
		}
	})
}
