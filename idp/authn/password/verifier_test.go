package password_test

import (
	"encoding/base64"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/authn/password"
	"surety/idp/keys"
)

func encode(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }

// parts gives salt and hash of a verifier.
func parts(t *testing.T, phc string) (salt, hash []byte) {
	t.Helper()
	fields := strings.Split(phc, "$")
	salt, err := base64.RawStdEncoding.DecodeString(fields[4])
	if err != nil {
		t.Fatal(err)
	}
	hash, err = base64.RawStdEncoding.DecodeString(fields[5])
	if err != nil {
		t.Fatal(err)
	}
	return salt, hash
}

func TestVerifier_RefusesWhatIsNone(t *testing.T) {
	t.Parallel()
	h := newHasher(t, keys.NewRing())
	salt, sum := encode(make([]byte, 16)), encode(make([]byte, 32))
	for name, phc := range map[string]string{
		"other text":         "password",
		"bcrypt":             "$2a$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
		"argon2i":            "$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + sum,
		"old version":        "$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + sum,
		"no version":         "$argon2id$m=19456,t=2,p=1$" + salt + "$" + sum,
		"other order":        "$argon2id$v=19$t=2,m=19456,p=1$" + salt + "$" + sum,
		"a gigabyte":         "$argon2id$v=19$m=1048576,t=2,p=1$" + salt + "$" + sum,
		"a thousand passes":  "$argon2id$v=19$m=19456,t=1000,p=1$" + salt + "$" + sum,
		"no passes":          "$argon2id$v=19$m=19456,t=0,p=1$" + salt + "$" + sum,
		"300 lanes":          "$argon2id$v=19$m=19456,t=2,p=300$" + salt + "$" + sum,
		"less than 8 a lane": "$argon2id$v=19$m=15,t=2,p=2$" + salt + "$" + sum,
		"negative":           "$argon2id$v=19$m=-1,t=2,p=1$" + salt + "$" + sum,
		"leading zero":       "$argon2id$v=19$m=019456,t=2,p=1$" + salt + "$" + sum,
		"empty key id":       "$argon2id$v=19$m=19456,t=2,p=1,keyid=$" + salt + "$" + sum,
		"unknown parameter":  "$argon2id$v=19$m=19456,t=2,p=1,data=x$" + salt + "$" + sum,
		"no hash":            "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$",
		"no salt":            "$argon2id$v=19$m=19456,t=2,p=1$$" + sum,
		"padded":             "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "==$" + sum,
		"long":               "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + strings.Repeat("A", 600),
		"one part more":      "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + sum + "$",
	} {
		_, err := h.Verify(t.Context(), now, "s", good, idp.Credential{ID: "row", Verifier: phc})
		if err == nil || errors.Is(err, password.ErrWrong) || idp.CodeOf(err) != "" {
			t.Errorf("%s: %v, want an internal error", name, err)
		}
		if err != nil && strings.Contains(err.Error(), salt) {
			t.Errorf("%s: the error holds the verifier", name)
		}
		if !h.NeedsRehash(phc) {
			t.Errorf("%s: is taken for ours", name)
		}
	}
}

// argon.go calls into x/crypto by name. Raising its version is fine, after
// looking whether argon2.deriveKey still does what (*arena).key does.
func TestCryptoVersionWasLookedAt(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "golang.org/x/crypto v0.58.0 ") && !strings.Contains(string(text), "golang.org/x/crypto v0.58.0\n") {
		t.Error("golang.org/x/crypto is not the version that argon.go was written for")
	}
}

func FuzzVerifier(f *testing.F) {
	h, err := password.New(password.Config{}, keys.NewRing(), time.Now)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("$argon2id$v=19$m=19456,t=2,p=1,keyid=1f2e3d4c$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg")
	f.Add("$argon2id$v=19$m=,t=,p=$$")
	f.Fuzz(func(t *testing.T, phc string) { _ = h.NeedsRehash(phc) })
}
