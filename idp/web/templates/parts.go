package templates

import "io"

// Parts shows every part that pages are made of (DESIGN §11), for people who build pages.
type Parts struct{}

// Parts renders the page at /parts, which only the sandbox has.
func (t *Templates) Parts(w io.Writer, f Frame, v Parts) error {
	return t.render(w, "parts", f, v)
}
