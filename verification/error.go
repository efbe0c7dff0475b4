package verification

// Error says what is wrong with something that a person stated. It has a code
// and a text key for the person, and never holds what they typed.
type Error struct {
	Code  string         // "invalid"; the codes are those of every edge
	Key   string         // text key
	Args  map[string]any // values for the text
	Field string         // the claim that it is about, which is also the form's field
}

// invalid blames a field.
func invalid(field, key string) *Error {
	return &Error{Code: "invalid", Key: key, Field: field}
}

// Error gives the operator's face.
func (e *Error) Error() string { return e.Code + " " + e.Field + " (" + e.Key + ")" }

// ErrorCode returns the code as text.
func (e *Error) ErrorCode() string { return e.Code }

// MessageKey returns the text key for the person.
func (e *Error) MessageKey() string { return e.Key }

// MessageArgs returns the values for the text.
func (e *Error) MessageArgs() map[string]any { return e.Args }

// ErrorField returns the name of the form field at fault.
func (e *Error) ErrorField() string { return e.Field }
