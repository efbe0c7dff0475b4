package assurance

import "time"

// Action is what a person does in a step.
type Action string

// The actions.
const (
	// ActionLogin is logging in by an authenticator that the account has.
	ActionLogin Action = "login"
	// ActionEnrol is adding an authenticator, or one in place of a limited one,
	// and logging in by it.
	ActionEnrol Action = "enrol"
	// ActionProve is having one's identity proven.
	ActionProve Action = "prove"
	// ActionPresent is showing a card or a signature certificate, which logs
	// in and proves the identity at once (RULES R1).
	ActionPresent Action = "present"
	// ActionAct is choosing in what capacity to act, out of those that the
	// person has a right to. It takes no time, and no policy offers it: whoever
	// has the right may always.
	ActionAct Action = "act"
)

// Step is one thing that a person can do to close a gap. The policy lists
// what an installation offers; a Way is a choice out of that list.
type Step struct {
	Action   Action
	Method   Method         // login, enrol, present
	Proofing ProofingMethod // prove, present
	From     Stage          // prove: the stage that must be held before; empty means any
	To       Stage          // prove, present: the stage that it leads to
	Acting   Acting         // act: in what capacity

	Soonest time.Duration // how long it takes when all goes well
	Latest  time.Duration // how long it may take
	Fee     string        // as it is shown, with its currency; empty means free
	Needs   []string      // what the person must own, as text keys: "card", "reader"
	// AddressChecked says of a letter that it goes nowhere but to an address
	// that somebody has checked: the registry's, or one where the post hands it
	// over against a document (RULES R4).
	AddressChecked bool
}

// LogsIn reports whether the step ends in a use.
func (s Step) LogsIn() bool {
	return s.Action == ActionLogin || s.Action == ActionEnrol || s.Action == ActionPresent
}

// Proves reports whether the step ends in a proofing.
func (s Step) Proves() bool {
	return s.Action == ActionProve || s.Action == ActionPresent
}
