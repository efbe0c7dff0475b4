package procedure

import (
	"errors"
	"io"
	"net/http"
	"net/url"

	"surety/assurance"
	"surety/idp"
	"surety/idp/client"
	"surety/idp/flow/procedures"
	"surety/idp/procedure"
	"surety/idp/session"
	"surety/idp/web"
	"surety/idp/web/templates"
)

// Pages are the pages. Every field is needed.
type Pages struct {
	Site *web.Site
	Flow *procedures.Flow
	// Agency answers a program that shows an access token for what a person
	// will need; the path of the request names agency and code.
	Agency func(k procedure.Key) http.Handler
}

// pathList is the address of all lists.
const pathList = "/procedures"

// Mount registers the pages.
func (p *Pages) Mount(m web.Mux) {
	m.Get(pathList, p.list)
	m.Get(pathList+"/{agency}/{code}/path", p.path)
}

func (p *Pages) path(w http.ResponseWriter, r *http.Request) error {
	k := procedure.Key{Agency: web.Var(r, "agency"), Code: web.Var(r, "code")}
	w.Header().Add("Vary", "Authorization")
	if r.Header.Get("Authorization") != "" {
		p.Agency(k).ServeHTTP(w, r)
		return nil
	}
	json := web.WantsJSON(w, r)
	found, err := p.Flow.Path(r.Context(), p.Site.Visit(w, r), k)
	switch {
	case err != nil:
		return p.fail(w, r, err, json)
	case json:
		return web.JSON(w, http.StatusOK, found.JSON())
	}
	f := p.Site.Frame(w, r)
	f.SessionLeft = p.Site.Until(found.EndsAt)
	f.InPerson = web.InPerson(f.Lang, found.Procedure)
	v := pathView(found, f)
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.ProcedurePath(out, f, v) })
}

// fail leads whoever is not logged in to the log-in page and back, and gives
// every other error to the wrapper, or to the program that asked.
func (p *Pages) fail(w http.ResponseWriter, r *http.Request, err error, json bool) error {
	switch {
	case errors.Is(err, session.ErrNobody) && json:
		return web.JSON(w, http.StatusUnauthorized, map[string]string{"error": "login_required"})
	case errors.Is(err, session.ErrNobody):
		return web.LogInFirst(w, r, r.URL.RequestURI(), false)
	case json:
		return p.Site.FailJSON(w, r, err)
	}
	return err
}

func pathView(found procedures.Path, f templates.Frame) templates.ProcedurePath {
	q := found.Procedure.Requirement
	v := templates.ProcedurePath{
		Title: found.Procedure.Title(f.Lang), Code: found.Procedure.Code, Agency: name(found.Agency, found.Procedure.Agency, f.Lang),
		Held: string(found.Held), Required: string(q.Level), Age: q.MaxAge, Open: found.Open,
		Identity: found.Identity != "", Document: found.Document, Start: found.Procedure.StartURI,
		Excluded: templates.Excluded(q),
	}
	if v.Start == "" && found.Agency != nil {
		v.Start = found.Agency.Homes.In(f.Lang)
	}
	if found.Reason != "" {
		v.Refused = &templates.Refused{Reason: string(found.Reason), Reachable: string(found.Reachable)}
	}
	var ways []assurance.Way
	for _, w := range found.Ways {
		ways = append(ways, w.Way)
	}
	v.Ways = templates.NewWays(ways)
	for i, w := range found.Ways {
		for _, other := range w.NotOpen {
			v.Ways.Cards[i].NotOpen = append(v.Ways.Cards[i].NotOpen, other.Title(f.Lang))
		}
		v.Ways.Cards[i].Href = whole(w.Way, v.Start, f.Path)
	}
	return v
}

// whole is where a way begins of which no step is taken elsewhere.
func whole(w assurance.Way, start, back string) string {
	for _, s := range w.Steps {
		if begin(s, start, back) == "" {
			return ""
		}
	}
	return begin(w.Steps[0], start, back)
}

