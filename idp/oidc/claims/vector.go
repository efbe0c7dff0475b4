package claims

import (
	"slices"
	"strings"

	"surety/assurance"
	"surety/idp/grant"
)

// Component is one component of a vector of trust (RFC 8485, section 3), with
// what the trustmark says of it.
type Component struct {
	Value string
	Text  string
}

// Components are all that a vector of ours can have: P for how the identity is
// known, C for the credentials that were used. They say the two axes apart that
// acr joins: acr is what an agency should act on, vot is for one that must know
// more. Other components are not stated, because nothing here measures them.
func Components() []Component {
	return []Component{
		{"P0", "No identity proofing counted: what the person states of themselves."},
		{"P1", "The identity data were checked against state registers."},
		{"P2", "The identity was confirmed: by a counter, a registered letter, an electronic signature, a card, or equally."},
		{"Cb", "A code sent to a telephone that is confirmed as the person's."},
		{"Cc", "A secret that the person knows: a password, also with a unique identifier."},
		{"Cd", "A code from an authenticator app: proof of a shared key."},
		{"Ce", "Proof of an asymmetric key."},
		{"Cf", "Proof of an asymmetric key that is known to be sealed in hardware: a card, a token, an attested passkey."},
	}
}

// credentials is the component that an amr value stands for. "mfa" and "user"
// are summaries of others and stand for none.
var credentials = map[string]string{
	"sms": "Cb", "pwd": "Cc", "otp": "Cd", "pop": "Ce", "swk": "Ce", "hwk": "Cf", "sc": "Cf",
}

// Vector is the vector of trust of a grant, for example "P2.Cc.Cd". It says
// what counted, which may be less than there was.
func Vector(g grant.Grant) string {
	var used []string
	for _, value := range g.AMR {
		if c := credentials[value]; c != "" && !slices.Contains(used, c) {
			used = append(used, c)
		}
	}
	// A passkey is a key also where it is not known where the key lies.
	passkey := slices.Contains(strings.Split(string(g.Method), "+"), string(assurance.MethodPasskey))
	if passkey && !slices.Contains(used, "Ce") && !slices.Contains(used, "Cf") {
		used = append(used, "Ce")
	}
	slices.Sort(used)
	return strings.Join(append([]string{proofed(g.Stage)}, used...), ".")
}

func proofed(s assurance.Stage) string {
	switch s {
	case assurance.StageConfirmed:
		return "P2"
	case assurance.StageStandard:
		return "P1"
	}
	return "P0"
}
