package templates

import (
	"io"
	"time"
)

// Parts shows every part that pages are made of (DESIGN §11), for people who build pages.
type Parts struct {
	Ways Ways // filled in when it is left empty
}

// Parts renders the page at /parts, which only the sandbox has.
func (t *Templates) Parts(w io.Writer, f Frame, v Parts) error {
	if v.Ways.Cards == nil {
		v.Ways = sampleWays()
	}
	return t.render(w, "parts", f, v)
}

// sampleWays are a short way and a long one.
func sampleWays() Ways {
	const day = 24 * time.Hour
	card := WayStep{Action: "present", By: "idcard", Soonest: 2 * time.Minute, Latest: 5 * time.Minute, Needs: []string{"card", "reader"}}
	letter := WayStep{Action: "prove", By: "letter", Soonest: 14 * day, Latest: 35 * day, Fee: "2.50 BYN", Needs: []string{"address"}}
	app := WayStep{Action: "enrol", By: "otp", Soonest: 3 * time.Minute, Latest: 3 * time.Minute, Needs: []string{"app"}}
	return Ways{Cards: []WayCard{
		{ID: "present-idcard", Steps: []WayStep{card}, Soonest: card.Soonest, Latest: card.Latest, Href: "/account"},
		{ID: "prove-letter+enrol-otp", Steps: []WayStep{letter, app}, Soonest: letter.Soonest + app.Soonest, Latest: letter.Latest + app.Latest, NotOpen: []string{"3.77.02"}},
	}}
}
