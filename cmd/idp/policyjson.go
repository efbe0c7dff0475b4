package main

import (
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/flow/operator"
)

// traceJSON is an explained decision in JSON.
type traceJSON struct {
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
	Missing   *gapJSON            `json:"missing,omitempty"`
	Uses      []evidenceJSON      `json:"uses"`
	Proofings []evidenceJSON      `json:"proofings"`
	Levels    []levelJSON         `json:"levels"`
	Ways      [][]string          `json:"ways,omitempty"`
}

type gapJSON struct {
	Login    bool            `json:"login"`
	Identity assurance.Stage `json:"identity,omitempty"`
	Document bool            `json:"document"`
	Capacity bool            `json:"capacity"`
}

// evidenceJSON is a use or a proofing.
type evidenceJSON struct {
	Method string              `json:"method"`
	At     time.Time           `json:"at,omitzero"`
	Stage  assurance.Stage     `json:"stage,omitempty"`
	Counts bool                `json:"counts"`
	UpTo   assurance.LevelName `json:"up_to,omitempty"`
	Notes  []noteJSON          `json:"notes"`
}

type noteJSON struct {
	Cause assurance.Cause     `json:"cause"`
	Level assurance.LevelName `json:"level,omitempty"`
	Text  string              `json:"text"`
}

type levelJSON struct {
	Level    assurance.LevelName `json:"level"`
	Identity bool                `json:"identity"`
	Login    bool                `json:"login"`
	Missing  assurance.Stage     `json:"missing_identity,omitempty"`
	Lacks    string              `json:"login_lacks,omitempty"`
}

func traceAnswer(p assurance.Policy, a operator.PolicyAnswer) traceJSON {
	t := teller{policy: p, answer: a}
	out := traceJSON{
		Policy: p.Version, Account: a.Account, State: a.State, Required: a.Trace.Required,
		Uses: []evidenceJSON{}, Proofings: []evidenceJSON{}, Levels: []levelJSON{},
	}
	if a.Procedure.Code != "" {
		out.Procedure = a.Procedure.Agency + "/" + a.Procedure.Code
	}
	switch d := a.Trace.Decision.(type) {
	case assurance.Granted:
		out.Decision, out.Held, out.ACR, out.AMR, out.AuthTime = "granted", d.Level, d.ACR, d.AMR, d.AuthTime.UTC()
	case assurance.Ways:
		out.Decision, out.Held, out.Missing = "ways", d.Held, gap(d.Gap)
		for _, way := range d.Ways {
			var steps []string
			for _, s := range way.Steps {
				steps = append(steps, action(s))
			}
			out.Ways = append(out.Ways, steps)
		}
	case assurance.Refuse:
		out.Decision, out.Reason, out.Held, out.Reachable, out.Missing = "refuse", d.Reason, d.Held, d.Reachable, gap(d.Gap)
	}
	for _, u := range a.Trace.Uses {
		out.Uses = append(out.Uses, evidenceJSON{string(u.Use.Method), u.Use.At.UTC(), "", u.Counts, u.UpTo, t.notesJSON(u.Notes)})
	}
	for _, f := range a.Trace.Proofs {
		out.Proofings = append(out.Proofings, evidenceJSON{
			string(f.Proofing.Method), f.Proofing.At.UTC(), f.Proofing.Stage, f.Counts, f.UpTo, t.notesJSON(f.Notes),
		})
	}
	for _, l := range a.Trace.Levels {
		one := levelJSON{Level: l.Level, Identity: l.Identity, Login: l.Login, Missing: l.Missing}
		if !l.Login {
			one.Lacks = t.lacks(l.Nearest)
		}
		out.Levels = append(out.Levels, one)
	}
	return out
}

func gap(g assurance.Gap) *gapJSON { return &gapJSON{g.Login, g.Identity, g.Document, g.Capacity} }

func (t teller) notesJSON(list []assurance.Note) []noteJSON {
	out := []noteJSON{}
	for _, n := range list {
		out = append(out, noteJSON{n.Cause, n.Level, t.note(n)})
	}
	return out
}
