package otp

import (
	"bytes"
	"errors"
	"image/png"
	"net/url"
	"strings"
	"testing"
	"time"
)

var t0 = time.Date(2026, 5, 3, 12, 0, 10, 0, time.UTC)

func at(t *testing.T, secret []byte, when time.Time) string {
	t.Helper()
	code, err := At(secret, when)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// TestCodesAreThoseOfRFC6238 runs the vectors of appendix B, cut to six digits.
func TestCodesAreThoseOfRFC6238(t *testing.T) {
	secret := []byte("12345678901234567890")
	for unix, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		when := time.Unix(unix, 0)
		if got := at(t, secret, when); got != want {
			t.Errorf("at %d the code is %s, not %s", unix, got, want)
		}
		step, err := Check(secret, want, 0, when)
		if err != nil || step != unix/30 {
			t.Errorf("at %d: step %d, %v", unix, step, err)
		}
	}
}

func TestOneStepOfDriftIsForgivenAndNoMore(t *testing.T) {
	secret := NewSecret()
	for steps, want := range map[int]error{-2: ErrWrong, -1: nil, 0: nil, 1: nil, 2: ErrWrong} {
		code := at(t, secret, t0.Add(time.Duration(steps)*30*time.Second))
		if _, err := Check(secret, code, 0, t0); !errors.Is(err, want) && err != want {
			t.Errorf("a clock %d steps off: %v", steps, err)
		}
	}
}

func TestACodeThatWasTakenIsTakenNoMoreNorOneBeforeIt(t *testing.T) {
	secret := NewSecret()
	code := at(t, secret, t0)
	step, err := Check(secret, code, 0, t0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Check(secret, code, step, t0.Add(20*time.Second)); err != ErrUsed {
		t.Errorf("again: %v", err)
	}
	if _, err := Check(secret, at(t, secret, t0.Add(-30*time.Second)), step, t0); err != ErrUsed {
		t.Errorf("the one before: %v", err)
	}
	if next, err := Check(secret, at(t, secret, t0.Add(30*time.Second)), step, t0.Add(30*time.Second)); err != nil || next != step+1 {
		t.Errorf("the next one: %d, %v", next, err)
	}
}

func TestWhatCannotBeACodeIsASlip(t *testing.T) {
	for _, typed := range []string{"", "12345", "1234567", "12345a", "١٢٣٤٥٦", strings.Repeat("1", 1<<16)} {
		if _, err := Check(NewSecret(), typed, 0, t0); err != ErrShape {
			t.Errorf("%.20q: %v", typed, err)
		}
	}
	secret := NewSecret()
	code := at(t, secret, t0)
	if _, err := Check(secret, code[:3]+" "+code[3:]+"\u00a0", 0, t0); err != nil {
		t.Errorf("spaces as apps show them: %v", err)
	}
}

func TestCardSaysTheSameThreeTimes(t *testing.T) {
	secret := NewSecret()
	card, err := NewCard(secret, "Surety: demo", "hanna:k@mail.example")
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseKey(strings.ToLower(card.Key))
	if err != nil || !bytes.Equal(again, secret) {
		t.Errorf("the key to type gives another secret: %v", err)
	}
	u, err := url.Parse(card.URI)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" {
		t.Fatalf("URI %q: %v", card.URI, err)
	}
	q := u.Query()
	if q.Get("secret") != strings.ReplaceAll(card.Key, " ", "") || q.Get("issuer") != "Surety  demo" ||
		q.Get("algorithm") != "SHA1" || q.Get("digits") != "6" || q.Get("period") != "30" {
		t.Errorf("URI says %v", q)
	}
	if strings.Count(strings.TrimPrefix(u.Path, "/"), ":") != 1 {
		t.Errorf("the label %q has more than one colon", u.Path)
	}
	for _, group := range strings.Fields(card.Key) {
		if len(group) != 4 {
			t.Errorf("group %q", group)
		}
	}
	picture, err := png.Decode(bytes.NewReader(card.QR))
	if err != nil || picture.Bounds().Dx() != qrSize {
		t.Errorf("picture: %v", err)
	}
}

func TestRecoveryCodesAreReadHoweverTheyAreTyped(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		code := NewRecoveryCode()
		plain := strings.ReplaceAll(code, "-", "")
		if len(code) != 14 || len(plain) != 12 || seen[plain] {
			t.Fatalf("code %q", code)
		}
		seen[plain] = true
		for _, typed := range []string{code, strings.ToLower(code), " " + strings.ReplaceAll(code, "-", " "), plain} {
			if got, ok := ReadRecoveryCode(typed); !ok || got != plain {
				t.Errorf("%q was read as %q, %v", typed, got, ok)
			}
		}
	}
	if got, ok := ReadRecoveryCode("oil0-асек-мтхР"); !ok || got != "0110ACEKMTXP" {
		t.Errorf("look-alikes were read as %q, %v", got, ok)
	}
	for _, typed := range []string{"", "123456", "AAAA-AAAA-AAA", "AAAA-AAAA-AAAAA", "UUUU-UUUU-UUUU", strings.Repeat("A-", 1<<16)} {
		if got, ok := ReadRecoveryCode(typed); ok {
			t.Errorf("%.20q was read as %q", typed, got)
		}
	}
}

func TestKeysThatAreTooShortAreRefused(t *testing.T) {
	for _, text := range []string{"", "ABCD", "not base 32!", "MFRGG1"} {
		if _, err := ParseKey(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

// FuzzRecoveryCode reads whatever is typed without harm, and what it takes for a
// code is one.
func FuzzRecoveryCode(f *testing.F) {
	f.Add("ABCD-EFGH-JKMN")
	f.Add("оіl0-асек-мтхР")
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := ReadRecoveryCode(typed)
		if again, still := ReadRecoveryCode(code); ok && (!still || again != code) {
			t.Errorf("%q became %q, and that %q", typed, code, again)
		}
		if _, err := Check([]byte("12345678901234567890"), typed, 1<<60, t0); err == nil {
			t.Error("a code of a step that is over was taken")
		}
	})
}
