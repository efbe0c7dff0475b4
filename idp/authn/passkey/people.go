package passkey

import (
	"encoding/json"
	"fmt"

	"surety/assurance"
	"surety/idp"
)

// person is what a factor keeps, sealed, of a person's passkey.
type person struct {
	ID     []byte          `json:"id"`
	Handle []byte          `json:"handle"`
	Data   json.RawMessage `json:"data"`
}

// AMR is what a use proves (RFC 8176): a key, not proven to be in hardware,
// and that the person was there.
func AMR() []string { return []string{"swk", "user"} }

// Keep writes a passkey into a factor.
func Keep(f idp.Factor, c Credential) (idp.Factor, error) {
	secret, err := json.Marshal(person{c.ID, c.Handle, c.Data})
	if err != nil {
		return f, fmt.Errorf("keep passkey: %w", err)
	}
	f.Method, f.Key, f.Secret, f.AMR = assurance.MethodPasskey, c.ID, secret, AMR()
	return f, nil
}

// Kept reads the passkey of a factor.
func Kept(f idp.Factor) (Credential, error) {
	var p person
	if err := json.Unmarshal(f.Secret, &p); err != nil {
		return Credential{}, fmt.Errorf("read passkey: %w", err)
	}
	return Credential{ID: p.ID, Handle: p.Handle, Data: p.Data}, nil
}
