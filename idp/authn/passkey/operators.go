package passkey

import (
	"time"

	"surety/idp"
)

// Operators is Passkeys in the form in which the use cases of operators want
// it: an operator's id is the user handle, and what a login proves is that
// the operator is there.
type Operators struct {
	*Passkeys
}

// Register makes the options to create a passkey for the operator.
func (o Operators) Register(operator idp.OperatorID, name string) (options, state []byte, err error) {
	return o.Passkeys.Register(User{Handle: []byte(operator), Name: name})
}

// Registered checks the answer and returns the operator's passkey.
// Errors: ErrAnswer.
func (o Operators) Registered(state, answer []byte) (idp.OperatorPasskey, error) {
	c, err := o.Passkeys.Registered(state, answer)
	if err != nil {
		return idp.OperatorPasskey{}, err
	}
	return idp.OperatorPasskey{ID: c.ID, Operator: idp.OperatorID(c.Handle), Data: c.Data}, nil
}

// Asked checks the answer against the passkey it claims to be of.
// Errors: ErrAnswer.
func (o Operators) Asked(state, answer []byte, p idp.OperatorPasskey) (idp.OperatorPasskey, error) {
	c, _, err := o.Passkeys.Asked(time.Time{}, state, answer, Credential{ID: p.ID, Handle: []byte(p.Operator), Data: p.Data})
	if err != nil {
		return p, err
	}
	p.Data = c.Data
	return p, nil
}
