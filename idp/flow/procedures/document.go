package procedures

import (
	"net/url"
	"time"

	"surety/assurance"
	"surety/idp/procedure"
)

// What an agency or a program is answered. The shapes are in doc.go; members
// are only ever added.

type levelDocument struct {
	Level  assurance.LevelName `json:"level"`
	ACR    string              `json:"acr,omitempty"`
	MaxAge int64               `json:"max_age,omitempty"` // seconds
}

type axisDocument struct {
	Axis  string          `json:"axis"`
	Stage assurance.Stage `json:"stage,omitempty"`
}

type stepDocument struct {
	Action   assurance.Action         `json:"action"`
	Method   assurance.Method         `json:"method,omitempty"`
	Proofing assurance.ProofingMethod `json:"proofing,omitempty"`
	Acting   *assurance.Acting        `json:"acting,omitempty"`
	Soonest  int64                    `json:"soonest"`
	Latest   int64                    `json:"latest"`
	Fee      string                   `json:"fee,omitempty"`
	Needs    []string                 `json:"needs,omitempty"`
}

type wayDocument struct {
	Steps   []stepDocument `json:"steps"`
	Soonest int64          `json:"soonest"`
	Latest  int64          `json:"latest"`
	AtOnce  bool           `json:"at_once"`
	NotOpen []string       `json:"not_open,omitempty"`
}

// offerDocument is what both shapes say of a procedure.
type offerDocument struct {
	Agency   string             `json:"agency"`
	Code     string             `json:"code"`
	Titles   map[string]string  `json:"titles"`
	Required levelDocument      `json:"required"`
	StartURI string             `json:"start_uri,omitempty"`
	InPerson procedure.InPerson `json:"in_person"`
}

type pathDocument struct {
	offerDocument
	Held      *levelDocument      `json:"held,omitempty"`
	Outcome   string              `json:"outcome"`
	Missing   []axisDocument      `json:"missing"`
	Ways      []wayDocument       `json:"ways"`
	Reason    assurance.Reason    `json:"reason,omitempty"`
	Reachable assurance.LevelName `json:"reachable,omitempty"`
}

type itemDocument struct {
	offerDocument
	Standing Standing         `json:"standing,omitempty"`
	Reason   assurance.Reason `json:"reason,omitempty"`
	Soonest  *int64           `json:"soonest,omitempty"`
	Latest   *int64           `json:"latest,omitempty"`
	Path     string           `json:"path"`
}

func offer(p procedure.Procedure, acr string) offerDocument {
	return offerDocument{
		Agency: p.Agency, Code: p.Code, Titles: p.Titles, StartURI: p.StartURI, InPerson: p.InPerson,
		Required: levelDocument{p.Requirement.Level, acr, seconds(p.Requirement.MaxAge)},
	}
}

// JSON is the path as it is answered in JSON.
func (p Path) JSON() any {
	d := pathDocument{
		offerDocument: offer(p.Procedure, p.acr(p.Procedure.Requirement.Level)),
		Outcome:       "impossible", Missing: []axisDocument{}, Ways: []wayDocument{}, Reason: p.Reason, Reachable: p.Reachable,
	}
	if p.Held != "" {
		d.Held = &levelDocument{Level: p.Held, ACR: p.acr(p.Held)}
	}
	switch {
	case p.Open:
		d.Outcome = "open"
	case len(p.Ways) > 0:
		d.Outcome = "pending"
	}
	for _, axis := range []struct {
		missing bool
		axisDocument
	}{
		{p.Login, axisDocument{Axis: "login"}}, {p.Identity != "", axisDocument{Axis: "identity", Stage: p.Identity}},
		{p.Document, axisDocument{Axis: "document"}}, {p.Capacity, axisDocument{Axis: "capacity"}},
	} {
		if axis.missing {
			d.Missing = append(d.Missing, axis.axisDocument)
		}
	}
	for _, w := range p.Ways {
		d.Ways = append(d.Ways, w.document())
	}
	return d
}

func (w Way) document() wayDocument {
	d := wayDocument{Soonest: seconds(w.Soonest), Latest: seconds(w.Latest), AtOnce: w.AtOnce()}
	for _, s := range w.Steps {
		step := stepDocument{
			Action: s.Action, Method: s.Method, Proofing: s.Proofing, Soonest: seconds(s.Soonest), Latest: seconds(s.Latest), Fee: s.Fee, Needs: s.Needs,
		}
		if s.Action == assurance.ActionAct {
			step.Acting = &s.Acting
		}
		d.Steps = append(d.Steps, step)
	}
	for _, p := range w.NotOpen {
		d.NotOpen = append(d.NotOpen, p.Code)
	}
	return d
}

// JSON is the list as it is answered in JSON. The address of the next page is
// the caller's to say.
func (l List) JSON(next string) any {
	d := struct {
		Procedures []itemDocument `json:"procedures"`
		Next       string         `json:"next,omitempty"`
	}{[]itemDocument{}, next}
	for _, i := range l.Items {
		item := itemDocument{
			offerDocument: offer(i.Procedure, i.acr), Standing: i.Standing, Reason: i.Reason, Path: PathOfPage(i.Procedure.Key()),
		}
		if i.Standing == StandingStep || i.Standing == StandingProofing {
			soonest, latest := seconds(i.Soonest), seconds(i.Latest)
			item.Soonest, item.Latest = &soonest, &latest
		}
		d.Procedures = append(d.Procedures, item)
	}
	return d
}

// PathOfPage is the address of the page that says what a procedure needs.
func PathOfPage(k procedure.Key) string {
	return "/procedures/" + url.PathEscape(k.Agency) + "/" + url.PathEscape(k.Code) + "/path"
}

// seconds rounds up: nothing takes less time than is said.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
