package authorize

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"surety/assurance"
	"surety/idp/grant"
	"surety/idp/interaction"
	"surety/idp/oidc/metadata"
	"surety/idp/oidc/store"
)

// The values of outcome (RULES R10).
const (
	outcomePending    = "pending"    // there is a way, and it has not been gone
	outcomeDeclined   = "declined"   // the person went back
	outcomeImpossible = "impossible" // nothing that is offered leads there
)

// outcome is what the client may fetch about a request that was not met. None
// of it is in the redirect: a browser's history, a proxy's log and the next
// page's scripts all see that.
type outcome struct {
	Outcome   string   `json:"outcome"`
	Procedure string   `json:"procedure,omitempty"`  // where there is one
	Several   []string `json:"procedures,omitempty"` // where there are several
	Required  level    `json:"required"`
	// Held is what the person reached: there only for a client that has their consent.
	Held    *level `json:"held,omitempty"`
	Missing []axis `json:"missing"`
}

// level is a level by its name and its acr value.
type level struct {
	Level  assurance.LevelName `json:"level,omitempty"`
	ACR    string              `json:"acr,omitempty"`
	MaxAge int64               `json:"max_age,omitempty"` // seconds since the login, where that is required
}

// axis is one thing that is missing.
type axis struct {
	Axis  string          `json:"axis"`
	Stage assurance.Stage `json:"stage,omitempty"` // of the axis identity
}

// outcomeOf is the outcome of a step that failed.
func outcomeOf(s interaction.Step) string {
	switch {
	case len(s.StepUp.Ways) > 0:
		return outcomePending
	case s.Failure == interaction.FailUnmet:
		return outcomeImpossible
	}
	return "" // nothing about a requirement
}

// declined answers for a person who went back without what is required. What
// was missing is looked at again: nothing of it was kept.
func (e *Endpoint) declined(w http.ResponseWriter, r *http.Request, a *asked) {
	p, err := e.look(r, a)
	if err != nil {
		e.trouble(w, r, a, err)
		return
	}
	how := outcomeDeclined
	if p.step.StepUp.Refusal != "" {
		how = outcomeImpossible // there was nothing to decline but the way back
	}
	e.unmet(r.Context(), a, p, how)
	e.refuse(w, r, a, faultOf(interaction.FailUnmet))
}

// unmet keeps what the client may fetch, and notes where. A client that cannot
// prove who it is gets none. That it could not be kept is no reason to keep
// the answer itself from the client.
func (e *Endpoint) unmet(ctx context.Context, a *asked, p place, how string) {
	if how == "" || a.client.Public() {
		return
	}
	o := p.outcome(a, how)
	body, err := json.Marshal(o)
	if err == nil {
		reference, hash := store.NewSecret()
		kept := grant.Outcome{
			Hash: hash, ClientID: a.client.ID, AccountID: p.visitor.Account.ID, Body: body,
			Attrs:     map[string]string{"outcome": how, "required": string(o.Required.Level), "procedures": strings.Join(a.request.Procedures, " ")},
			CreatedAt: p.now, ExpiresAt: p.now.Add(grant.OutcomeLifetime),
		}
		if err = e.Codes.KeepOutcome(ctx, kept); err == nil {
			a.errorURI = e.Issuer + metadata.PathOutcomes + reference
			return
		}
	}
	e.Log.LogAttrs(ctx, slog.LevelError, "outcome not kept", slog.String("client_id", string(a.client.ID)), slog.Any("error", err))
}

// outcome is what is told of the place.
func (p place) outcome(a *asked, how string) outcome {
	o := outcome{Outcome: how, Required: p.level(p.required.Level), Missing: missing(p.step.StepUp.Gap)}
	if o.Required.Level == "" && len(a.request.EssentialACR) > 0 {
		o.Required.ACR = a.request.EssentialACR[0] // unknown here, so it can only be given back
	}
	o.Required.MaxAge = int64(p.required.MaxAge / time.Second)
	switch codes := a.request.Procedures; len(codes) {
	case 0:
	case 1:
		o.Procedure = codes[0]
	default:
		o.Several = codes
	}
	if p.consented && p.visitor.Account.Usable() {
		if name := p.rules.Held(p.visitor.Situation(p.now, p.civil)); name != "" {
			held := p.level(name)
			o.Held = &held
		}
	}
	return o
}

func (p place) level(name assurance.LevelName) level {
	l, _ := p.rules.Level(name)
	return level{Level: name, ACR: l.ACR}
}

// missing lists what lies between the person and what is required.
func missing(g assurance.Gap) []axis {
	out := []axis{}
	if g.Login {
		out = append(out, axis{Axis: "login"})
	}
	if g.Identity != "" {
		out = append(out, axis{Axis: "identity", Stage: g.Identity})
	}
	if g.Document {
		out = append(out, axis{Axis: "document"})
	}
	if g.Capacity {
		out = append(out, axis{Axis: "capacity"})
	}
	return out
}
