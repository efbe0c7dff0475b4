package templates_test

import (
	"time"

	"surety/assurance"
	"surety/idp/web/templates"
)

// procedureSamples are the pages of "what will I need?".
func procedureSamples() []sample {
	type t = templates.Templates
	const days = 24 * time.Hour
	letter := assurance.Step{Action: assurance.ActionProve, Proofing: assurance.ProofingLetter, Soonest: 14 * days, Latest: 35 * days, Fee: "2.50 BYN", Needs: []string{"address"}}
	app := assurance.Step{Action: assurance.ActionEnrol, Method: assurance.MethodOTP, Soonest: 3 * time.Minute, Latest: 10 * time.Minute, Needs: []string{"app"}}
	card := assurance.Step{Action: assurance.ActionPresent, Method: assurance.MethodIDCard, Proofing: assurance.ProofingIDCard, Soonest: 3 * time.Minute, Latest: 10 * time.Minute, Needs: []string{"card", "reader"}}
	acts := assurance.Step{Action: assurance.ActionAct, Acting: assurance.Acting{Capacity: assurance.CapacityOrganisation, Role: "head"}}
	ways := templates.NewWays([]assurance.Way{
		{Steps: []assurance.Step{card}, Soonest: card.Soonest, Latest: card.Latest},
		{Steps: []assurance.Step{letter, app}, Soonest: letter.Soonest + app.Soonest, Latest: letter.Latest + app.Latest},
	})
	ways.Cards[1].NotOpen = []string{"Tax declaration", "Inheritance"}
	one := templates.NewWays([]assurance.Way{{Steps: []assurance.Step{app}, Soonest: app.Soonest, Latest: app.Latest}, {Steps: []assurance.Step{acts}}})
	one.Cards[0].Href = "/methods/otp?return=%2Fprocedures%2Ftax%2F1%2Fpath"
	path := templates.ProcedurePath{Title: "Income certificate", Code: "3.77.01", Agency: "Tax Service", Held: "basic", Required: "substantial", Start: "https://tax.example/certificate"}
	needs, step, open, refused, document := path, path, path, path, path
	needs.Identity, needs.Ways = true, ways
	step.Ways, step.Age = one, 5*time.Minute
	open.Open, open.Held = true, "high"
	refused.Held, refused.Refused, refused.Start = "", &templates.Refused{Reason: "excluded", Reachable: "checked"}, "javascript:alert(1)"
	document.Document, document.Ways = true, ways
	item := templates.ProcedureItem{Title: "Income certificate", Code: "3.77.01", Agency: "Tax Service", Required: "substantial", Href: "/procedures/tax/3.77.01/path"}
	fresh, long, never := item, item, item
	fresh.Age, fresh.Soonest, fresh.Latest = 5*time.Minute, time.Minute, time.Minute
	long.Soonest, long.Latest = 14*days, 35*days
	never.Reason = "capacity"
	inPerson := func(f *templates.Frame) {
		f.InPerson = &templates.InPerson{Text: "Tax office, 4 Market Square, Mon–Fri 9–17.", URI: "https://tax.example/offices"}
	}
	return []sample{
		page("procedure-path", all(signedIn, inPerson), (*t).ProcedurePath, needs),
		page("procedure-path-step", signedIn, (*t).ProcedurePath, step),
		page("procedure-path-open", signedIn, (*t).ProcedurePath, open),
		page("procedure-path-refused", signedIn, (*t).ProcedurePath, refused),
		page("procedure-path-document", signedIn, (*t).ProcedurePath, document),
		page("procedures", nil, (*t).ProcedureList, templates.ProcedureList{
			Agency: "tax", Name: "Tax Service", Search: `cert"`, Groups: []templates.ProcedureGroup{{Items: []templates.ProcedureItem{item, fresh}}},
			Next: "/procedures?after=tax%2F3&agency=tax", Other: "/procedures?agency=tax&for=me",
		}),
		page("procedures-mine", signedIn, (*t).ProcedureList, templates.ProcedureList{Mine: true, Other: "/procedures", Groups: []templates.ProcedureGroup{
			{Standing: "open", Items: []templates.ProcedureItem{item}}, {Standing: "step", Items: []templates.ProcedureItem{fresh}},
			{Standing: "proofing", Items: []templates.ProcedureItem{long}}, {Standing: "closed", Items: []templates.ProcedureItem{never}},
		}}),
		page("procedures-none", with("error.search.long", "q"), (*t).ProcedureList, templates.ProcedureList{}),
		page("procedure-agencies", nil, (*t).ProcedureAgencies, templates.ProcedureAgencies{
			Agencies: []templates.AgencyLink{{Name: "Tax Service", Href: "/procedures?agency=tax"}}, Next: "/procedures?after=tax",
		}),
	}
}
