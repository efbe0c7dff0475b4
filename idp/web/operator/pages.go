package operator

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"surety/idp"
	"surety/idp/flow/operator"
	"surety/idp/web"
	"surety/idp/web/templates"
)

// Pages are the pages. Every field is needed.
type Pages struct {
	Site     *web.Site
	Operator *operator.Service
}

const (
	pathHome   = "/operator"
	pathSignIn = "/operator/sign-in"
)

// Mount registers the pages.
func (p *Pages) Mount(m web.Mux) {
	m.Get("/operator/invite", p.invite)
	m.Post("/operator/invite", p.invitePost)
	m.Get(pathSignIn, p.signIn)
	m.Post(pathSignIn, p.signInPost)
	m.Get(pathHome, p.home)
	m.Post("/operator/invitations", p.invitationsPost)
	m.Post("/operator/sign-out", p.signOutPost)
}

// errNoPasskey is a form that came without the script's answer.
var errNoPasskey = idp.E(idp.CodeInvalid, "error.passkey.required")

// invite shows where an invitation leads. Token and attempt travel together in
// the one hidden field of the page: neither is worth anything alone.
func (p *Pages) invite(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("token")
	page, err := p.Operator.OpenInvite(r.Context(), token)
	if err != nil {
		return err
	}
	f := p.Site.Frame(w, r)
	// The language switch must not put the token into another address bar entry
	// than the one it came in: it goes back to the same link.
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.OperatorInvite(out, f, inviteView(token, page, page.Name))
	})
}

func inviteView(token string, page operator.InvitePage, name string) templates.OperatorInvite {
	return templates.OperatorInvite{Token: token + "." + page.Attempt, Name: name, Options: string(page.Options)}
}

func (p *Pages) invitePost(w http.ResponseWriter, r *http.Request) error {
	token, attempt, _ := strings.Cut(r.PostForm.Get("token"), ".")
	in := operator.TakeUp{Token: token, Attempt: attempt, Name: r.PostForm.Get("name"), Answer: []byte(r.PostForm.Get("credential"))}
	err := error(errNoPasskey)
	if len(in.Answer) > 0 {
		ticket, taken := p.Operator.TakeUpInvite(r.Context(), in)
		if taken == nil {
			p.Site.SetOperatorSession(w, ticket.Secret)
			return web.SeeOther(w, r, pathHome)
		}
		err = taken
	}
	if idp.CodeOf(err) != idp.CodeInvalid {
		return err
	}
	// A question is good for one answer: the page comes again with a new one.
	page, again := p.Operator.OpenInvite(r.Context(), token)
	if again != nil {
		return again
	}
	return p.Site.Again(w, r, err, func(out io.Writer, f templates.Frame) error {
		f.Path = "/operator/invite?token=" + token
		return p.Site.Templates.OperatorInvite(out, f, inviteView(token, page, in.Name))
	})
}

func (p *Pages) signIn(w http.ResponseWriter, r *http.Request) error {
	page, err := p.Operator.OpenSignIn(r.Context())
	if err != nil {
		return err
	}
	f := p.Site.Frame(w, r)
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.OperatorSignIn(out, f, templates.OperatorSignIn{Attempt: page.Attempt, Options: string(page.Options)})
	})
}

func (p *Pages) signInPost(w http.ResponseWriter, r *http.Request) error {
	err := error(errNoPasskey)
	if answer := r.PostForm.Get("credential"); answer != "" {
		ticket, failed := p.Operator.SignIn(r.Context(), r.PostForm.Get("attempt"), []byte(answer))
		if failed == nil {
			p.Site.SetOperatorSession(w, ticket.Secret)
			return web.SeeOther(w, r, pathHome)
		}
		err = failed
	}
	if idp.CodeOf(err) != idp.CodeInvalid {
		return err
	}
	page, again := p.Operator.OpenSignIn(r.Context())
	if again != nil {
		return again
	}
	return p.Site.Again(w, r, err, func(out io.Writer, f templates.Frame) error {
		return p.Site.Templates.OperatorSignIn(out, f, templates.OperatorSignIn{Attempt: page.Attempt, Options: string(page.Options)})
	})
}

func (p *Pages) home(w http.ResponseWriter, r *http.Request) error {
	me, v, err := p.overview(r)
	if err != nil {
		return toSignIn(w, r, err)
	}
	f := p.Site.Frame(w, r)
	f.Person = me.Name
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.OperatorHome(out, f, v) })
}

// overview is who is logged in and what the home page lists.
func (p *Pages) overview(r *http.Request) (operator.Me, templates.OperatorHome, error) {
	me, rows, err := p.Operator.ListOperators(r.Context(), p.Site.OperatorSession(r))
	var v templates.OperatorHome
	for _, row := range rows {
		v.Operators = append(v.Operators, templates.OperatorRow{
			Name: row.Name, Since: row.Since, LastSeen: row.SeenAt, Me: row.ID != "" && row.ID == me.ID,
			Invited: row.ID == "", Until: row.ExpiresAt,
		})
	}
	return me, v, err
}

// invitationsPost answers with a page and no redirect: the link in it is kept
// nowhere, so there is nothing that another page could show. Sending the form
// again makes another invitation, which harms nobody.
func (p *Pages) invitationsPost(w http.ResponseWriter, r *http.Request) error {
	name := r.PostForm.Get("name")
	made, err := p.Operator.InviteAnother(r.Context(), p.Site.OperatorSession(r), name)
	if err != nil && idp.CodeOf(err) != idp.CodeInvalid {
		return toSignIn(w, r, err)
	}
	me, v, listed := p.overview(r)
	if listed != nil {
		return toSignIn(w, r, listed)
	}
	if err != nil {
		v.Name = name
		return p.Site.Again(w, r, err, func(out io.Writer, f templates.Frame) error {
			f.Person, f.Path = me.Name, pathHome
			return p.Site.Templates.OperatorHome(out, f, v)
		})
	}
	v.Invitation, v.Until = made.Link, made.ExpiresAt
	f := p.Site.Frame(w, r)
	f.Person, f.Path = me.Name, pathHome
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.OperatorHome(out, f, v) })
}

func (p *Pages) signOutPost(w http.ResponseWriter, r *http.Request) error {
	if err := p.Operator.SignOut(r.Context(), p.Site.OperatorSession(r)); err != nil {
		return err
	}
	p.Site.ClearOperatorSession(w)
	return web.SeeOther(w, r, pathSignIn)
}

// toSignIn sends whoever is not logged in to the page that changes that.
func toSignIn(w http.ResponseWriter, r *http.Request, err error) error {
	var coded *idp.Error
	if errors.As(err, &coded) && coded.Key == operator.ErrNobody.Key {
		return web.SeeOther(w, r, pathSignIn)
	}
	return err
}
