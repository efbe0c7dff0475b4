package assurance

// Cause is why evidence does not count, or not further. The codes are stable:
// texts are kept by them.
type Cause string

// The causes.
const (
	CauseFuture       Cause = "future"             // from further ahead than clocks differ
	CauseTooOld       Cause = "too_old"            // older than the requirement's maximum age
	CauseBefore       Cause = "before_interaction" // from before the log-in that was asked for
	CauseNotYet       Cause = "not_yet"            // begins to count later
	CauseExcluded     Cause = "excluded"           // the requirement excludes it
	CauseBound        Cause = "bound"              // counts up to the level of the session that added it
	CauseCapped       Cause = "capped"             // counts up to its cap
	CauseUnknownLevel Cause = "unknown_level"      // limited by a level that the policy does not know
	CauseExpired      Cause = "expired"            // the proofing has ended
	CauseDocument     Cause = "document"           // the document has ended, and a current one is asked for
	CauseGrace        Cause = "grace"              // the document has ended, and so has the time after it
	CauseStage        Cause = "stage"              // the account does not hold the stage, or it is none
	CauseNoCivil      Cause = "no_civil_time"      // nobody knows the day

	CauseNoUse       Cause = "no_use"       // the person did not log in by this
	CauseAMR         Cause = "amr"          // does not prove what the term asks for
	CauseChannel     Cause = "channel"      // came another way than the term asks for
	CauseIssuer      Cause = "issuer"       // vouched for by another than the term asks for
	CauseTermAge     Cause = "term_age"     // older than the term allows
	CauseSameContact Cause = "same_contact" // depends on a contact of another use that counts: one factor
	CauseSameMethod  Cause = "same_method"  // of the method of another use that counts: one factor
)

// Trace is how a decision came about, as plain values: for every piece of
// evidence whether and how far it counts, and for every level what is missing.
type Trace struct {
	Decision Decision
	Required LevelName // the least level that will do, the capacity considered
	Acting   Acting
	Accepted bool // the capacity is one that the requirement accepts
	Uses     []UseTrace
	Proofs   []ProofTrace
	Levels   []LevelTrace // in the order of the policy, lowest first
}

// Note is one thing that keeps evidence from counting, or from counting higher.
type Note struct {
	Cause Cause
	Level LevelName // with CauseBound, CauseCapped and CauseUnknownLevel
	Use   int       // with CauseSameContact and CauseSameMethod: the other use; else -1
}

// UseTrace is what became of one use, in the order of the situation.
type UseTrace struct {
	Use    Use
	Counts bool
	UpTo   LevelName // up to where it may count
	Notes  []Note
}

// ProofTrace is what became of one proofing, in the order of the situation.
type ProofTrace struct {
	Proofing Proofing
	Counts   bool
	UpTo     LevelName // the highest level whose identity it supports
	Notes    []Note
}

// LevelTrace says which axis of a level holds.
type LevelTrace struct {
	Level    LevelName
	Identity bool
	Login    bool
	// Missing is the stage that the identity lacks; empty when it holds.
	Missing Stage
	// Nearest is the log-in that lacks least. It holds when Login does.
	Nearest AlternativeTrace
}

// AlternativeTrace is an alternative with what fills its terms.
type AlternativeTrace struct {
	Level LevelName // the level whose alternative it is; empty when there is none
	Terms []TermTrace
}

// TermTrace is a term with the use that fills it, or why none does.
type TermTrace struct {
	Term Term
	Use  int  // position among the uses; -1 when nothing fills it
	Note Note // why nothing does
}

// Explain tells how Decide comes to its answer.
func Explain(p Policy, r Requirement, s Situation) Trace {
	return Trace{Decision: Decide(p, r, s), Acting: s.Acting}
}
