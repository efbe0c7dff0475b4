// Package web is the edge towards browsers. It decides what every page has in
// common, so that no page can forget it: bounds on what comes in, forms that
// only our own pages can send, headers, cookies, language, time limits, and
// how an error becomes a page, a status and one line in the log.
//
// A page package is a struct of dependencies with a method Mount(web.Mux).
// Its handlers have type [Handler]: they return errors and never render them.
//
//	func (h *Pages) Mount(m web.Mux) {
//		m.Get("/sign-in", h.show)
//		m.Post("/sign-in", h.submit)
//	}
//
//	func (h *Pages) show(w http.ResponseWriter, r *http.Request) error {
//		f := h.Site.Frame(w, r)
//		return web.Page(w, http.StatusOK, func(out io.Writer) error {
//			return h.Site.Templates.SignIn(out, f, templates.SignIn{})
//		})
//	}
//
// The way of a request:
//
//	recover -> request id -> headers -> bounds -> timeout -> route
//	    page POST: cross-origin check -> form parse -> form token -> Handler
//	    page GET:  Handler
//	    Protocol:  http.Handler (clients and agencies post to it; it protects itself)
//
// Only this package knows gorilla/mux.
package web