// begin is where a way begins: an authenticator is added here, and then the
// person is back; logging in by what they have is asked for by the service.
// What is done at a counter, or with a card, has no page here.
func begin(s assurance.Step, start, back string) string {
	page := ""
	switch {
	case s.Action == assurance.ActionLogin:
		return start
	case s.Action == assurance.ActionEnrol && s.Method == assurance.MethodOTP:
		page = "/methods/otp"
	case s.Action == assurance.ActionEnrol && s.Method == assurance.MethodPasskey:
		page = "/methods/passkey"
	default:
		return ""
	}
	return page + "?" + url.Values{"return": {back}}.Encode()
}

// name is the agency's name for people, or its own id where it has no client.
func name(c *client.Client, id, lang string) string {
	if c != nil {
		return c.Name(lang)
	}
	return id
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	json := web.WantsJSON(w, r)
	in := r.URL.Query()
	q := procedures.Query{Agency: in.Get("agency"), Text: in.Get("q"), After: in.Get("after")}
	mine := in.Get("for") == "me"
	switch {
	case in.Has("for") && !mine:
		return p.fail(w, r, idp.E(idp.CodeInvalid, "error.request"), json)
	case !mine && q.Agency == "" && q.Text == "" && !json:
		return p.agencies(w, r, q.After)
	}
	var found procedures.List
	var err error
	if mine {
		found, err = p.Flow.ListFor(r.Context(), p.Site.Visit(w, r), q)
	} else {
		found, err = p.Flow.List(r.Context(), q)
	}
	switch {
	case err != nil:
		return p.fail(w, r, err, json)
	case json:
		return web.JSON(w, http.StatusOK, found.JSON(next(q, mine, found.Next)))
	}
	f := p.Site.Frame(w, r)
	if mine {
		f.SessionLeft = p.Site.Until(found.EndsAt)
	}
	v := listView(found, q, mine, f.Lang)
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.ProcedureList(out, f, v) })
}

// next is the address of a list from the given place on; empty when there is
// no such place.
func next(q procedures.Query, mine bool, after string) string {
	if after == "" {
		return ""
	}
	q.After = after
	return address(q, mine)
}

func address(q procedures.Query, mine bool) string {
	in := url.Values{}
	for member, value := range map[string]string{"agency": q.Agency, "q": q.Text, "after": q.After} {
		if value != "" {
			in.Set(member, value)
		}
	}
	if mine {
		in.Set("for", "me")
	}
	if len(in) == 0 {
		return pathList
	}
	return pathList + "?" + in.Encode()
}

func (p *Pages) agencies(w http.ResponseWriter, r *http.Request, after string) error {
	list, more, err := p.Flow.Agencies(r.Context(), after)
	if err != nil {
		return err
	}
	f := p.Site.Frame(w, r)
	v := templates.ProcedureAgencies{Next: next(procedures.Query{}, false, more)}
	for _, a := range list {
		v.Agencies = append(v.Agencies, templates.AgencyLink{
			Name: name(a.Client, a.Name, f.Lang), Href: address(procedures.Query{Agency: a.Name}, false),
		})
	}
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.ProcedureAgencies(out, f, v) })
}

func listView(found procedures.List, q procedures.Query, mine bool, lang string) templates.ProcedureList {
	v := templates.ProcedureList{Mine: mine, Agency: q.Agency, Search: q.Text, Next: next(q, mine, found.Next)}
	q.After = ""
	v.Other = address(q, !mine)
	if q.Agency != "" {
		v.Name = name(found.Agency, q.Agency, lang)
	}
	groups := map[procedures.Standing][]templates.ProcedureItem{}
	for _, i := range found.Items {
		groups[i.Standing] = append(groups[i.Standing], item(i, q.Agency == "", lang))
	}
	for _, standing := range append(procedures.Standings(), "") {
		if items := groups[standing]; len(items) > 0 {
			v.Groups = append(v.Groups, templates.ProcedureGroup{Standing: string(standing), Items: items})
		}
	}
	return v
}

func item(i procedures.Item, named bool, lang string) templates.ProcedureItem {
	v := templates.ProcedureItem{
		Title: i.Procedure.Title(lang), Code: i.Procedure.Code, Required: string(i.Procedure.Requirement.Level), Age: i.Procedure.Requirement.MaxAge,
		Soonest: i.Soonest, Latest: i.Latest, Reason: string(i.Reason), Href: procedures.PathOfPage(i.Procedure.Key()),
	}
	if named {
		v.Agency = name(i.Agency, i.Procedure.Agency, lang)
	}
	return v
}
