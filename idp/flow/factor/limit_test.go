package factor_test

import (
	"fmt"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/flow/factor"
	"surety/idp/idptest/citizens"
)

// wrong is a code that right is not.
func wrong(right string) string {
	if right == "000000" {
		return "111111"
	}
	return "000000"
}

func TestACodeHasSixTriesAndTheRightOneComesTooLateAfterThem(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	s, err := w.Factor.SendSMS(t.Context(), b, w.phone(b), "")
	citizens.Must(t, s, err)
	right := w.Last(hannaPhone).Code
	for _, slip := range []string{"", "12345", "1234567", "letters"} {
		_, err := w.Factor.UseSMS(t.Context(), factor.TypedCode{Browser: b, ID: s.ID, Code: slip})
		want(t, err, idp.CodeInvalid, "error.code.format")
	}
	for left := 5; left > 0; left-- {
		_, err := w.Factor.UseSMS(t.Context(), factor.TypedCode{Browser: b, ID: s.ID, Code: wrong(right)})
		want(t, err, idp.CodeInvalid, "error.code.left")
		if c, ok := err.(idp.Coded); ok && c.MessageArgs()["count"] != left {
			t.Errorf("%v tries are left, not %d", c.MessageArgs()["count"], left)
		}
	}
	for _, code := range []string{wrong(right), right} {
		_, err := w.Factor.UseSMS(t.Context(), factor.TypedCode{Browser: b, ID: s.ID, Code: code})
		want(t, err, idp.CodeThrottled, "error.code.tries")
	}
	w.wantEvent(w.hanna, "factor.failed")
	// A new one has tries of its own, and the old one is good no more.
	w.Clock.Advance(30 * time.Second)
	if s, err = w.Factor.ResendSMS(t.Context(), b, s.ID); err != nil {
		t.Fatal(err)
	}
	if again := w.Last(hannaPhone).Code; again != right {
		_, err = w.Factor.UseSMS(t.Context(), factor.TypedCode{Browser: b, ID: s.ID, Code: right})
		want(t, err, idp.CodeInvalid, "error.code.left")
	}
	done, err := w.Factor.UseSMS(t.Context(), factor.TypedCode{Browser: b, ID: s.ID, Code: w.Last(hannaPhone).Code})
	b.Session = citizens.Must(t, done, err).Ticket.Secret
	w.wantLevel(b, "substantial", "after the right code")
	_, err = w.Factor.UseSMS(t.Context(), factor.TypedCode{Browser: b, ID: s.ID, Code: w.Last(hannaPhone).Code})
	want(t, err, idp.CodeExpired, "error.code.used")
}

func TestTwentyWrongCodesADayWhateverSessionAndCode(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	tries := 0
	for tries < 20 {
		w.Clock.Advance(time.Minute)
		s, err := w.Factor.SendSMS(t.Context(), b, w.phone(b), "")
		citizens.Must(t, s, err)
		right := w.Last(hannaPhone).Code
		for i := 0; i < 6 && tries < 20; i++ {
			_, err := w.Factor.UseSMS(t.Context(), factor.TypedCode{Browser: b, ID: s.ID, Code: wrong(right)})
			if err == nil {
				t.Fatal("a wrong code was taken")
			}
			tries++
		}
	}
	w.Clock.Advance(time.Minute)
	other := w.enter(hannaMail)
	s, err := w.Factor.SendSMS(t.Context(), other, w.phone(other), "")
	citizens.Must(t, s, err)
	_, err = w.Factor.UseSMS(t.Context(), factor.TypedCode{Browser: other, ID: s.ID, Code: w.Last(hannaPhone).Code})
	want(t, err, idp.CodeThrottled, "error.code.throttled")
	if c, ok := err.(idp.Coded); ok && c.MessageArgs()["wait"] == nil {
		t.Error("it does not say how long to wait")
	}
	w.Clock.Advance(25 * time.Hour)
	later := w.enter(hannaMail)
	w.useSMS(&later)
}

func TestGuessingCodesOfAnAppAndRecoveryCodesIsThrottledForTheAccount(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	key, app := w.addApp(&b)
	w.Clock.Advance(time.Minute)
	right := w.code(key)
	for i := range 20 {
		guess := wrong(right)
		if i%2 == 1 {
			guess = fmt.Sprintf("AAAA-BBBB-%04d", i)
		}
		_, err := w.Factor.UseOTP(t.Context(), factor.UseOTP{Browser: b, Code: guess})
		want(t, err, idp.CodeInvalid, "error.otp.wrong")
	}
	other := w.enter(hannaMail)
	for _, code := range []string{right, app.Recovery[0]} {
		_, err := w.Factor.UseOTP(t.Context(), factor.UseOTP{Browser: other, Code: code})
		want(t, err, idp.CodeThrottled, "error.code.throttled")
	}
	w.useSMS(&other) // another thing is counted by itself
	w.Clock.Advance(25 * time.Hour)
	later := w.enter(hannaMail)
	w.useApp(&later, key)
	done, err := w.Factor.UseOTP(t.Context(), factor.UseOTP{Browser: later, Code: app.Recovery[0]})
	if err != nil || done.Left != 9 {
		t.Errorf("%+v, %v", done, err)
	}
}

func TestRightCodesAreNotCountedAsTries(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	key, _ := w.addApp(&b)
	for range 25 {
		w.useApp(&b, key)
	}
}

func TestMessagesToAContactAreLimited(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	phone := w.phone(b)
	_, err := w.Factor.SendSMS(t.Context(), b, phone, "")
	citizens.Must(t, 0, err)
	_, err = w.Factor.SendBindCode(t.Context(), b, phone)
	want(t, err, idp.CodeThrottled, "error.send.throttled")
	for range 9 {
		w.Clock.Advance(30 * time.Second)
		_, err := w.Factor.SendSMS(t.Context(), b, phone, "")
		citizens.Must(t, 0, err)
	}
	w.Clock.Advance(30 * time.Second)
	_, err = w.Factor.SendSMS(t.Context(), b, phone, "")
	want(t, err, idp.CodeThrottled, "error.send.throttled")
}

func TestACodeIsGoodForTenMinutes(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	s, err := w.Factor.SendSMS(t.Context(), b, w.phone(b), "")
	citizens.Must(t, s, err)
	w.Clock.Advance(10 * time.Minute)
	_, err = w.Factor.UseSMS(t.Context(), factor.TypedCode{Browser: b, ID: s.ID, Code: w.Last(hannaPhone).Code})
	want(t, err, idp.CodeExpired, "error.code.expired")
	if s, err = w.Factor.SMS(t.Context(), b, s.ID); err != nil || s.CodeValid != 0 || s.ResendAfter != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, id := range []factor.CodeID{"", "x", "00000000-0000-7000-8000-000000000000"} {
		_, err = w.Factor.UseSMS(t.Context(), factor.TypedCode{Browser: b, ID: id, Code: "123456"})
		want(t, err, idp.CodeExpired, factor.ErrAttempt.Key)
	}
}
