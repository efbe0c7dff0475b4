package job

import (
	"testing"
	"time"

	"surety/idp"
)

func TestPause_GrowsAndStays(t *testing.T) {
	t.Parallel()
	before := time.Duration(0)
	for tries := range MostTries {
		pause := Pause(tries)
		if pause < before || pause <= 0 || pause > 30*time.Minute {
			t.Fatalf("after %d tries: %s after %s", tries, pause, before)
		}
		before = pause
	}
}

// The tries must outlast the time that a notice is worth sending: else a
// notice would end by running out of tries, which nobody notes.
func TestMostTries_OutlastWhatIsWorthSending(t *testing.T) {
	t.Parallel()
	for channel, longest := range worth {
		total := time.Duration(0)
		for tries := 1; tries < MostTries; tries++ {
			total += Pause(tries)
		}
		if total <= longest {
			t.Errorf("%s: all tries take %s, worth is %s", channel, total, longest)
		}
	}
}

func TestTooOld(t *testing.T) {
	t.Parallel()
	decided := time.Date(2026, time.June, 15, 9, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		channel idp.Channel
		age     time.Duration
		want    bool
	}{
		{idp.ChannelSMS, time.Hour, false},
		{idp.ChannelSMS, time.Hour + time.Second, true},
		{idp.ChannelEmail, 23 * time.Hour, false},
		{idp.ChannelEmail, 25 * time.Hour, true},
		{idp.ChannelBackchannelLogout, 25 * time.Hour, true},
		{"pigeon", time.Second, true},
	} {
		if have := TooOld(c.channel, decided, decided.Add(c.age)); have != c.want {
			t.Errorf("%s after %s: %t", c.channel, c.age, have)
		}
	}
}

// A try has to be over, its outcome noted, before it counts as lost.
func TestBounds_FitIntoEachOther(t *testing.T) {
	t.Parallel()
	if SendTimeout+NoteTimeout >= Rescue || TaskTimeout >= Rescue {
		t.Error("a try may outlive its rescue")
	}
}
