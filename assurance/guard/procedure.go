package guard

import (
	"bytes"

	"github.com/go-jose/go-jose/v4/json"
)

// Bounds of authorization_details (RFC 9396) in a token. Surety grants ten
// procedures at most.
const (
	maxDetails = 8 << 10 // bytes
	maxEntries = 64
	maxCode    = 256 // bytes of a code or an agency
)

// Procedure is a public service that a token was granted for.
type Procedure struct {
	Agency string `json:"agency,omitempty"` // whose it is; codes are each agency's own
	Code   string `json:"code"`
}

// grantedProcedures reads authorization_details. Entries of other types are for
// other readers. An entry with a member that is not known here counts for
// nothing: it may narrow what was granted in a way that would be overlooked.
// What is not a list of objects, or not bounded, makes the token malformed.
func grantedProcedures(text json.RawMessage) (all []Procedure, ok bool) {
	if len(text) == 0 {
		return nil, true
	}
	if len(text) > maxDetails || !bytes.HasPrefix(text, []byte{'['}) {
		return nil, false
	}
	var entries []map[string]json.RawMessage
	if err := json.Unmarshal(text, &entries); err != nil || len(entries) > maxEntries {
		return nil, false
	}
	for _, entry := range entries {
		kind, ok := word(entry["type"])
		if !ok {
			return nil, false
		}
		if kind != "procedure" {
			continue
		}
		p, understood, ok := procedureOf(entry)
		if !ok {
			return nil, false
		}
		if understood {
			all = append(all, p)
		}
	}
	return all, true
}

// procedureOf reads an entry of type procedure.
func procedureOf(entry map[string]json.RawMessage) (p Procedure, understood, ok bool) {
	understood = true
	for name, value := range entry {
		switch name {
		case "type":
		case "code":
			if p.Code, ok = word(value); !ok {
				return Procedure{}, false, false
			}
		case "agency":
			if p.Agency, ok = word(value); !ok {
				return Procedure{}, false, false
			}
		default:
			understood = false
		}
	}
	return p, understood, p.Code != ""
}

// word reads a string that is not empty.
func word(text json.RawMessage) (string, bool) {
	var value string
	if !bytes.HasPrefix(text, []byte{'"'}) || len(text) > maxCode+2 || json.Unmarshal(text, &value) != nil {
		return "", false
	}
	return value, value != ""
}
