package procedure

import (
	"encoding/json"
	"fmt"
	"time"

	"surety/assurance"
	"surety/idp/strict"
)

// What is written is what can be read again: a procedure as JSON is one entry
// of a file, save that it says when it is switched off, which no file may.

// plain is Procedure without its methods.
type plain Procedure

// document is a procedure as JSON. Its own requirement stands before the
// embedded one of the same name.
type document struct {
	plain
	Requirement requirement `json:"requirement"`
	ValidFrom   time.Time   `json:"valid_from,omitzero"`
}

// requirement is assurance.Requirement with max_age as people write it.
type requirement struct {
	assurance.Requirement
	MaxAge string `json:"max_age,omitempty"`
}

// MarshalJSON writes the procedure as it stands in a file.
func (p Procedure) MarshalJSON() ([]byte, error) {
	d := document{plain: plain(p), ValidFrom: p.ValidFrom}
	d.Requirement.Requirement = p.Requirement
	if p.Requirement.MaxAge > 0 {
		d.Requirement.MaxAge = WriteDuration(p.Requirement.MaxAge)
	}
	return json.Marshal(d)
}

// UnmarshalJSON reads what MarshalJSON wrote. It checks nothing: files are
// read by Parse.
func (p *Procedure) UnmarshalJSON(b []byte) error {
	var d document
	if err := json.Unmarshal(b, &d); err != nil {
		return err
	}
	*p = Procedure(d.plain)
	p.Requirement, p.ValidFrom = d.Requirement.Requirement, d.ValidFrom
	if d.Requirement.MaxAge != "" {
		age, err := strict.ParseDuration(d.Requirement.MaxAge)
		if err != nil {
			return fmt.Errorf("max_age of procedure %s: %w", p.Code, err)
		}
		p.Requirement.MaxAge = age
	}
	return nil
}

// WriteDuration writes a time as Parse reads it, in its largest whole unit.
func WriteDuration(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if d >= unit.length && d%unit.length == 0 {
			return fmt.Sprintf("%d%s", d/unit.length, unit.name)
		}
	}
	return d.String()
}
