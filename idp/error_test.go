package idp_test

import (
	"errors"
	"fmt"
	"testing"

	"surety/idp"
)

// TestError_IsWhatItSays: a copy with a cause, a field or values is still the
// error that was declared, also when wrapped; another text is another error.
func TestError_IsWhatItSays(t *testing.T) {
	t.Parallel()
	declared := idp.E(idp.CodeForbidden, "error.session.nobody")
	for name, err := range map[string]error{
		"itself": declared, "with a cause": declared.Because(errors.New("no row")), "with a field": declared.In("code"),
		"with a value": declared.With("wait", 1), "wrapped": fmt.Errorf("show methods: %w", declared.Because(errors.New("no row"))),
	} {
		if !errors.Is(err, declared) {
			t.Errorf("%s: is not what was declared", name)
		}
	}
	for name, err := range map[string]error{
		"another text": idp.E(idp.CodeForbidden, "error.session.ended"), "another code": idp.E(idp.CodeConflict, "error.session.nobody"),
		"another kind": errors.New("error.session.nobody"),
	} {
		if errors.Is(err, declared) || errors.Is(declared, err) {
			t.Errorf("%s: passes for what was declared", name)
		}
	}
}
