package authenticator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// Flags of the authenticator data (WebAuthn, section 6.1).
const (
	flagPresent  = 1 << 0
	flagVerified = 1 << 2
	flagMayCopy  = 1 << 3
	flagCopied   = 1 << 4
	flagKey      = 1 << 6
)

// Device is a browser with an authenticator. Change its fields between two
// answers to make it lie. It is not safe for concurrent use.
type Device struct {
	Origin     string // of the page that the browser shows
	RPID       string // signed for; empty: as the options say
	Type       string // of the ceremony; empty: the right one
	Challenge  string // empty: as the options say
	Unverified bool   // the person did not show who they are
	Absent     bool   // the person did not touch it
	Synced     bool   // the key is copied to other devices
	Counts     bool   // it counts its signatures
	Embedded   bool   // the page is a frame in another site

	Passkeys []*Passkey // the last made is used
}

// Passkey is one key pair of a device.
type Passkey struct {
	ID     []byte
	Handle []byte // of the user it was made for
	RPID   string
	Count  uint32
	Key    *ecdsa.PrivateKey
}

// New returns a device in good order whose browser shows a page of origin.
func New(origin string) *Device { return &Device{Origin: origin} }

// ErrNone says that the device has no passkey for the site.
var ErrNone = errors.New("authenticator: no passkey")

// ErrKnown says that the device has one of the passkeys that are excluded.
var ErrKnown = errors.New("authenticator: the passkey is known")

type options struct {
	PublicKey struct {
		Challenge string `json:"challenge"`
		RPID      string `json:"rpId"`
		RP        struct {
			ID string `json:"id"`
		} `json:"rp"`
		User struct {
			ID string `json:"id"`
		} `json:"user"`
		Parameters []struct {
			Alg int `json:"alg"`
		} `json:"pubKeyCredParams"`
		Exclude []struct {
			ID string `json:"id"`
		} `json:"excludeCredentials"`
	} `json:"publicKey"`
}

var b64 = base64.RawURLEncoding

// Create answers options to create a passkey, in the JSON of the page's script.
func (d *Device) Create(optionsText []byte) ([]byte, error) {
	var o options
	if err := json.Unmarshal(optionsText, &o); err != nil {
		return nil, fmt.Errorf("authenticator: %w", err)
	}
	for _, excluded := range o.PublicKey.Exclude {
		for _, p := range d.Passkeys {
			if b64.EncodeToString(p.ID) == excluded.ID {
				return nil, ErrKnown
			}
		}
	}
	handle, err := b64.DecodeString(o.PublicKey.User.ID)
	if err != nil {
		return nil, fmt.Errorf("authenticator: user id: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	p := &Passkey{ID: make([]byte, 32), Handle: handle, RPID: or(d.RPID, o.PublicKey.RP.ID), Key: key}
	_, _ = rand.Read(p.ID)
	d.Passkeys = append(d.Passkeys, p)

	public, err := cosePublicKey(key)
	if err != nil {
		return nil, err
	}
	data := d.authData(p, flagKey)
	data = append(data, make([]byte, 16)...) // AAGUID: says nothing
	data = binary.BigEndian.AppendUint16(data, uint16(len(p.ID)))
	data = append(append(data, p.ID...), public...)
	attestation := cborMap(3,
		cborText("fmt"), cborText("none"), cborText("attStmt"), cborMap(0), cborText("authData"), cborBytes(data))
	return d.answer(p, map[string]string{
		"clientDataJSON":    b64.EncodeToString(d.clientData("webauthn.create", o.PublicKey.Challenge)),
		"attestationObject": b64.EncodeToString(attestation),
	})
}

// Get answers options to log in, with the passkey made last for the site.
func (d *Device) Get(optionsText []byte) ([]byte, error) {
	var o options
	if err := json.Unmarshal(optionsText, &o); err != nil {
		return nil, fmt.Errorf("authenticator: %w", err)
	}
	for i := len(d.Passkeys) - 1; i >= 0; i-- {
		if p := d.Passkeys[i]; p.RPID == o.PublicKey.RPID {
			return d.assert(p, o.PublicKey.Challenge)
		}
	}
	return nil, ErrNone
}

func (d *Device) assert(p *Passkey, challenge string) ([]byte, error) {
	if d.Counts {
		p.Count++
	}
	data, client := d.authData(p, 0), d.clientData("webauthn.get", challenge)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, p.Key, digest[:])
	if err != nil {
		return nil, err
	}
	return d.answer(p, map[string]string{
		"clientDataJSON":    b64.EncodeToString(client),
		"authenticatorData": b64.EncodeToString(data),
		"signature":         b64.EncodeToString(signature),
		"userHandle":        b64.EncodeToString(p.Handle),
	})
}

func (d *Device) answer(p *Passkey, response map[string]string) ([]byte, error) {
	return json.Marshal(map[string]any{
		"id": b64.EncodeToString(p.ID), "rawId": b64.EncodeToString(p.ID), "type": "public-key",
		"response": response, "clientExtensionResults": map[string]any{},
	})
}

// authData is the authenticator data without what flags announce.
func (d *Device) authData(p *Passkey, flags byte) []byte {
	if !d.Absent {
		flags |= flagPresent
	}
	if !d.Unverified {
		flags |= flagVerified
	}
	if d.Synced {
		flags |= flagMayCopy | flagCopied
	}
	site := sha256.Sum256([]byte(or(d.RPID, p.RPID)))
	return binary.BigEndian.AppendUint32(append(site[:], flags), p.Count)
}

func (d *Device) clientData(kind, challenge string) []byte {
	text, err := json.Marshal(struct {
		Type        string `json:"type"`
		Challenge   string `json:"challenge"`
		Origin      string `json:"origin"`
		CrossOrigin bool   `json:"crossOrigin"`
	}{or(d.Type, kind), or(d.Challenge, challenge), d.Origin, d.Embedded})
	if err != nil {
		panic(err) // strings always marshal
	}
	return text
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
