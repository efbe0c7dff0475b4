package profile

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a time zone must mean the same on a machine that has no zones

	"surety/assurance"
	"surety/consent"
	"surety/idp/contact"
	"surety/idp/strict"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

// Profile is a country's choice of everything that differs.
type Profile struct {
	Name      string
	Policy    assurance.Policy
	Languages []string       // BCP 47, in the order of the language switch
	TimeZone  *time.Location // in which dates are shown and days end
	Contacts  contact.Rules
	Accent    Accent
	Terms     consent.Terms
	// MinAgeAccount is the age in years from which a person may have an
	// account (RULES R8).
	MinAgeAccount int
	// TrustFramework is what verified claims are verified under: trust_framework
	// of OpenID Connect for Identity Assurance 1.0.
	TrustFramework string
	// Procedures are samples for the sandbox, as `idp procedure import` reads
	// them; the address of the sample agency stands in them as {agency}. Empty
	// when the folder has none.
	Procedures []byte
}

// Accent is the one colour of the pages, as #rrggbb, for light and for dark.
// Whether it can be read on our papers is checked where these are known.
type Accent struct {
	Light, Dark string
}

//go:embed profiles
var embedded embed.FS

// Names lists the profiles that come with Surety.
func Names() []string {
	entries, err := fs.ReadDir(embedded, "profiles")
	if err != nil {
		return nil // the folder is part of the program
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// folder opens the files of a profile that comes with Surety. Error: when there
// is no such profile.
func folder(name string) (fs.FS, error) {
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("there is no profile %q; there are: %s", name, strings.Join(Names(), ", "))
	}
	files, err := fs.Sub(embedded, path.Join("profiles", name))
	if err != nil {
		return nil, fmt.Errorf("open profile %s: %w", name, err)
	}
	return files, nil
}

// Load reads a profile that comes with Surety. Errors: Problems; another when
// there is no such profile.
func Load(name string) (Profile, error) {
	files, err := folder(name)
	if err != nil {
		return Profile{}, err
	}
	return Read(name, files)
}

// Read reads a profile from any folder. Its error is of type Problems and
// names everything that is wrong in all of its files.
func Read(name string, folder fs.FS) (Profile, error) {
	p := Profile{Name: name}
	var problems Problems
	p.Policy, problems = readPolicy(folder)
	problems = append(problems, p.readSettings(folder)...)
	problems = append(problems, p.readProcedures(folder)...)
	if len(problems) > 0 {
		for i := range problems {
			problems[i].File = path.Join(name, problems[i].File)
		}
		return Profile{}, problems
	}
	return p, nil
}

const (
	settingsFile   = "profile.yaml"
	proceduresFile = "procedures.yaml"
)

// readProcedures takes the sample procedures as they are: whoever imports them
// reads them, under the policy that is in force by then.
func (p *Profile) readProcedures(folder fs.FS) Problems {
	r := newReader(proceduresFile)
	raw, err := readBounded(folder, proceduresFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && len(raw) > maxFile:
		err = fmt.Errorf("the file is larger than %d bytes", maxFile)
	}
	if err != nil {
		r.Report(&strict.Node{}, "", "%v", err)
	}
	p.Procedures = raw
	return r.collected()
}

// readSettings reads profile.yaml into p.
func (p *Profile) readSettings(folder fs.FS) Problems {
	r := newReader(settingsFile)
	raw := r.open(folder, settingsFile)
	if raw == nil {
		return r.collected()
	}
	root := r.Document(raw, maxFile)
	if root == nil {
		return r.collected()
	}
	r.Mapping(root, strict.Fields{
		"languages":       strict.Required(func(n *strict.Node) { p.Languages = r.languages(n) }),
		"time_zone":       strict.Required(func(n *strict.Node) { p.TimeZone = r.timeZone(n) }),
		"min_age_account": strict.Required(func(n *strict.Node) { p.MinAgeAccount = r.number(n, 0, 21) }),
		"terms":           strict.Required(func(n *strict.Node) { p.Terms = r.terms(n) }),
		"trust_framework": strict.Required(func(n *strict.Node) { p.TrustFramework = r.framework(n) }),
		"phone": strict.Required(func(n *strict.Node) {
			r.Mapping(n, strict.Fields{
				"region":    strict.Required(func(n *strict.Node) { p.Contacts.Region = r.region(n) }),
				"countries": strict.Required(func(n *strict.Node) { p.Contacts.Countries = r.countries(n) }),
			})
		}),
		"accent": strict.Required(func(n *strict.Node) {
			r.Mapping(n, strict.Fields{
				"light": strict.Required(func(n *strict.Node) { p.Accent.Light = r.colour(n) }),
				"dark":  strict.Required(func(n *strict.Node) { p.Accent.Dark = r.colour(n) }),
			})
		}),
	})
	return r.collected()
}

// languages reads a list of tags in their one right spelling: they are cookie
// values, file names and claims, and are compared as text.
func (r reader) languages(n *strict.Node) []string {
	var tags []string
	r.List(n, maxList, func(_ int, n *strict.Node) {
		value := r.Text(n, maxText)
		tag, err := language.Parse(value)
		switch {
		case err != nil || tag.String() != value:
			r.Report(n, "for example be, uk or en", "%q is not a language tag (BCP 47)", value)
		case slices.Contains(tags, value):
			r.Report(n, "", "language %q appears twice", value)
		}
		tags = append(tags, value)
	})
	if n.Kind == yaml.SequenceNode && len(tags) == 0 {
		r.Report(n, "", "there is no language")
	}
	return tags
}

func (r reader) timeZone(n *strict.Node) *time.Location {
	value := r.Text(n, maxText)
	zone, err := time.LoadLocation(value)
	// "" and "Local" are what the machine happens to be set to.
	if value == "" || value == "Local" || err != nil {
		r.Report(n, "for example Europe/Minsk", "%q is not a time zone", value)
		return time.UTC
	}
	return zone
}

func (r reader) terms(n *strict.Node) consent.Terms {
	terms := consent.Terms{Version: r.Text(n, maxText)}
	if !terms.Valid() {
		r.Report(n, "the day from which they hold, for example 2026-05-01", "%q is not a version of the terms", terms.Version)
	}
	return terms
}

var framework = regexp.MustCompile(`^[a-z][a-z0-9_]{1,59}$`)

func (r reader) framework(n *strict.Node) string {
	value := r.Text(n, maxText)
	if value != "" && !framework.MatchString(value) {
		r.Report(n, "small letters, digits and underscores, for example surety_demo", "%q is not the name of a trust framework", value)
	}
	return value
}

func (r reader) region(n *strict.Node) string {
	value := r.Text(n, maxText)
	region, err := language.ParseRegion(value)
	if err != nil || region.String() != value || !region.IsCountry() {
		r.Report(n, "two capital letters (ISO 3166-1), for example BY", "%q is not a country", value)
	}
	return value
}

// countries reads the list of countries to which text messages are sent, or
// the word all, for which contact.Rules has no list.
func (r reader) countries(n *strict.Node) []string {
	if n.Kind == yaml.ScalarNode && n.Value == "all" {
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		r.Report(n, "", "this must be a list of countries, or the word all")
		return nil
	}
	var all []string
	r.List(n, maxList, func(_ int, n *strict.Node) { all = append(all, r.region(n)) })
	if n.Kind == yaml.SequenceNode && len(all) == 0 {
		// An empty list would mean all of them further on, the contrary of what it says.
		r.Report(n, "the word all means every country", "there is no country")
	}
	return all
}

var colour = regexp.MustCompile(`^#[0-9a-f]{6}$`)

func (r reader) colour(n *strict.Node) string {
	value := r.Text(n, maxText)
	if !colour.MatchString(value) {
		r.Report(n, `for example "#0b5563", in quotes: else it is a comment`, "%q is not a colour", value)
	}
	return value
}
