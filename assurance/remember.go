package assurance

import "slices"

// Remember returns the uses of a session with one more, without those that it
// makes needless: of two uses that differ in nothing but their time the
// younger decides everything. A session that lives all day and logs in every
// five minutes so keeps one use a method, and deciding stays cheap. The
// argument is left as it was.
func Remember(uses []Use, u Use) []Use {
	kept := make([]Use, 0, len(uses)+1)
	for _, old := range uses {
		if !u.replaces(old) {
			kept = append(kept, old)
		}
	}
	return append(kept, u)
}

// replaces reports whether whatever old can show, u shows as well.
func (u Use) replaces(old Use) bool {
	return !u.At.Before(old.At) &&
		u.Method == old.Method && u.Channel == old.Channel && u.Issuer == old.Issuer && u.Credential == old.Credential &&
		u.BoundLevel == old.BoundLevel && u.Cap == old.Cap && u.NotBefore.Equal(old.NotBefore) &&
		slices.Equal(u.AMR, old.AMR) && slices.Equal(u.DependsOn, old.DependsOn)
}
