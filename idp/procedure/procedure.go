package procedure

import (
	"time"

	"surety/assurance"
)

// Key names a procedure: the agency that offers it and the agency's own code.
type Key struct {
	Agency string
	Code   string
}

// Procedure is one published version of a public service.
type Procedure struct {
	Agency string `json:"agency"`
	Code   string `json:"code"` // for example "3.77.01"
	// Titles by language (BCP 47); all languages of the profile must be there.
	Titles      map[string]string     `json:"titles"`
	Requirement assurance.Requirement `json:"requirement"`
	// Scopes and Claims are what the agency gets when this procedure is asked for.
	Scopes []string `json:"scopes,omitempty"`
	Claims []Claim  `json:"claims,omitempty"`
	// StartURI is where a person begins afresh (RULES R10).
	StartURI string `json:"start_uri,omitempty"`
	// InPerson is how to get the service without an account (RULES R1).
	InPerson   InPerson  `json:"in_person"`
	ValidFrom  time.Time `json:"valid_from"`           // civil time
	ValidUntil time.Time `json:"valid_until,omitzero"` // civil time, exclusive; zero: without end
	Disabled   bool      `json:"disabled,omitempty"`
}

// Basis says why an agency may get a value (RULES R10).
type Basis string

// The bases.
const (
	BasisConsent Basis = "consent"
	BasisLaw     Basis = "law"
)

// Claim is one value that the agency gets.
type Claim struct {
	Name     string `json:"name"` // claim name (RULES R10)
	Basis    Basis  `json:"basis"`
	Required bool   `json:"required,omitempty"` // by consent: without it the service cannot be given
	// Why is the agency's own word for what it needs the value, by language.
	Why map[string]string `json:"why,omitempty"`
	// Reference and Law name and quote the law, by language for the text; only with BasisLaw.
	Reference string            `json:"reference,omitempty"`
	Law       map[string]string `json:"law,omitempty"`
}

// InPerson is how to get a service without an account.
type InPerson struct {
	Texts map[string]string `json:"texts,omitempty"` // address, hours and what to bring, by language
	Link  string            `json:"link,omitempty"`
}

// Title is the title in the language, else in English, else any, else the code.
func (p Procedure) Title(lang string) string {
	for _, l := range []string{lang, "en"} {
		if t := p.Titles[l]; t != "" {
			return t
		}
	}
	for _, t := range p.Titles {
		return t
	}
	return p.Code
}

// InForce reports whether the version counts at this civil time.
func (p Procedure) InForce(civil time.Time) bool {
	return !p.Disabled && !civil.Before(p.ValidFrom) && (p.ValidUntil.IsZero() || civil.Before(p.ValidUntil))
}
