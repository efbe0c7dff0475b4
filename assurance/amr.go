package assurance

import "slices"

// factor is the kind of thing that an amr value proves: what one knows, what
// one has, what one is. Some values prove none of them by themselves.
type factor uint8

const (
	noFactor  factor = 0
	knowledge factor = 1 << iota
	possession
	inherence
)

// factors holds every authentication method reference of RFC 8176, section 2,
// with the kind of factor it proves. No other value ever leaves in a token.
var factors = map[string]factor{
	"face": inherence, "fpt": inherence, "iris": inherence, "retina": inherence, "vbm": inherence,
	"kba": knowledge, "pin": knowledge, "pwd": knowledge,
	"hwk": possession, "otp": possession, "pop": possession, "sc": possession, "sms": possession,
	"swk": possession, "tel": possession,
	// Presence, place, risk, and the summaries of others are no factor.
	"geo": noFactor, "mca": noFactor, "mfa": noFactor, "rba": noFactor, "user": noFactor, "wia": noFactor,
}

// KnownAMR reports whether the value is registered by RFC 8176.
func KnownAMR(value string) bool {
	_, known := factors[value]
	return known
}

// amr joins what the uses prove: RFC 8176 values, each once, in the order of
// the uses, and "mfa" last when they are of two kinds. A card with its PIN is
// two kinds in one act; two codes to two devices are one kind.
func amr(uses []Use) []string {
	values := make([]string, 0, 4)
	var kinds factor
	for i := range uses {
		for _, value := range uses[i].AMR {
			kind, known := factors[value]
			if !known || slices.Contains(values, value) {
				continue
			}
			kinds |= kind
			values = append(values, value)
		}
	}
	if kinds&(kinds-1) != 0 && !slices.Contains(values, "mfa") {
		values = append(values, "mfa")
	}
	return values
}

// usualAMR is what a method is sure to prove each time (DESIGN §6), and
// possibleAMR what it may prove besides.
var (
	usualAMR = map[Method][]string{
		MethodPassword:        {"pwd"},
		MethodIdentifier:      {"pwd"},
		MethodOTP:             {"otp"},
		MethodSMS:             {"sms"},
		MethodPasskey:         {"user"},
		MethodEDS:             {},
		MethodIDCard:          {"sc", "hwk", "pin"},
		MethodResidencePermit: {"sc", "hwk", "pin"},
		MethodFederated:       {},
	}
	possibleAMR = map[Method][]string{
		MethodPasskey: {"hwk", "swk"},
		MethodEDS:     {"hwk", "swk"},
	}
)

// MayProve reports whether a login by the method can carry the amr value.
// What an upstream provider proves is its own affair.
func (m Method) MayProve(value string) bool {
	return m.Is(MethodFederated) ||
		slices.Contains(usualAMR[m], value) || slices.Contains(possibleAMR[m], value)
}

// TwoFactors reports whether every log-in by the alternative proves two kinds
// of factors: what a method may prove besides counts only where a term asks
// for it.
func (a Alternative) TwoFactors() bool {
	var kinds factor
	for _, t := range a {
		if t.Method == MethodPasskey {
			kinds |= possession | inherence // its user is verified each time (DESIGN §6), by PIN or finger
		}
		for _, value := range append(slices.Clip(usualAMR[t.Method]), t.AMR...) {
			if value == "mfa" {
				return true
			}
			kinds |= factors[value]
		}
	}
	return kinds&(kinds-1) != 0
}
