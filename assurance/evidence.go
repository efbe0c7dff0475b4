package assurance

import (
	"slices"
	"strings"
	"time"
)

// AccountID names an account, as the text form of a UUID.
type AccountID string

// ClientID names a relying party, as it appears in client_id (RFC 6749, section 2.2).
type ClientID string

// ContactID names an e-mail address or a telephone number of an account, as
// the text form of a UUID. A use depends on contacts by their names, never by
// their addresses.
type ContactID string

// LevelName is a level's name in the policy, for example "substantial".
// Levels are ordered by the policy that lists them, never by name.
type LevelName string

// Method says how a person logged in (DESIGN §2). A federated method carries
// its provider after a colon: "federated:bank".
type Method string

// The methods that Surety knows.
const (
	MethodPassword        Method = "password"
	MethodIdentifier      Method = "identifier"
	MethodOTP             Method = "otp"
	MethodSMS             Method = "sms"
	MethodPasskey         Method = "passkey"
	MethodEDS             Method = "eds"
	MethodIDCard          Method = "idcard"
	MethodResidencePermit Method = "residence_permit"
	MethodFederated       Method = "federated"
)

// Is reports whether m is the method that a rule names: the same one, or any
// provider's where the rule says "federated".
func (m Method) Is(rule Method) bool {
	return m == rule || (rule == MethodFederated && strings.HasPrefix(string(m), federatedPrefix))
}

// Known reports whether Surety knows the method. A provider's name after
// "federated:" may be any that is not empty.
func (m Method) Known() bool {
	if name, ok := strings.CutPrefix(string(m), federatedPrefix); ok {
		return name != ""
	}
	_, known := usualAMR[m]
	return known
}

// federatedPrefix stands before the name of a provider.
const federatedPrefix = string(MethodFederated) + ":"

// Stage says how well the identity of an account is known. Stages are ordered.
type Stage string

// The stages, lowest first.
const (
	StageSimplified Stage = "simplified"
	StageStandard   Stage = "standard"
	StageConfirmed  Stage = "confirmed"
)

// Known reports whether s is one of the stages.
func (s Stage) Known() bool {
	return s == StageSimplified || s == StageStandard || s == StageConfirmed
}

// Compare orders two stages: negative when s is below t, zero when they are
// equal, positive when s is above. What is not a stage holds as little as
// simplified.
func (s Stage) Compare(t Stage) int { return s.rank() - t.rank() }

// rank is the position of a stage. An unknown one is held by nobody, so it is
// worth no more than the lowest; that none is fulfilled by it is asked of
// Known wherever a stage is required.
func (s Stage) rank() int {
	switch s {
	case StageConfirmed:
		return 2
	case StageStandard:
		return 1
	}
	return 0
}

// lower returns the lower of two stages.
func lower(a, b Stage) Stage {
	if b.rank() < a.rank() {
		return b
	}
	return a
}

// ProofingMethod says how a stage was reached (DESIGN §2).
type ProofingMethod string

// The ways to reach a stage.
const (
	ProofingRegistry    ProofingMethod = "registry"
	ProofingLetter      ProofingMethod = "letter"
	ProofingCounter     ProofingMethod = "counter"
	ProofingEDS         ProofingMethod = "eds"
	ProofingIDCard      ProofingMethod = "idcard"
	ProofingFederated   ProofingMethod = "federated"
	ProofingAppointment ProofingMethod = "appointment"
	ProofingImported    ProofingMethod = "imported"
)

// Known reports whether Surety knows this way to reach a stage.
func (m ProofingMethod) Known() bool {
	return slices.Contains(ProofingMethods(), m)
}

// ProofingMethods lists them all.
func ProofingMethods() []ProofingMethod {
	return []ProofingMethod{
		ProofingRegistry, ProofingLetter, ProofingCounter, ProofingEDS, ProofingIDCard,
		ProofingFederated, ProofingAppointment, ProofingImported,
	}
}

// Use is one act of logging in by one method.
type Use struct {
	Method  Method    `json:"method"`
	At      time.Time `json:"at"`                // protocol time of the act
	Channel string    `json:"channel,omitempty"` // for example "upload"; empty for the method's usual one
	Issuer  string    `json:"issuer,omitempty"`  // certification authority or upstream provider
	AMR     []string  `json:"amr"`               // RFC 8176 values that are proven for this act
	// DependsOn lists the contacts through which the authenticator was set or
	// recovered in the last 30 days. Uses that share one count as one factor.
	DependsOn []ContactID `json:"depends_on,omitempty"`
	// BoundLevel is the level proven in the session that added the
	// authenticator; empty means that the authenticator is not limited by it.
	BoundLevel LevelName `json:"bound_level,omitempty"`
	// Cap limits what this evidence may count for; empty means no limit.
	Cap LevelName `json:"cap,omitempty"`
	// NotBefore is when the evidence begins to count; zero means at once.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Credential names the authenticator where an account may have several of a
	// kind, so that its uses can be found when it is taken away. Deciding does
	// not look at it.
	Credential string `json:"credential,omitempty"`
}

// Proofing is one proof of the identity behind an account.
type Proofing struct {
	Method    ProofingMethod
	Version   int       // version of the method's rules under which it was made
	Stage     Stage     // the stage it supports
	At        time.Time // civil time
	ExpiresAt time.Time // civil time, the first moment at which it no longer counts; zero means without end
	NotBefore time.Time // civil time; zero means at once
	Cap       LevelName // empty means no limit
	// DocumentExpired is a fact beside the proofing: the document shown has
	// ended, the person has not (RULES R3).
	DocumentExpired bool
	// DocumentUntil is civil time, the first moment at which the document shown
	// no longer holds; zero when there was none or it is not known.
	DocumentUntil time.Time
}

// Authenticator is something an account could log in with, used or not. Its
// fields are those of the use that it would make.
type Authenticator struct {
	Method     Method
	Issuer     string
	AMR        []string // known to be proven; empty means what the method usually proves
	DependsOn  []ContactID
	BoundLevel LevelName
	Cap        LevelName
	NotBefore  time.Time
}
