package templates

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"surety/assurance"
	"surety/idp/text"
)

// Ways are the ways out of a gap, one card each (RULES R1). Pages show them by
// the part "ways", with the frame: {{template "ways" dict "F" .F "Ways" .V.Ways}}.
type Ways struct {
	Cards []WayCard
	// Action is the path to which the chosen way is posted, as the field "way"
	// with the card's ID. Empty: a card is chosen by its own link, or only read.
	Action string
}

// WayCard is one way, with what it takes and what it does not open.
type WayCard struct {
	ID      string // names the way among the others: see WayID
	Steps   []WayStep
	Soonest time.Duration
	Latest  time.Duration
	NotOpen []string // what else this way will not open, in the person's words
	Href    string   // where it begins; empty: it cannot be begun from here
}

// WayStep is one step of a way.
type WayStep struct {
	Action  string // assurance.Action
	By      string // the method, proofing or capacity of the step, without a provider's name
	Soonest time.Duration
	Latest  time.Duration
	Fee     string   // as it is shown; empty: free of charge
	Needs   []string // what the person must own, as text keys: "card", "reader"
	// Meanwhile says that the step need not wait for those before it: an app
	// is added while the letter travels.
	Meanwhile bool
}

// Closed is what none of several ways opens: it is said once, so that the
// cards say how the ways differ.
func (w Ways) Closed() []string {
	if len(w.Cards) < 2 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(w.Cards[0].NotOpen), func(what string) bool {
		return slices.ContainsFunc(w.Cards, func(c WayCard) bool { return !slices.Contains(c.NotOpen, what) })
	})
}

// Here are the cards of what can be begun from the page.
func (w Ways) Here() []WayCard {
	return w.cards(func(c WayCard) bool { return c.Href != "" || w.Action != "" })
}

// Elsewhere are the others: a visit, a letter, a card.
func (w Ways) Elsewhere() []WayCard {
	return w.cards(func(c WayCard) bool { return c.Href == "" && w.Action == "" })
}

func (w Ways) cards(which func(WayCard) bool) []WayCard {
	closed := w.Closed()
	var cards []WayCard
	for _, c := range w.Cards {
		if which(c) {
			c.NotOpen = slices.DeleteFunc(slices.Clone(c.NotOpen), func(what string) bool { return slices.Contains(closed, what) })
			cards = append(cards, c)
		}
	}
	return cards
}

// Excluded are the text keys of what a requirement does not accept.
func Excluded(r assurance.Requirement) []string {
	var keys []string
	for _, m := range r.ExcludedMethods {
		method, _, _ := strings.Cut(string(m), ":")
		keys = append(keys, "method."+method)
	}
	for _, p := range r.ExcludedProofings {
		keys = append(keys, "proofing."+string(p))
	}
	return keys
}

// NewWays makes cards of ways, in their order.
func NewWays(ways []assurance.Way) Ways {
	w := Ways{Cards: make([]WayCard, len(ways))}
	for i, way := range ways {
		card := WayCard{ID: WayID(way), Soonest: way.Soonest, Latest: way.Latest}
		meanwhile := way.Meanwhile()
		for _, s := range way.Steps {
			step := WayStep{Action: string(s.Action), By: stepBy(s), Soonest: s.Soonest, Latest: s.Latest, Fee: s.Fee, Needs: s.Needs}
			if len(meanwhile) > 0 && meanwhile[0].Action == s.Action && meanwhile[0].Method == s.Method {
				step.Meanwhile, meanwhile = true, meanwhile[1:]
			}
			card.Steps = append(card.Steps, step)
		}
		w.Cards[i] = card
	}
	return w
}

// WayID names a way by its steps, so that a form that was shown before the
// order of the ways changed still names the same one.
func WayID(w assurance.Way) string {
	ids := make([]string, len(w.Steps))
	for i, s := range w.Steps {
		ids[i] = string(s.Action) + "-" + cmp.Or(string(s.Method), string(s.Proofing), string(s.Acting.Capacity))
		if s.Acting.Role != "" {
			ids[i] += "-" + s.Acting.Role
		}
	}
	return strings.Join(ids, "+")
}

// stepBy is by what a step is done: a way to prove has only a proofing, the
// choice of a capacity that one, the others have a method. All providers share
// their words.
func stepBy(s assurance.Step) string {
	if s.Action == assurance.ActionAct {
		return cmp.Or(string(s.Acting.Capacity), string(assurance.CapacitySelf))
	}
	by, _, _ := strings.Cut(cmp.Or(string(s.Method), string(s.Proofing)), ":")
	return by
}

// Free reports whether no step costs anything.
func (c WayCard) Free() bool { return len(c.Fees()) == 0 }

// Fees are what the steps cost, in their order.
func (c WayCard) Fees() []string {
	var fees []string
	for _, s := range c.Steps {
		if s.Fee != "" {
			fees = append(fees, s.Fee)
		}
	}
	return fees
}

// Needs are what the person must own, each once.
func (c WayCard) Needs() []string {
	var needs []string
	for _, s := range c.Steps {
		for _, n := range s.Needs {
			if !slices.Contains(needs, n) {
				needs = append(needs, n)
			}
		}
	}
	return needs
}

// hint is the text of the key, or nothing if there is none.
func hint(l *text.Localizer, key string) string {
	if !l.Has(key) {
		return ""
	}
	return l.T(key)
}

// wayFunctions are what the part "ways" calls.
func wayFunctions(l *text.Localizer) map[string]any {
	return map[string]any{
		"span": l.Span,
		"step": func(s WayStep) string {
			if key := "step." + s.Action + "." + s.By; l.Has(key) {
				return l.T(key)
			}
			return label(l, "method.", s.By)
		},
		"stepHint": func(s WayStep) string { return hint(l, "step."+s.Action+"."+s.By+".hint") },
		"needs": func(keys []string) string { // some have commas of their own
			words := make([]string, len(keys))
			for i, key := range keys {
				words[i] = label(l, "needs.", key)
			}
			return strings.Join(words, "; ")
		},
	}
}
