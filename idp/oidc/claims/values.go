package claims

import (
	"strings"
	"time"

	"surety/assurance"
	"surety/idp"
)

// Values gives the person's values for the named claims, with the types of
// OpenID Connect Core 1.0, section 5.1. A claim without a value is left out:
// no empty strings, no nulls. Consent shows, and UserInfo sends, exactly these;
// for verified_claims consent shows by what the identity was proven.
func Values(account idp.Account, p idp.Person, names []string) map[string]any {
	out := make(map[string]any, len(names))
	for _, name := range names {
		switch v := value(account, p, name).(type) {
		case string:
			if v != "" {
				out[name] = v
			}
		case nil:
		default:
			out[name] = v
		}
	}
	return out
}

// value is a string, a bool, a number, or nil.
func value(account idp.Account, p idp.Person, name string) any {
	switch name {
	case Name:
		return fullName(p)
	case GivenName:
		return p.Name.Given
	case FamilyName:
		return p.Name.Surname
	case Patronymic:
		return p.Name.Patronymic
	case Birthdate:
		return attribute(p, Birthdate)
	case Locale:
		return account.Language
	case UpdatedAt:
		return updatedAt(account, p)
	case Email, EmailVerified:
		return contact(p, idp.ContactEmail, name == EmailVerified)
	case PhoneNumber, PhoneNumberVerified:
		return contact(p, idp.ContactPhone, name == PhoneNumberVerified)
	case VerifiedClaims:
		return provenBy(account)
	}
	return nil
}

func attribute(p idp.Person, name string) string {
	for _, a := range p.Attributes {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// provenBy is the method of the strongest proofing, of the newest of those.
func provenBy(account idp.Account) string {
	best := assurance.Proofing{Stage: assurance.StageSimplified}
	for _, p := range account.Proofings {
		if c := p.Stage.Compare(best.Stage); c > 0 || c == 0 && p.At.After(best.At) {
			best = p
		}
	}
	return string(best.Method)
}

// fullName is the displayable name, in the order in which people are addressed.
func fullName(p idp.Person) string {
	return strings.Join(strings.Fields(p.Name.Given+" "+p.Name.Patronymic+" "+p.Name.Surname), " ")
}

// updatedAt is when the person's values last changed, in seconds.
func updatedAt(account idp.Account, p idp.Person) any {
	last := account.CreatedAt
	for _, a := range p.Attributes {
		last = latest(last, a.UpdatedAt)
	}
	for _, c := range p.Contacts {
		last = latest(last, c.ConfirmedAt)
	}
	if last.IsZero() {
		return nil
	}
	return last.Unix()
}

// contact is the main contact of the kind, else the first, or whether it is
// confirmed.
func contact(p idp.Person, kind idp.ContactKind, verified bool) any {
	best := -1
	for i, c := range p.Contacts {
		if c.Kind == kind && (best < 0 || c.Main) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	if verified {
		return !p.Contacts[best].ConfirmedAt.IsZero()
	}
	return p.Contacts[best].Value
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
