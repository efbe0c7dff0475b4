package consent

import "time"

// Terms are the terms of use of an installation. Their version is the day from
// which they hold, for example "2026-05-01".
type Terms struct {
	Version string
}

// Valid reports whether the version is a day.
func (t Terms) Valid() bool {
	_, err := time.Parse(time.DateOnly, t.Version)
	return err == nil
}

// AcceptedBy reports whether somebody who accepted that version need not be
// asked. Later terms cover earlier ones: while a new version is being rolled
// out, a person who accepted it on one machine is not asked for the old one by
// the next. Terms that are not valid are accepted only to the letter.
func (t Terms) AcceptedBy(version string) bool {
	accepted := Terms{Version: version}
	return version == t.Version || (t.Valid() && accepted.Valid() && version > t.Version)
}
