package passkey_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/authn/passkey"
	"surety/idp/idptest/authenticator"
)

const origin = "https://id.example"

var (
	now  = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	anna = passkey.User{Handle: []byte("0193f6e2-anna"), Name: "Ганна Каваленка"}
)

func newPasskeys(t testing.TB, issuer string) *passkey.Passkeys {
	t.Helper()
	p, err := passkey.New(passkey.Config{Issuer: issuer, Name: "Surety"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// question is options and state of one ceremony.
type question struct{ options, state []byte }

func register(t testing.TB, p *passkey.Passkeys, u passkey.User) question {
	t.Helper()
	options, state, err := p.Register(u)
	if err != nil {
		t.Fatal(err)
	}
	return question{options, state}
}

func ask(t testing.TB, p *passkey.Passkeys) question {
	t.Helper()
	options, state, err := p.Ask()
	if err != nil {
		t.Fatal(err)
	}
	return question{options, state}
}

func create(t testing.TB, d *authenticator.Device, q question) []byte {
	t.Helper()
	answer, err := d.Create(q.options)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func get(t testing.TB, d *authenticator.Device, q question) []byte {
	t.Helper()
	answer, err := d.Get(q.options)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// enrolled registers a passkey of the device for anna.
func enrolled(t testing.TB, p *passkey.Passkeys, d *authenticator.Device) passkey.Credential {
	t.Helper()
	q := register(t, p, anna)
	c, err := p.Registered(q.state, create(t, d, q))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func refused(t *testing.T, what string, err error) {
	t.Helper()
	var e *idp.Error
	if !errors.As(err, &e) || e.Key != passkey.ErrAnswer.Key || e.Code != idp.CodeInvalid || e.Cause == nil {
		t.Errorf("%s: %v, want refused with a reason for the log", what, err)
	}
}

func TestPasskey_RegisterAndLogIn(t *testing.T) {
	t.Parallel()
	for name, issuer := range map[string]string{"site": origin, "sandbox": "http://localhost:8080", "port and path": "https://id.example:8443/tenant"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPasskeys(t, issuer)
			device := authenticator.New(strings.TrimSuffix(issuer, "/tenant"))
			c := enrolled(t, p, device)
			if !bytes.Equal(c.ID, device.Passkeys[0].ID) || !bytes.Equal(c.Handle, anna.Handle) {
				t.Errorf("credential %+v", c)
			}
			for range 3 {
				q := ask(t, p)
				answer := get(t, device, q)
				id, err := p.CredentialID(answer)
				if err != nil || !bytes.Equal(id, c.ID) {
					t.Fatalf("claims to be %x, %v", id, err)
				}
				var use assurance.Use
				if c, use, err = p.Asked(now, q.state, answer, c); err != nil {
					t.Fatal(err)
				}
				if use.Method != assurance.MethodPasskey || !use.At.Equal(now) || !slices.Equal(use.AMR, []string{"swk", "user"}) {
					t.Errorf("use %+v", use)
				}
			}
		})
	}
}

func TestPasskey_Options(t *testing.T) {
	t.Parallel()
	p := newPasskeys(t, origin)
	var made struct {
		PublicKey struct {
			RP                     struct{ ID, Name string }
			User                   struct{ ID, Name string }
			AuthenticatorSelection struct{ ResidentKey, UserVerification string }
			Attestation            string
			Challenge              string
			PubKeyCredParams       []struct{ Alg int }
			ExcludeCredentials     []struct{ ID, Type string }
		}
	}
	device := authenticator.New(origin)
	c := enrolled(t, p, device)
	q := register(t, p, passkey.User{Handle: anna.Handle, Name: anna.Name, Have: [][]byte{c.ID}})
	if err := json.Unmarshal(q.options, &made); err != nil {
		t.Fatal(err)
	}
	o := made.PublicKey
	if o.RP.ID != "id.example" || o.User.ID != base64.RawURLEncoding.EncodeToString(anna.Handle) ||
		o.AuthenticatorSelection.ResidentKey != "required" || o.AuthenticatorSelection.UserVerification != "required" ||
		(o.Attestation != "" && o.Attestation != "none") || len(o.Challenge) < 22 || o.PubKeyCredParams[0].Alg != -7 {
		t.Errorf("options %s", q.options)
	}
	if len(o.ExcludeCredentials) != 1 || o.ExcludeCredentials[0].ID != base64.RawURLEncoding.EncodeToString(c.ID) {
		t.Errorf("a device that is known could be added again: %s", q.options)
	}
	if _, err := device.Create(q.options); !errors.Is(err, authenticator.ErrKnown) {
		t.Errorf("the known device: %v", err)
	}
	// Whoever asks to log in must not learn who has passkeys.
	if text := string(ask(t, p).options); strings.Contains(text, "allowCredentials") || !strings.Contains(text, `"userVerification":"required"`) {
		t.Errorf("options %s", text)
	}
	if bytes.Equal(ask(t, p).state, ask(t, p).state) {
		t.Error("the same challenge twice")
	}
}

func TestPasskey_RegistrationAttacks(t *testing.T) {
	t.Parallel()
	p := newPasskeys(t, origin)
	for name, device := range map[string]*authenticator.Device{
		"other site":        {Origin: "https://evil.example"},
		"sub-site":          {Origin: "https://a.id.example"},
		"plain http":        {Origin: "http://id.example"},
		"other port":        {Origin: "https://id.example:444"},
		"for another site":  {Origin: origin, RPID: "evil.example"},
		"in a frame":        {Origin: origin, Embedded: true},
		"not verified":      {Origin: origin, Unverified: true},
		"nobody there":      {Origin: origin, Absent: true},
		"log-in's answer":   {Origin: origin, Type: "webauthn.get"},
		"other challenge":   {Origin: origin, Challenge: base64.RawURLEncoding.EncodeToString(make([]byte, 32))},
		"unknown ceremony":  {Origin: origin, Type: "payment.get"},
		"empty-ish challen": {Origin: origin, Challenge: "A"},
	} {
		q := register(t, p, anna)
		_, err := p.Registered(q.state, create(t, device, q))
		refused(t, name, err)
	}
	good := authenticator.New(origin)
	q := register(t, p, anna)
	answer := create(t, good, q)
	_, err := p.Registered(register(t, p, anna).state, answer)
	refused(t, "answer to another question", err)
	for name, text := range map[string]string{
		"empty": "", "not JSON": "credential", "null": "null", "nothing in it": "{}", "array": "[]",
		"cut":            string(answer[:len(answer)/2]),
		"oversize":       string(answer) + strings.Repeat(" ", passkey.MaxAnswer),
		"log-in answer":  string(get(t, good, ask(t, p))),
		"broken base64":  strings.Replace(string(answer), `"attestationObject":"`, `"attestationObject":"!`, 1),
		"broken CBOR":    strings.Replace(string(answer), `"attestationObject":"o2`, `"attestationObject":"o_`, 1),
		"deep CBOR":      strings.Replace(string(answer), `"attestationObject":"`, `"attestationObject":"`+strings.Repeat("gYGB", 400), 1),
		"different raw":  strings.Replace(string(answer), `"rawId":"`, `"rawId":"AAAA`, 1),
		"different type": strings.Replace(string(answer), `"public-key"`, `"password"`, 1),
	} {
		_, err := p.Registered(q.state, []byte(text))
		refused(t, name, err)
	}
	if _, err := p.Registered(q.state, answer); err != nil {
		t.Errorf("the good answer: %v", err)
	}
}

func TestPasskey_LogInAttacks(t *testing.T) {
	t.Parallel()
	p := newPasskeys(t, origin)
	device := authenticator.New(origin)
	c := enrolled(t, p, device)
	stranger := authenticator.New(origin)
	other := enrolled(t, p, stranger)

	for name, lie := range map[string]func(d *authenticator.Device){
		"other site":            func(d *authenticator.Device) { d.Origin = "https://id.example.evil.example" },
		"look-alike":            func(d *authenticator.Device) { d.Origin = "https://ıd.example" },
		"in a frame":            func(d *authenticator.Device) { d.Embedded = true },
		"not verified":          func(d *authenticator.Device) { d.Unverified = true },
		"nobody there":          func(d *authenticator.Device) { d.Absent = true },
		"for another site":      func(d *authenticator.Device) { d.RPID = "evil.example" },
		"registration's answer": func(d *authenticator.Device) { d.Type = "webauthn.create" },
		"other challenge": func(d *authenticator.Device) {
			d.Challenge = base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32))
		},
		"now it is copied":  func(d *authenticator.Device) { d.Synced = true },
		"no handle":         func(d *authenticator.Device) { d.Passkeys[0].Handle = nil },
		"another's handle":  func(d *authenticator.Device) { d.Passkeys[0].Handle = []byte("ivan") },
		"another's key":     func(d *authenticator.Device) { d.Passkeys[0].Key = stranger.Passkeys[0].Key },
		"another's passkey": func(d *authenticator.Device) { d.Passkeys[0].ID = other.ID },
	} {
		liar := *device
		key := *device.Passkeys[0]
		liar.Passkeys = []*authenticator.Passkey{&key}
		lie(&liar)
		q := ask(t, p)
		after, use, err := p.Asked(now, q.state, get(t, &liar, q), c)
		refused(t, name, err)
		if use.AMR != nil || !bytes.Equal(after.Data, c.Data) {
			t.Errorf("%s: proved %+v, or changed the passkey", name, use)
		}
	}
	q := ask(t, p)
	answer := get(t, device, q)
	_, _, err := p.Asked(now, ask(t, p).state, answer, c)
	refused(t, "answer to another question", err)
	_, _, err = p.Asked(now, q.state, answer, other)
	refused(t, "checked against another's passkey", err)
	for name, text := range map[string]string{
		"empty": "", "null": "null", "nothing in it": "{}",
		"oversize":          string(answer) + strings.Repeat(" ", passkey.MaxAnswer),
		"cut":               string(answer[:len(answer)-9]),
		"changed signature": strings.Replace(string(answer), `"signature":"M`, `"signature":"N`, 1),
		"no signature":      strings.Replace(string(answer), `"signature"`, `"signed"`, 1),
		"registration":      string(create(t, authenticator.New(origin), register(t, p, anna))),
	} {
		_, _, err := p.Asked(now, q.state, []byte(text), c)
		refused(t, name, err)
	}
	if _, _, err := p.Asked(now, q.state, answer, c); err != nil {
		t.Errorf("the good answer: %v", err)
	}
}

// A copy of a key that counts gives itself away as soon as both are used.
func TestPasskey_CopiedKeyIsRefused(t *testing.T) {
	t.Parallel()
	p := newPasskeys(t, origin)
	device := authenticator.New(origin)
	device.Counts = true
	c := enrolled(t, p, device)
	copied := *device.Passkeys[0]
	logIn := func(d *authenticator.Device) error {
		q := ask(t, p)
		var err error
		var after passkey.Credential
		if after, _, err = p.Asked(now, q.state, get(t, d, q), c); err == nil {
			c = after
		}
		return err
	}
	for range 3 {
		if err := logIn(device); err != nil {
			t.Fatal(err)
		}
	}
	thief := *device
	thief.Passkeys = []*authenticator.Passkey{&copied}
	refused(t, "the copy", logIn(&thief))
}

// State is for the ceremony it was made for, or a page for everybody could be
// used to answer for an invitation.
func TestPasskey_StateIsNotExchangeable(t *testing.T) {
	t.Parallel()
	p := newPasskeys(t, origin)
	device := authenticator.New(origin)
	c := enrolled(t, p, device)
	reg, in := register(t, p, anna), ask(t, p)
	if _, err := p.Registered(in.state, create(t, authenticator.New(origin), reg)); err == nil || idp.CodeOf(err) != "" {
		t.Errorf("registered with a log-in's state: %v", err)
	}
	if _, _, err := p.Asked(now, reg.state, get(t, device, in), c); err == nil || idp.CodeOf(err) != "" {
		t.Errorf("logged in with a registration's state: %v", err)
	}
	weak := bytes.Replace(in.state, []byte(`"userVerification":"required"`), []byte(`"userVerification":"discouraged"`), 1)
	if _, _, err := p.Asked(now, weak, get(t, device, in), c); err == nil {
		t.Error("a state that asks for less was accepted")
	}
	for _, broken := range []string{"", "{}", "null", "state"} {
		if _, _, err := p.Asked(now, []byte(broken), get(t, device, in), c); err == nil {
			t.Errorf("state %q was accepted", broken)
		}
	}
}

func TestPasskey_SyncedKeys(t *testing.T) {
	t.Parallel()
	p := newPasskeys(t, origin)
	device := &authenticator.Device{Origin: origin, Synced: true}
	c := enrolled(t, p, device)
	q := ask(t, p)
	if _, _, err := p.Asked(now, q.state, get(t, device, q), c); err != nil {
		t.Fatal(err)
	}
}

func TestNew_RefusesIssuersWithoutAName(t *testing.T) {
	t.Parallel()
	for _, issuer := range []string{"", "id.example", "http://127.0.0.1:8080", "http://[::1]:8080", "://"} {
		if _, err := passkey.New(passkey.Config{Issuer: issuer, Name: "Surety"}); err == nil {
			t.Errorf("%q was accepted", issuer)
		}
	}
}

func TestOperators(t *testing.T) {
	t.Parallel()
	operators := passkey.Operators{Passkeys: newPasskeys(t, origin)}
	device := authenticator.New(origin)
	options, state, err := operators.Register("0193f6e2-0000-7000-8000-000000000001", "Operator")
	if err != nil {
		t.Fatal(err)
	}
	key, err := operators.Registered(state, create(t, device, question{options, state}))
	if err != nil || key.Operator != "0193f6e2-0000-7000-8000-000000000001" {
		t.Fatalf("%+v, %v", key, err)
	}
	if options, state, err = operators.Ask(); err != nil {
		t.Fatal(err)
	}
	answer := get(t, device, question{options, state})
	if _, err := operators.Asked(state, answer, key); err != nil {
		t.Fatal(err)
	}
	key.Operator = "0193f6e2-0000-7000-8000-000000000002"
	_, err = operators.Asked(state, answer, key)
	refused(t, "another operator's passkey", err)
}

func FuzzRegistered(f *testing.F) {
	p := newPasskeys(f, origin)
	q := register(f, p, anna)
	f.Add(create(f, authenticator.New(origin), q))
	f.Add([]byte(`{"id":"AA","rawId":"AA","type":"public-key","response":{}}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		if _, err := p.Registered(q.state, answer); err != nil && idp.CodeOf(err) != idp.CodeInvalid {
			t.Fatal(err)
		}
	})
}

func FuzzAsked(f *testing.F) {
	p := newPasskeys(f, origin)
	device := authenticator.New(origin)
	c := enrolled(f, p, device)
	q := ask(f, p)
	f.Add(get(f, device, q))
	f.Fuzz(func(t *testing.T, answer []byte) {
		_, _ = p.CredentialID(answer)
		if _, _, err := p.Asked(now, q.state, answer, c); err != nil && idp.CodeOf(err) != idp.CodeInvalid {
			t.Fatal(err)
		}
	})
}
