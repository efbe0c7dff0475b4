package templates

import (
	"errors"
	"net/url"
	"time"

	"surety/idp"
)

// Frame is what every page has around its own content.
type Frame struct {
	Lang        string        // language of the page: be, ru, uk or en
	Title       string        // text key that replaces the page's own title
	CSRF        string        // form token, goes into every form as the hidden field csrf
	Path        string        // path with query to come back to after the language was switched
	Agency      string        // relying party on whose behalf the person is here, if any
	Person      string        // short name of the person who is signed in, if one is
	Interaction string        // pending request: hidden field and query parameter interaction
	Return      string        // page of ours to come back to after this one: hidden field and query parameter return
	Step        string        // proof bound to interaction and step: hidden field step
	SessionLeft time.Duration // time until the session ends by idleness; zero shows no warning
	Problems    Problems      // what is wrong with the form that was sent
	InPerson    *InPerson     // how to do the same without an account; nil gives the general words
}

// InPerson says how a procedure can be done without an account (RULES R1).
type InPerson struct {
	Text string // address, hours, words of the agency, already in the person's language
	URI  string // page of the agency about it
}

// Link returns path with the pending interaction and the page to come back
// to, so that they are not lost on the way through other pages.
func (f Frame) Link(path string) string {
	q := url.Values{}
	if f.Interaction != "" {
		q.Set("interaction", f.Interaction)
	}
	if f.Return != "" {
		q.Set("return", f.Return)
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// Problem is one thing wrong with a form.
type Problem struct {
	Field string         // name of the field, which is also its id; empty if it is about the whole form
	Key   string         // text key
	Args  map[string]any // values for the text
}

// Problems are all things wrong with a form, in the order of its fields.
type Problems []Problem

// For returns the first problem of the field, or nil.
func (p Problems) For(field string) *Problem {
	for i := range p {
		if p[i].Field == field {
			return &p[i]
		}
	}
	return nil
}

// ProblemsOf collects what err says to the person: err itself, or each error
// joined in it. It returns nil if one of them is not meant for a person.
func ProblemsOf(err error) Problems {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all Problems
		for _, e := range joined.Unwrap() {
			p := ProblemsOf(e)
			if p == nil {
				return nil
			}
			all = append(all, p...)
		}
		return all
	}
	var coded idp.Coded
	if !errors.As(err, &coded) {
		return nil
	}
	p := Problem{Key: coded.MessageKey(), Args: coded.MessageArgs()}
	var full *idp.Error
	var field interface{ ErrorField() string }
	switch {
	case errors.As(err, &full):
		p.Field = full.Field
	case errors.As(err, &field): // errors of the rule folders
		p.Field = field.ErrorField()
	}
	return Problems{p}
}

// Field is a hidden field of a form that another site receives.
type Field struct {
	Name, Value string
}
