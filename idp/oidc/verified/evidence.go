package verified

import (
	"slices"
	"time"

	"surety/assurance"
)

// The types of evidence (OpenID Identity Assurance Schema Definition 1.0).
const (
	typeDocument  = "document"
	typeRecord    = "electronic_record"
	typeSignature = "electronic_signature"
	typeVouch     = "vouch"
)

// moment is a time or a whole day in an answer.
type moment struct {
	at  time.Time // of a day: its last moment
	day bool
}

// String writes it as the schemas want it: RFC 3339 in UTC, or a date.
func (m moment) String() string {
	if m.day {
		return m.at.Format(time.DateOnly)
	}
	return m.at.UTC().Format(time.RFC3339)
}

// part is an object in an answer: strings, moments, parts, and lists of parts.
type part map[string]any

// evidence is what a proofing rested on; nil where nobody here knows.
func evidence(p assurance.Proofing, zone *time.Location) part {
	at := moment{at: p.At}
	checks := func(methods ...string) []part {
		var out []part
		for _, m := range methods {
			out = append(out, part{"check_method": m, "time": at})
		}
		return out
	}
	switch p.Method {
	case assurance.ProofingCounter:
		e := part{"type": typeDocument, "check_details": checks("vpip", "pvp")}
		if !p.DocumentUntil.IsZero() {
			// Until is the first moment at which it no longer holds.
			e["document_details"] = part{"date_of_expiry": moment{p.DocumentUntil.Add(-1).In(zone), true}}
		}
		return e
	case assurance.ProofingRegistry:
		return part{"type": typeRecord, "check_details": checks("data"), "record": part{"type": "state_register"}}
	case assurance.ProofingLetter:
		return part{"type": typeRecord, "check_details": checks("letter"), "record": part{"type": "state_register"}}
	case assurance.ProofingFederated:
		return part{"type": typeRecord, "check_details": checks("auth"), "record": part{"type": "identity_provider"}}
	case assurance.ProofingEDS, assurance.ProofingIDCard:
		return part{"type": typeSignature, "created_at": at}
	case assurance.ProofingAppointment:
		return part{"type": typeVouch, "attestation": part{"type": "digital_attestation"}}
	}
	return nil
}

// Supported is what the provider's metadata say of evidence. Empty lists are
// left out of them.
type Supported struct {
	Evidence, Documents, DocumentChecks, Records []string
}

// documents are the kinds that a counter takes (RULES R3, R5, R8).
var documents = []string{"idcard", "passport", "residence_permit"}

// SupportedBy is what answers may name where identities are proven by these
// methods and no others.
func SupportedBy(methods []assurance.ProofingMethod) Supported {
	var s Supported
	for _, m := range methods {
		e := evidence(assurance.Proofing{Method: m}, time.UTC)
		if e == nil {
			continue
		}
		kind := e["type"].(string)
		s.Evidence = append(s.Evidence, kind)
		if kind == typeDocument {
			s.Documents = documents
			for _, c := range e["check_details"].([]part) {
				s.DocumentChecks = append(s.DocumentChecks, c["check_method"].(string))
			}
		}
		if record, ok := e["record"].(part); ok {
			s.Records = append(s.Records, record["type"].(string))
		}
	}
	for _, list := range []*[]string{&s.Evidence, &s.Records} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return s
}
