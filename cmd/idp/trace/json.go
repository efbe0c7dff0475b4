package trace

import (
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/flow/policy"
)

// JSON is an explained decision in JSON.
type JSON struct {
	Policy    int                 `json:"policy"`
	Account   idp.AccountID       `json:"account_id,omitempty"`
	State     idp.AccountState    `json:"state,omitempty"`
	Procedure string              `json:"procedure,omitempty"`
	Decision  string              `json:"decision"` // granted, ways or refuse
	Reason    assurance.Reason    `json:"reason,omitempty"`
	Required  assurance.LevelName `json:"required,omitempty"`
	Held      assurance.LevelName `json:"held,omitempty"` // granted: the level
	Reachable assurance.LevelName `json:"reachable,omitempty"`
	ACR       string              `json:"acr,omitempty"`
	AMR       []string            `json:"amr,omitempty"`
	AuthTime  time.Time           `json:"auth_time,omitzero"`
	Missing   *gap                `json:"missing,omitempty"`
	Uses      []evidence          `json:"uses"`
	Proofings []evidence          `json:"proofings"`
	Levels    []level             `json:"levels"`
	Ways      [][]string          `json:"ways,omitempty"`
}

type gap struct {
	Login    bool            `json:"login"`
	Identity assurance.Stage `json:"identity,omitempty"`
	Document bool            `json:"document"`
	Capacity bool            `json:"capacity"`
}

// evidence is a use or a proofing.
type evidence struct {
	Method string              `json:"method"`
	At     time.Time           `json:"at,omitzero"`
	Stage  assurance.Stage     `json:"stage,omitempty"`
	Counts bool                `json:"counts"`
	UpTo   assurance.LevelName `json:"up_to,omitempty"`
	Notes  []note              `json:"notes"`
}

type note struct {
	Cause assurance.Cause     `json:"cause"`
	Level assurance.LevelName `json:"level,omitempty"`
	Text  string              `json:"text"`
}

type level struct {
	Level    assurance.LevelName `json:"level"`
	Identity bool                `json:"identity"`
	Login    bool                `json:"login"`
	Missing  assurance.Stage     `json:"missing_identity,omitempty"`
	Lacks    string              `json:"login_lacks,omitempty"`
}

// New puts an answer into JSON.
func New(p assurance.Policy, a policy.Answer) JSON {
	t := teller{policy: p, answer: a}
	out := JSON{
		Policy: p.Version, Account: a.Account, State: a.State, Required: a.Trace.Required,
		Uses: []evidence{}, Proofings: []evidence{}, Levels: []level{},
	}
	if a.Procedure.Code != "" {
		out.Procedure = a.Procedure.Agency + "/" + a.Procedure.Code
	}
	switch d := a.Trace.Decision.(type) {
	case assurance.Granted:
		out.Decision, out.Held, out.ACR, out.AMR, out.AuthTime = "granted", d.Level, d.ACR, d.AMR, d.AuthTime.UTC()
	case assurance.Ways:
		out.Decision, out.Held, out.Missing = "ways", d.Held, lacking(d.Gap)
		for _, way := range d.Ways {
			var steps []string
			for _, s := range way.Steps {
				steps = append(steps, action(s))
			}
			out.Ways = append(out.Ways, steps)
		}
	case assurance.Refuse:
		out.Decision, out.Reason, out.Held, out.Reachable, out.Missing = "refuse", d.Reason, d.Held, d.Reachable, lacking(d.Gap)
	}
	for _, u := range a.Trace.Uses {
		out.Uses = append(out.Uses, evidence{string(u.Use.Method), u.Use.At.UTC(), "", u.Counts, u.UpTo, t.noteList(u.Notes)})
	}
	for _, f := range a.Trace.Proofs {
		out.Proofings = append(out.Proofings, evidence{
			string(f.Proofing.Method), f.Proofing.At.UTC(), f.Proofing.Stage, f.Counts, f.UpTo, t.noteList(f.Notes),
		})
	}
	for _, l := range a.Trace.Levels {
		one := level{Level: l.Level, Identity: l.Identity, Login: l.Login, Missing: l.Missing}
		if !l.Login {
			one.Lacks = t.lacks(l.Nearest)
		}
		out.Levels = append(out.Levels, one)
	}
	return out
}

func lacking(g assurance.Gap) *gap { return &gap{g.Login, g.Identity, g.Document, g.Capacity} }

func (t teller) noteList(list []assurance.Note) []note {
	out := []note{}
	for _, n := range list {
		out = append(out, note{n.Cause, n.Level, t.note(n)})
	}
	return out
}
