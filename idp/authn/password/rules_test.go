package password_test

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"surety/idp"
	"surety/idp/authn/password"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// good passes every rule.
const good = "Вясёлы-трамвай-7-качак"

var anna = password.About{
	Logins:   []string{"anna.kavalenka@example.org", "+375297706413"},
	Names:    []string{"Каваленка", "Ганна", "Пятроўна"},
	Birthday: "1985-03-04",
}

func TestRules_Check(t *testing.T) {
	t.Parallel()
	rules := password.NewRules([]string{"Surety", "Давер"}, nil)
	for _, test := range []struct {
		password string
		want     error
	}{
		{good, nil},
		{"kq7 Vn2x Lw9r", nil},
		{"482915730264", nil},
		{"rainy tractor sings quietly", nil},
		{"тихий трактор поёт под дождём", nil},
		{strings.Repeat("зяблік9", 2) + "Qx-мурашнік", nil},

		{"", password.ErrShort},
		{"Xk3$9fLq0zP", password.ErrShort},
		{"Xk3$9fLq0zP7", nil},
		{strings.Repeat("й", 11), password.ErrShort},
		{longPassword(128), nil},
		{longPassword(129), password.ErrLong},
		{strings.Repeat("x", 1<<20), password.ErrLong},
		{"Xk3$9fLq0zP\n7", password.ErrCharacters},
		{"Xk3$9fLq0zP\x007", password.ErrCharacters},
		{"Xk3$9fLq0zP\xff7", password.ErrCharacters},

		{"password1234", password.ErrCommon},
		{"Password2026!", password.ErrCommon},
		{"P@ssw0rd!2026", password.ErrCommon},
		{"passwordpassword", password.ErrCommon},
		{"aaaaaaaaaaaa", password.ErrCommon},
		{"abcabcabcabcabc", password.ErrCommon},
		{"123456789012", password.ErrCommon},
		{"098765432109", password.ErrCommon},
		{"qwertyuiop[]", password.ErrCommon},
		{"qwertyuiopasdfghjkl", password.ErrCommon},
		{"1q2w3e4r5t6y", password.ErrCommon},
		{"1qaz2wsx3edc4rfv", password.ErrCommon},
		{"йцукенгшщзхъ", password.ErrCommon},
		{"йцукенгшўзх'", password.ErrCommon},
		{"фівапролджє1", password.ErrCommon},
		{"ЙЦУКЕН123456", password.ErrCommon},
		{"пароль123456", password.ErrCommon},
		{"gfhjkm123456", password.ErrCommon}, // "пароль" with the keyboard switched
		{"ЗфыыцщквЗфыыцщкв", password.ErrCommon},
		{"зфыыцщкв2026", password.ErrCommon}, // "password" with the keyboard switched
		{"солнышко1990", password.ErrCommon},
		{"Minsk-2026-Minsk", password.ErrCommon},
		{"каханне-Мінск-1985", password.ErrCommon},
		{"слава Україна 2024", password.ErrCommon},
		{"surety-surety-1", password.ErrCommon},
		{"Давер2026Давер", password.ErrCommon},
		{"correct horse battery staple", password.ErrCommon},
		{"c o r r e c t horse", password.ErrCommon},

		{"anna.kavalenka", password.ErrPersonal},
		{"Kavalenka1985!", password.ErrPersonal},
		{"Каваленка-1985", password.ErrPersonal},
		{"ганнакаваленка", password.ErrPersonal},
		{"ufyyfrfdfktyrf", password.ErrPersonal}, // "ганнакаваленка" with the keyboard switched
		{"+375297706413", password.ErrPersonal},
		{"297706413297706413", password.ErrPersonal},
		{"04031985ганна", password.ErrPersonal},
		{"Kavalenka-Xk3$9fLq", nil},
	} {
		err := rules.Check(test.password, anna)
		if !sameKey(err, test.want) {
			t.Errorf("%.40q: %v, want %v", test.password, err, test.want)
		}
	}
	if err := rules.Check("ганнакаваленка", password.About{}); !sameKey(err, nil) {
		t.Errorf("somebody else's name: %v", err)
	}
}

// longPassword has n different enough characters.
func longPassword(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteRune(rune('!' + (i*i*7+i*31)%94))
	}
	return b.String()
}

// sameKey compares errors by what the person is told.
func sameKey(err, want error) bool {
	var a, b *idp.Error
	errors.As(err, &a)
	errors.As(want, &b)
	return (a == nil) == (b == nil) && (err == nil) == (want == nil) && (a == nil || a.Key == b.Key)
}

func TestRules_CountAfterNFC(t *testing.T) {
	t.Parallel()
	rules := password.NewRules(nil, nil)
	short := norm.NFD.String("йўїё-ЙЎЇЁ-9") // 11 characters of up to 19 code points
	if err := rules.Check(short, password.About{}); !sameKey(err, password.ErrShort) {
		t.Errorf("marks were counted as characters: %v", err)
	}
	var e *idp.Error
	if errors.As(rules.Check(short, password.About{}), &e); e.Args["count"] != 12 || e.Args["length"] != 11 {
		t.Errorf("arguments %v", e.Args)
	}
	if password.Normalize(norm.NFD.String(good)) != good {
		t.Error("not NFC")
	}
}

