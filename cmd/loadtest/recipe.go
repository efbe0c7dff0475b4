package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

//go:embed recipes/*.json
var recipes embed.FS

// recipe says how to drive a provider's own pages. For each page between the
// authorization request and the redirect back, the first step that matches is
// taken.
type recipe struct {
	Steps []step `json:"steps"`
}

// step fills in one page.
type step struct {
	Role   string            `json:"role"`   // "login", "consent" or any other name
	URL    string            `json:"url"`    // regular expression for the page's address
	Body   string            `json:"body"`   // regular expression for the page's HTML; empty matches
	Form   int               `json:"form"`   // index of the form on the page
	Holds  string            `json:"holds"`  // in place of form: the first form with a control of this name
	Fields map[string]string `json:"fields"` // {user} becomes the account's number, {password} the password

	urlRE, bodyRE *regexp.Regexp
}

// recipeNames lists the recipes that are built in.
func recipeNames() []string {
	entries, err := recipes.ReadDir("recipes")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".json"))
	}
	return names
}

// loadRecipe reads a built-in recipe by its name, or a file.
func loadRecipe(name string) (recipe, error) {
	var r recipe
	b, err := recipes.ReadFile("recipes/" + name + ".json")
	if err != nil {
		b, err = os.ReadFile(name)
	}
	if err != nil {
		return r, fmt.Errorf("recipe: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return r, fmt.Errorf("recipe: %w", err)
	}
	for i := range r.Steps {
		s := &r.Steps[i]
		if s.urlRE, err = regexp.Compile(s.URL); err != nil {
			return r, fmt.Errorf("recipe step %d: %w", i, err)
		}
		if s.bodyRE, err = regexp.Compile(s.Body); err != nil {
			return r, fmt.Errorf("recipe step %d: %w", i, err)
		}
	}
	return r, nil
}

func (r recipe) has(role string) bool {
	return slices.ContainsFunc(r.Steps, func(s step) bool { return s.Role == role })
}

func (r recipe) match(u *url.URL, body string) *step {
	for i := range r.Steps {
		s := &r.Steps[i]
		if s.urlRE.MatchString(u.String()) && s.bodyRE.MatchString(body) {
			return s
		}
	}
	return nil
}

// submission is a form as it will be sent.
type submission struct {
	method string
	target *url.URL
	fields url.Values
}

// submission reads the step's form from the page and fills it in.
func (s *step) submission(page *url.URL, body string, user int, password string) (submission, error) {
	f, err := s.pick(parseForms(body))
	if err != nil {
		return submission{}, err
	}
	target, err := page.Parse(f.action)
	if err != nil {
		return submission{}, fmt.Errorf("form action: %w", err)
	}
	fill := strings.NewReplacer("{user}", strconv.Itoa(user), "{password}", password)
	for name, value := range s.Fields {
		f.fields.Set(name, fill.Replace(value))
	}
	switch f.method {
	case "GET":
		target.RawQuery = f.fields.Encode()
	case "POST":
	default:
		return submission{}, errors.New("form method is neither GET nor POST")
	}
	return submission{f.method, target, f.fields}, nil
}

func (s *step) pick(forms []form) (form, error) {
	if s.Holds != "" {
		i := slices.IndexFunc(forms, func(f form) bool { return slices.Contains(f.controls, s.Holds) })
		if i < 0 {
			return form{}, fmt.Errorf("no form of the page holds %q (step %q)", s.Holds, s.Role)
		}
		return forms[i], nil
	}
	if s.Form >= len(forms) {
		return form{}, fmt.Errorf("page has %d forms, step %q wants form %d", len(forms), s.Role, s.Form)
	}
	return forms[s.Form], nil
}

// form is a form with its hidden fields and the names of all its controls.
type form struct {
	action, method string
	fields         url.Values
	controls       []string
}

var (
	formRE    = regexp.MustCompile(`(?is)<form\b([^>]*)>(.*?)</form>`)
	controlRE = regexp.MustCompile(`(?is)<(?:input|button|select|textarea)\b([^>]*)>`)
	attrRE    = regexp.MustCompile(`(?is)([a-z_:][-a-z0-9_:.]*)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))`)
)

// parseForms reads forms. It is no HTML parser: it covers the plain markup of
// login pages and costs little, because it runs beside the server it measures.
func parseForms(body string) []form {
	var out []form
	for _, m := range formRE.FindAllStringSubmatch(body, -1) {
		a := attributes(m[1])
		f := form{action: a["action"], method: strings.ToUpper(a["method"]), fields: url.Values{}}
		if f.method == "" {
			f.method = "GET"
		}
		for _, tag := range controlRE.FindAllStringSubmatch(m[2], -1) {
			c := attributes(tag[1])
			if c["name"] == "" {
				continue
			}
			f.controls = append(f.controls, c["name"])
			if strings.EqualFold(c["type"], "hidden") {
				f.fields.Set(c["name"], c["value"])
			}
		}
		out = append(out, f)
	}
	return out
}

func attributes(tag string) map[string]string {
	out := map[string]string{}
	for _, m := range attrRE.FindAllStringSubmatch(tag, -1) {
		out[strings.ToLower(m[1])] = html.UnescapeString(m[2] + m[3] + m[4])
	}
	return out
}
