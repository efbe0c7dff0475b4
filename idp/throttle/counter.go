package throttle

import (
	"time"
)

// The rules of DESIGN §5 and §6.
var (
	// passwordRule: 6 failures, then 15 minutes, growing to a day.
	passwordRule = Rule{
		Tries: 6, Window: 24 * time.Hour, Block: 15 * time.Minute, MostBlock: 24 * time.Hour,
		Forget: true, Key: "error.password.throttled",
	}
	// loginRule bounds one login name over all sources. It has more room, so
	// that it takes many sources to reach it, and a success of the person does
	// not wipe out what strangers have used up.
	loginRule = Rule{
		Tries: 60, Window: 24 * time.Hour, Block: 15 * time.Minute, MostBlock: 24 * time.Hour,
		Key: "error.password.throttled",
	}
	// sendRule: one message per 30 seconds and 10 an hour to one contact.
	sendRule = Rule{Tries: 10, Window: time.Hour, Pause: 30 * time.Second, Key: "error.send.throttled"}
	// senderRule keeps one source from writing to everybody on our bill. Many
	// people may share an address, so it has room.
	senderRule = Rule{Tries: 120, Window: time.Hour, Key: "error.send.throttled"}
	// codeRule: 20 wrong codes per account, or contact, and day.
	codeRule = Rule{Tries: 20, Window: 24 * time.Hour, Key: "error.code.throttled"}
)

// CodeTries is how many tries one code has. They are counted in its own row,
// by one conditional UPDATE, and end with it.
const CodeTries = 6

// Counter is one thing that is limited. Its state is kept under Key.
type Counter struct {
	Rule    Rule
	purpose string
	parts   [][]byte
}

// Key names the state in the database: a fingerprint (keys.Ring.Fingerprint),
// so that the table tells nothing about who tried what.
func (c Counter) Key(fingerprint func(purpose string, parts ...[]byte) [32]byte) [32]byte {
	return fingerprint("throttle "+c.purpose, c.parts...)
}

// ForPassword lists what a try of a password counts for. login is the login
// name in its normal form, whether anybody has it or not; source comes from
// Source. known says that the account knows the browser with this hash; then
// the browser is counted by itself and by nothing else.
func ForPassword(login, source string, browser [32]byte, known bool) []Counter {
	if known {
		return []Counter{{passwordRule, "password by device", [][]byte{[]byte(login), browser[:]}}}
	}
	return []Counter{
		{passwordRule, "password by source", [][]byte{[]byte(login), []byte(source)}},
		{loginRule, "password by login", [][]byte{[]byte(login)}},
	}
}

// ForSending lists what a message to a contact (its normal form) counts for.
// A message that was sent is not given back.
func ForSending(contact, source string) []Counter {
	return []Counter{
		{sendRule, "send to contact", [][]byte{[]byte(contact)}},
		{senderRule, "send from source", [][]byte{[]byte(source)}},
	}
}

// ForCode lists what a try of a short code counts for, besides the tries of
// the code itself. subject is the account, or the contact while there is none.
func ForCode(subject string) []Counter {
	return []Counter{{codeRule, "code", [][]byte{[]byte(subject)}}}
}

// Take takes a try from all counters or, when one is blocked, from none. The
// states are in the order of the counters; load them for update, in the order
// of their keys, so that two tries never wait for each other crosswise.
//
// Errors: throttled, with until and wait of the longest block.
func Take(counters []Counter, states []State, now time.Time) ([]State, error) {
	taken := make([]State, len(counters))
	var refused error
	var longest time.Time
	for i, c := range counters {
		s, err := c.Rule.Take(states[i], now)
		if err != nil && s.BlockedUntil.After(longest) {
			refused, longest = err, s.BlockedUntil
		}
		taken[i] = s
	}
	if refused != nil {
		return states, refused
	}
	return taken, nil
}

// Success is for a try that was right: no counter counts it.
func Success(counters []Counter, states []State) []State {
	return each(counters, states, Rule.Success)
}

// GiveBack is for a try that came to nothing; see Rule.GiveBack.
func GiveBack(counters []Counter, states []State) []State {
	return each(counters, states, Rule.GiveBack)
}

func each(counters []Counter, states []State, f func(Rule, State) State) []State {
	after := make([]State, len(counters))
	for i, c := range counters {
		after[i] = f(c.Rule, states[i])
	}
	return after
}
