package verified

import (
	"slices"
	"time"
)

// fit reduces what we have to what is asked for. It is false when something is
// not as asked; what is nil is left out of the answer.
func (w Wanted) fit(have any, now time.Time) (any, bool) {
	switch have := have.(type) {
	case string:
		return w.fitText(have)
	case moment:
		// The time of a day that is over runs from its end.
		if w.MaxAge != nil && now.Sub(have.at) > time.Duration(*w.MaxAge)*time.Second {
			return nil, false
		}
		return w.fitText(have.String())
	case part:
		return w.fitPart(have, now)
	case []part:
		return w.fitList(have, now)
	}
	return nil, !w.constrains()
}

func (w Wanted) fitText(have string) (any, bool) {
	if len(w.Members) > 0 || len(w.Any) > 0 {
		return nil, !Wanted{Members: w.Members, Any: w.Any}.constrains()
	}
	return have, len(w.Values) == 0 || slices.Contains(w.Values, have)
}

// fitPart gives the members that are asked for, and no others.
func (w Wanted) fitPart(have part, now time.Time) (any, bool) {
	if len(w.Values) > 0 || w.MaxAge != nil || (Wanted{Any: w.Any}).constrains() {
		return nil, false
	}
	out := part{}
	for name, inner := range w.Members {
		v, ok := inner.fit(have[name], now)
		if !ok {
			return nil, false
		}
		if v != nil {
			out[name] = v
		}
	}
	if len(out) == 0 {
		return nil, true
	}
	return out, true
}

// fitList gives the entries that fit one of those that are asked for, in its
// form (OpenID Connect for Identity Assurance 1.0: a logical OR).
func (w Wanted) fitList(have []part, now time.Time) (any, bool) {
	var out []any
	for _, one := range have {
		for _, filter := range w.Any {
			if v, ok := filter.fit(one, now); ok {
				if v != nil {
					out = append(out, v)
				}
				break
			}
		}
	}
	if len(out) == 0 {
		return nil, !w.constrains()
	}
	return out, true
}
