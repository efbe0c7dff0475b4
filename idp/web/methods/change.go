package methods

import (
	"errors"
	"io"
	"net/http"

	"surety/idp"
	"surety/idp/flow/factor"
	"surety/idp/web"
	"surety/idp/web/templates"
)

// recovery asks before it makes new codes: those on paper stop working.
func (p *Pages) recovery(w http.ResponseWriter, r *http.Request) error {
	o, err := p.Factors.Methods(r.Context(), p.Site.Visit(w, r))
	switch {
	case err != nil:
		return first(w, r, err, pathRecovery)
	case o.App == nil:
		return web.SeeOther(w, r, pathList)
	case !o.Fresh:
		return first(w, r, factor.ErrAgain, pathRecovery)
	}
	f := p.Site.Frame(w, r)
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.MethodsRecovery(out, f, templates.MethodsRecovery{Left: o.Recovery})
	})
}

func (p *Pages) recoveryPost(w http.ResponseWriter, r *http.Request) error {
	codes, err := p.Factors.NewRecoveryCodes(r.Context(), p.Site.Visit(w, r))
	if err != nil {
		return first(w, r, err, pathRecovery)
	}
	return p.codes(w, r, templates.MethodsCodes{Codes: codes, Next: listed("codes")})
}

// id is the method that the address names. That it is the person's own is for
// the use case to see.
func id(r *http.Request) idp.CredentialID { return idp.CredentialID(web.Var(r, "id")) }

func (p *Pages) rename(w http.ResponseWriter, r *http.Request) error {
	o, err := p.Factors.Methods(r.Context(), p.Site.Visit(w, r))
	if err != nil {
		return first(w, r, err, r.URL.Path)
	}
	for _, m := range o.Passkeys {
		if m.ID == id(r) {
			f := p.Site.Frame(w, r)
			return web.Page(w, http.StatusOK, func(out io.Writer) error {
				return p.Site.Templates.MethodsRename(out, f, templates.MethodsRename{ID: string(m.ID), Name: m.Name})
			})
		}
	}
	return errNotThere
}

var errNotThere = idp.E(idp.CodeNotFound, "error.not_found")

func (p *Pages) renamePost(w http.ResponseWriter, r *http.Request) error {
	name := r.PostForm.Get("name")
	err := p.Factors.Rename(r.Context(), p.Site.Visit(w, r), id(r), name)
	if err == nil {
		return web.SeeOther(w, r, listed("renamed"))
	}
	if errors.Is(err, factor.ErrNobody) || errors.Is(err, factor.ErrAgain) {
		return first(w, r, err, r.URL.Path)
	}
	return p.again(w, r, err, r.URL.Path, func(out io.Writer, f templates.Frame) error {
		return p.Site.Templates.MethodsRename(out, f, templates.MethodsRename{ID: string(id(r)), Name: name})
	})
}

func (p *Pages) remove(w http.ResponseWriter, r *http.Request) error {
	v, err := p.removeView(w, r)
	if err != nil {
		return first(w, r, err, r.URL.Path)
	}
	f := p.Site.Frame(w, r)
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.MethodsRemove(out, f, v) })
}

func (p *Pages) removeView(w http.ResponseWriter, r *http.Request) (templates.MethodsRemove, error) {
	what, err := p.Factors.Removal(r.Context(), p.Site.Visit(w, r), id(r))
	return templates.MethodsRemove{OwnMethod: own(what.Method), LastWay: what.Last}, err
}

func (p *Pages) removePost(w http.ResponseWriter, r *http.Request) error {
	removed, err := p.Factors.Remove(r.Context(), factor.Remove{Browser: p.Site.Visit(w, r), ID: id(r), Confirmed: r.PostForm.Has("confirm")})
	switch {
	case err == nil && removed.LoggedOut:
		p.Site.ClearSession(w)
		return web.SeeOther(w, r, "/signed-out")
	case err == nil:
		return web.SeeOther(w, r, listed("removed"))
	case !errors.Is(err, factor.ErrLast):
		return first(w, r, err, r.URL.Path)
	}
	v, lost := p.removeView(w, r)
	if lost != nil {
		return first(w, r, lost, r.URL.Path)
	}
	v.LastWay = true
	return p.again(w, r, err, r.URL.Path, func(out io.Writer, f templates.Frame) error {
		return p.Site.Templates.MethodsRemove(out, f, v)
	})
}
