package assurance

import "time"

// Decision is the answer of Decide. It is one of Granted, Ways and Refuse, and
// nothing else:
//
//	switch d := assurance.Decide(policy, requirement, situation).(type) {
//	case assurance.Granted: // a token may say d.Level
//	case assurance.Ways:    // the person can get there: show d.Ways
//	case assurance.Refuse:  // not here, not this person: say d.Reason
//	}
type Decision interface{ decision() }

func (Granted) decision() {}
func (Ways) decision()    {}
func (Refuse) decision()  {}

// Granted says that the requirement is met, and by what. Token claims come
// from here and from nowhere else.
type Granted struct {
	// Level is the highest level that the counting evidence reaches; it may
	// be above the required one. ACR is its value for access tokens; an ID
	// token takes Policy.ACRFor.
	Level LevelName
	ACR   string
	// AMR are the values that the counting uses prove, out of RFC 8176, with
	// "mfa" when they are of two kinds.
	AMR []string
	// Methods are the exact methods of the counting uses.
	Methods []Method
	// AuthTime is the oldest of the counting uses: nothing that the level
	// rests on is older. It is never after Situation.Now.
	AuthTime time.Time
	// Uses are the counting uses, in the order of the policy's terms. A grant
	// stores them, so that a refresh can decide anew.
	Uses []Use
	Why  Why
}

// Why names what a level rests on, for the audit log and for an operator who
// asks how it came about.
type Why struct {
	PolicyVersion int
	Alternative   LevelName      // the level whose list holds the login that counted
	Stage         Stage          // the stage that counted
	Proofing      ProofingMethod // the proofing that counted; empty where none was needed
}

// Ways says that the requirement is not met yet, and how this person can meet
// it. There is at least one way, and every way ends in the procedure: it was
// tried out with Decide's own rules.
type Ways struct {
	Gap
	Ways []Way // soonest first
}

// Refuse says that the requirement is not met and that nothing offered here
// leads there.
type Refuse struct {
	Gap
	Reason Reason
	// Reachable is the highest level that this person could still reach under
	// the same conditions; empty means none. It is what else can be done.
	Reachable LevelName
}

// Gap is what lies between the person and the requirement.
type Gap struct {
	Required LevelName
	Held     LevelName // reached by all evidence there is, fresh or not; empty means none
	Login    bool      // no login that counts reaches the level
	Identity Stage     // the stage that is missing; empty when the identity suffices
	// Document says that the identity would suffice, had the document that was
	// shown for it not ended (RULES R3).
	Document bool
	// Capacity says that the person acts in none of the accepted capacities.
	Capacity bool
}

// Way is a list of steps that ends in the procedure (RULES R1).
type Way struct {
	Steps   []Step
	Soonest time.Duration // the sum of the steps
	Latest  time.Duration
}

// Reason says why nothing leads there.
type Reason string

// The reasons.
const (
	// ReasonUnknownLevel: the policy has no such level, or one that must agree
	// with it has not.
	ReasonUnknownLevel Reason = "unknown_level"
	// ReasonExcluded: without the requirement's exclusions there would be a
	// way, or the level would be held already.
	ReasonExcluded Reason = "excluded"
	// ReasonNoWay: nothing that is offered here leads this person there.
	ReasonNoWay Reason = "no_way"
	// ReasonCapacity: the person has no right to act in a capacity that is accepted.
	ReasonCapacity Reason = "capacity"
	// ReasonConflict: what must be met together accepts no capacity in common.
	// Nobody can meet it; each by itself may well be met.
	ReasonConflict Reason = "conflict"
)
