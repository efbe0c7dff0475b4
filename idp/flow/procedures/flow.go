package procedures

import (
	"context"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/client"
	"surety/idp/interaction"
	"surety/idp/procedure"
	"surety/idp/session"
)

// Offers finds what an agency offers, from memory if it can.
type Offers interface {
	// InForce finds procedures by their codes as they count at this civil time.
	// Errors: not_found, unavailable.
	InForce(ctx context.Context, agency string, codes []string, civil time.Time) ([]procedure.Procedure, error)
}

// Published lists what agencies offer.
type Published interface {
	// Page lists procedures that count at this civil time, by agency and code.
	// Errors: unavailable.
	Page(ctx context.Context, q procedure.Query, civil time.Time) ([]procedure.Procedure, error)
	// Agencies lists agencies that offer something then, by name. Errors: unavailable.
	Agencies(ctx context.Context, after string, limit int, civil time.Time) ([]string, error)
}

// Clients finds relying parties.
type Clients interface {
	// Client returns the client. Errors: not_found, unavailable.
	Client(ctx context.Context, id idp.ClientID) (*client.Client, error)
}

// Visitors knows who is in a browser.
type Visitors interface {
	// Here returns who is in the browser, and keeps the session alive; nobody,
	// without error, when nobody is. Errors: unavailable.
	Here(ctx context.Context, b session.Browser) (interaction.Visitor, error)
}

// Parts is what the use cases stand on. Every field is needed.
type Parts struct {
	Offers    Offers
	Published Published
	Clients   Clients
	Visitors  Visitors
	// Rules are the policy in force. Errors: unavailable.
	Rules func() (assurance.Rules, error)
	Now   func() time.Time // protocol time
	Civil func() time.Time
}

// Flow is the use cases. It is safe for concurrent use.
type Flow struct{ p Parts }

// New returns the use cases.
func New(p Parts) *Flow { return &Flow{p} }

// errNoProcedure is what an unknown procedure gets; the store says the same.
var errNoProcedure = idp.E(idp.CodeNotFound, "error.procedure.unknown")

// Path is what stands between a person and a procedure.
type Path struct {
	Procedure procedure.Procedure
	Agency    *client.Client // the agency's client of that name; nil when there is none
	Open      bool           // the requirement is met now
	assurance.Gap
	Ways []Way // soonest first
	// Reason and Reachable are set when nothing leads there.
	Reason    assurance.Reason
	Reachable assurance.LevelName
	// EndsAt is when the session of the person ends if they do nothing; zero
	// where no browser is involved.
	EndsAt time.Time
	acr    func(assurance.LevelName) string
}

// Way is a way with what else it will not open.
type Way struct {
	assurance.Way
	NotOpen []procedure.Procedure // other procedures of the agency, at most maxNotOpen
}

// Path says what the person in the browser will need for a procedure.
// Errors: session.ErrNobody, not_found, unavailable.
func (f *Flow) Path(ctx context.Context, b session.Browser, k procedure.Key) (Path, error) {
	v, err := f.p.Visitors.Here(ctx, b)
	if err != nil {
		return Path{}, err
	}
	if !v.Known() {
		return Path{}, session.ErrNobody
	}
	path, err := f.PathOf(ctx, v.Situation(f.p.Now(), f.p.Civil()), k)
	path.EndsAt = v.Session.Ends()
	return path, err
}

// PathOf says what somebody in that situation will need for a procedure.
// Errors: not_found, unavailable.
func (f *Flow) PathOf(ctx context.Context, s assurance.Situation, k procedure.Key) (Path, error) {
	if !procedure.ValidAgency(k.Agency) || !procedure.ValidCode(k.Code) {
		return Path{}, errNoProcedure
	}
	rules, err := f.p.Rules()
	if err != nil {
		return Path{}, err
	}
	found, err := f.p.Offers.InForce(ctx, k.Agency, []string{k.Code}, s.Civil)
	if err != nil {
		return Path{}, err
	}
	path := Path{Procedure: found[0], acr: acrOf(rules)}
	if path.Agency, err = f.client(ctx, k.Agency); err != nil {
		return Path{}, err
	}
	path.Required, path.Held = path.Procedure.Requirement.Level, rules.Held(s)
	switch d := rules.Decide(path.Procedure.Requirement, s).(type) {
	case assurance.Granted:
		path.Open = true
	case assurance.Refuse:
		path.Gap, path.Reason, path.Reachable = d.Gap, d.Reason, d.Reachable
	case assurance.Ways:
		path.Gap = d.Gap
		path.Ways, err = f.ways(ctx, rules, d.Ways, s, k)
	}
	return path, err
}

func acrOf(r assurance.Rules) func(assurance.LevelName) string {
	return func(name assurance.LevelName) string {
		l, _ := r.Level(name)
		return l.ACR
	}
}

// Bounds of what is said about other procedures. A person reads a few titles,
// and an agency with thousands of procedures has a handful of requirements.
const (
	maxOthers  = 200
	maxNotOpen = 5
)

// ways adds to each way which other procedures of the agency it leaves closed.
func (f *Flow) ways(ctx context.Context, rules assurance.Rules, ways []assurance.Way, s assurance.Situation, k procedure.Key) ([]Way, error) {
	others, err := f.p.Published.Page(ctx, procedure.Query{Agency: k.Agency, Limit: maxOthers}, s.Civil)
	if err != nil {
		return nil, err
	}
	var requirements []assurance.Requirement
	for _, p := range others {
		requirements = append(requirements, p.Requirement)
	}
	out := make([]Way, len(ways))
	for i, w := range ways {
		out[i].Way = w
		for _, closed := range rules.StayClosed(w, s, requirements) {
			if other := others[closed]; other.Code != k.Code && len(out[i].NotOpen) < maxNotOpen {
				out[i].NotOpen = append(out[i].NotOpen, other)
			}
		}
	}
	return out, nil
}

// client is the agency's client of the same name, which has its name for
// people and its pages; nil when there is none.
func (f *Flow) client(ctx context.Context, agency string) (*client.Client, error) {
	c, err := f.p.Clients.Client(ctx, idp.ClientID(agency))
	if idp.CodeOf(err) == idp.CodeNotFound {
		return nil, nil
	}
	return c, err
}
