package contact

import "strings"

// LoginKey gives the form that is unique among login names for whatever a
// person typed as theirs: a contact's Key, or, for a name that was made up, its
// letters and digits alone, so that neither case nor a forgotten hyphen matters.
func (r Rules) LoginKey(login string) string {
	if c, err := r.Parse(login); err == nil {
		return c.Key()
	}
	if len(login) > maxInput {
		login = login[:maxInput]
	}
	return "name:" + strings.Map(func(c rune) rune {
		if c == '-' || c == '.' || isPadding(c) {
			return -1
		}
		return c
	}, strings.ToLower(login))
}
