package passkey

import (
	"bytes"
	"slices"
	"testing"

	"surety/assurance"
	"surety/idp"
)

func TestAPersonsPasskeyIsReadAsItWasKept(t *testing.T) {
	c := Credential{ID: []byte{1, 2}, Handle: []byte{3}, Data: []byte(`{"count":7}`)}
	f, err := Keep(idp.Factor{Name: "My phone"}, c)
	if err != nil || f.Method != assurance.MethodPasskey || f.Name != "My phone" || !bytes.Equal(f.Key, c.ID) {
		t.Fatalf("%+v, %v", f, err)
	}
	// Nothing proves that the key is in hardware, and nothing says so.
	if slices.Contains(f.AMR, "hwk") || !slices.Contains(f.AMR, "swk") || !slices.Contains(f.AMR, "user") {
		t.Errorf("a use would prove %v", f.AMR)
	}
	got, err := Kept(f)
	if err != nil || !bytes.Equal(got.ID, c.ID) || !bytes.Equal(got.Handle, c.Handle) || !bytes.Equal(got.Data, c.Data) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := Kept(idp.Factor{Secret: []byte("?")}); err == nil {
		t.Error("what is no passkey was read as one")
	}
}