func TestStrength(t *testing.T) {
	t.Parallel()
	for text, least := range map[string]int{good: 4, "Xk3$9fLq0zP7": 4} {
		if got := password.Strength(text, anna); got < least {
			t.Errorf("%q: %d", text, got)
		}
	}
	for text, most := range map[string]int{"": 0, "password1234": 0, "ЗФЫЫЦЩКВ1234": 1, "kavalenka1985": 1} {
		if got := password.Strength(text, anna); got > most {
			t.Errorf("%q: %d", text, got)
		}
	}
}

func TestRules_RefuseWeak(t *testing.T) {
	t.Parallel()
	// The meter knows names and words that our list does not hold.
	if err := password.NewRules(nil, nil).Check("scandinavian", password.About{}); !sameKey(err, password.ErrWeak) {
		t.Errorf("%v", err)
	}
}

// list makes a file of breached passwords.
func list(passwords []string, format string) []byte {
	var lines []string
	for i, p := range passwords {
		lines = append(lines, fmt.Sprintf(format, sha1.Sum([]byte(p)), i+1))
	}
	slices.Sort(lines)
	return []byte(strings.Join(lines, ""))
}

func TestBreached_FindsEveryLine(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"%X:%d\n", "%x:%d\r\n", "%[1]X\n"} {
		for _, n := range []int{1, 2, 3, 17, 1000} {
			var in []string
			for i := range n {
				in = append(in, fmt.Sprint("breached ", i))
			}
			text := list(in, format)
			if n%2 == 1 {
				text = bytes.TrimRight(text, "\r\n") // a last line without an end
			}
			breached, err := password.NewBreached(bytes.NewReader(text), int64(len(text)))
			if err != nil {
				t.Fatalf("%q, %d: %v", format, n, err)
			}
			for _, p := range in {
				if found, err := breached.Has(p); !found || err != nil {
					t.Fatalf("%q, %d lines: %q: %v, %v", format, n, p, found, err)
				}
				if found, err := breached.Has(p + "x"); found || err != nil {
					t.Fatalf("%q, %d lines: a stranger was found: %v", format, n, err)
				}
			}
		}
	}
}

func TestBreached_FileAndRules(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sha1.txt")
	if err := os.WriteFile(path, list([]string{good, "other"}, "%X:%d\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	breached, err := password.OpenBreached(path)
	if err != nil {
		t.Fatal(err)
	}
	rules := password.NewRules(nil, breached)
	if err := rules.Check(norm.NFD.String(good), password.About{}); !sameKey(err, password.ErrBreached) {
		t.Errorf("breached, typed with marks apart: %v", err)
	}
	if err := rules.Check(good+"!", password.About{}); err != nil {
		t.Errorf("not on the list: %v", err)
	}
	if _, err := password.OpenBreached(path + ".none"); err == nil {
		t.Error("a list that is not there was opened")
	}
}

func TestBreached_RefusesOtherFiles(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":     "",
		"words":     "password\n123456\n",
		"SHA-256":   strings.Repeat("0", 39) + "g\n",
		"one line":  strings.Repeat("A", 4096),
		"too short": strings.Repeat("A", 39),
	} {
		if _, err := password.NewBreached(strings.NewReader(text), int64(len(text))); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	// A list that breaks off in the middle of its life must not pass for "not breached".
	text := strings.Repeat("A", 40) + "\n" + strings.Repeat("words that are no hash\n", 100)
	breached, err := password.NewBreached(strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := breached.Has("x"); err == nil {
		t.Error("a broken list was read as if it were right")
	}
	if err := password.NewRules(nil, breached).Check(good, password.About{}); err == nil || idp.CodeOf(err) != "" {
		t.Errorf("not an internal error: %v", err)
	}
}

// Whatever the text, the rules answer in reasonable time and without falling over.
func TestRules_AnyText(t *testing.T) {
	t.Parallel()
	rules := password.NewRules([]string{"surety"}, nil)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringN(0, 140, -1),
			rapid.StringMatching(`[a-z0-9!@#$ЙЦУКЕНйцукен]{12,128}`),
			rapid.Custom(func(t *rapid.T) string { return strings.Repeat(rapid.StringN(1, 12, -1).Draw(t, "block"), 11) }),
		).Draw(t, "password")
		err := rules.Check(text, anna)
		if err != nil && idp.CodeOf(err) != idp.CodeInvalid {
			t.Fatal(err)
		}
		if err == nil && rules.Check(norm.NFD.String(text), anna) != nil {
			t.Fatal("the answer depends on how marks are written")
		}
	})
}

func BenchmarkRules(b *testing.B) {
	rules := password.NewRules([]string{"surety"}, nil)
	for name, text := range map[string]string{"Usual": good, "Longest": longPassword(128), "Repeats": strings.Repeat("qwertyuiopasdfgh", 8)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_ = rules.Check(text, anna)
			}
		})
	}
}

func FuzzRules(f *testing.F) {
	rules := password.NewRules(nil, nil)
	f.Add(good, "anna@example.org", "Ганна")
	f.Add("P@ssw0rd!2026", "", "\xff")
	f.Fuzz(func(t *testing.T, text, login, name string) {
		err := rules.Check(text, password.About{Logins: []string{login}, Names: []string{name}})
		if err != nil && idp.CodeOf(err) != idp.CodeInvalid {
			t.Fatal(err)
		}
	})
}
