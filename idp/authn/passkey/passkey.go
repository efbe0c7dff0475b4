package passkey

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"surety/assurance"
	"surety/idp"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// ErrAnswer says that the answer of a passkey proves nothing; the cause, for
// the log, says why.
var ErrAnswer = idp.E(idp.CodeInvalid, "error.passkey.answer")

// MaxAnswer bounds an answer, in bytes.
const MaxAnswer = 32 << 10

// timeout is what browsers are told; the caller has the last word.
const timeout = 5 * time.Minute

// Config says who asks.
type Config struct {
	Issuer string // its host is the relying party, its origin the only one
	Name   string // shown by some browsers
}

// Passkeys makes questions and checks answers. It is safe for concurrent use.
type Passkeys struct {
	library *webauthn.WebAuthn
}

// New returns the passkeys of an issuer. It fails for an issuer whose host is
// an address: browsers give passkeys to names only.
func New(c Config) (*Passkeys, error) {
	issuer, err := url.Parse(c.Issuer)
	if err != nil || issuer.Host == "" {
		return nil, fmt.Errorf("passkeys: issuer %q is no address of a site", c.Issuer)
	}
	if net.ParseIP(issuer.Hostname()) != nil {
		return nil, fmt.Errorf("passkeys: the issuer's host %s is not a name", issuer.Hostname())
	}
	limits := webauthn.TimeoutConfig{Timeout: timeout}
	library, err := webauthn.New(&webauthn.Config{
		RPID:          issuer.Hostname(),
		RPDisplayName: c.Name,
		RPOrigins:     []string{issuer.Scheme + "://" + issuer.Host},
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey:        protocol.ResidentKeyRequirementRequired,
			RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification:   protocol.VerificationRequired,
		},
		AttestationPreference: protocol.PreferNoAttestation,
		Timeouts:              webauthn.TimeoutsConfig{Login: limits, Registration: limits},
		// Some password managers send what nobody asked for. None of it is read.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	return &Passkeys{library}, nil
}

// User is who will own a passkey.
type User struct {
	// Handle comes back with every answer. It is at most 64 bytes and says
	// nothing about the person: authenticators give it away without asking.
	Handle []byte
	Name   string   // shown where passkeys are chosen
	Have   [][]byte // ids of the passkeys the user has: the same device is not asked twice
}

// Credential is a passkey as its owner's row keeps it.
type Credential struct {
	ID     []byte
	Handle []byte // of its user
	Data   []byte // JSON; changes with each use
}

// record is what Data holds: no more than the next answer needs.
type record struct {
	PublicKey []byte `json:"public_key"` // COSE
	Count     uint32 `json:"count"`      // signatures so far; 0: the authenticator does not count
	Synced    bool   `json:"synced"`     // may be copied to other devices; never changes
}

// ceremony keeps an answer to one kind of question from passing for the other.
type ceremony string

const (
	registering ceremony = "register"
	loggingIn   ceremony = "log in"
)

// state is what the check of an answer needs.
type state struct {
	Ceremony ceremony             `json:"ceremony"`
	Session  webauthn.SessionData `json:"session"`
}

// Register makes the options to create a passkey (JSON with the member
// publicKey) and the state to check the answer with.
func (p *Passkeys) Register(u User) (options, stateText []byte, err error) {
	var exclude []protocol.CredentialDescriptor
	for _, id := range u.Have {
		exclude = append(exclude, protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: id})
	}
	creation, session, err := p.library.BeginRegistration(owner{handle: u.Handle, name: u.Name}, webauthn.WithExclusions(exclude))
	if err != nil {
		return nil, nil, fmt.Errorf("make passkey options: %w", err)
	}
	return question(creation, registering, session)
}

// Registered checks the answer to Register and returns the new passkey.
//
// Errors: ErrAnswer; internal for a state that Register did not make.
func (p *Passkeys) Registered(stateText, answer []byte) (Credential, error) {
	session, err := readState(stateText, registering)
	if err != nil {
		return Credential{}, err
	}
	if len(answer) > MaxAnswer {
		return Credential{}, ErrAnswer.Because(errTooLong)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Credential{}, refused(err)
	}
	made, err := p.library.CreateCredential(owner{handle: session.UserID}, session, parsed)
	if err != nil {
		return Credential{}, refused(err)
	}
	data, err := json.Marshal(record{made.PublicKey, made.Authenticator.SignCount, made.Flags.BackupEligible})
	if err != nil {
		return Credential{}, fmt.Errorf("keep passkey: %w", err)
	}
	return Credential{ID: made.ID, Handle: session.UserID, Data: data}, nil
}

// Ask makes the options to log in with any passkey of ours, and the state to
// check the answer with. It does not say whose: whoever asks learns nothing.
func (p *Passkeys) Ask() (options, stateText []byte, err error) {
	assertion, session, err := p.library.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, nil, fmt.Errorf("make passkey options: %w", err)
	}
	return question(assertion, loggingIn, session)
}

// CredentialID reads which passkey an answer claims to be of. Nothing is
// checked yet: it is only for loading the passkey that Asked needs.
//
// Errors: ErrAnswer.
func (p *Passkeys) CredentialID(answer []byte) ([]byte, error) {
	parsed, err := parseAssertion(answer)
	if err != nil {
		return nil, err
	}
	return parsed.RawID, nil
}

// Asked checks the answer to Ask against the passkey it claims to be of. It
// returns the passkey as it is to be kept now, and what was proven.
//
// Errors: ErrAnswer; internal for a state or passkey that is not ours.
func (p *Passkeys) Asked(now time.Time, stateText, answer []byte, c Credential) (Credential, assurance.Use, error) {
	session, err := readState(stateText, loggingIn)
	if err != nil {
		return c, assurance.Use{}, err
	}
	parsed, err := parseAssertion(answer)
	if err != nil {
		return c, assurance.Use{}, err
	}
	var kept record
	if err := json.Unmarshal(c.Data, &kept); err != nil {
		return c, assurance.Use{}, fmt.Errorf("read passkey: %w", err)
	}
	find := func(_, _ []byte) (webauthn.User, error) { // the library compares id and handle
		return owner{handle: c.Handle, has: []webauthn.Credential{{
			ID: c.ID, PublicKey: kept.PublicKey,
			Flags:         webauthn.CredentialFlags{UserVerified: true, BackupEligible: kept.Synced},
			Authenticator: webauthn.Authenticator{SignCount: kept.Count},
		}}}, nil
	}
	_, used, err := p.library.ValidatePasskeyLogin(find, session, parsed)
	if err != nil {
		return c, assurance.Use{}, refused(err)
	}
	if used.Authenticator.CloneWarning {
		return c, assurance.Use{}, ErrAnswer.Because(ErrCloned)
	}
	kept.Count = used.Authenticator.SignCount
	if c.Data, err = json.Marshal(kept); err != nil {
		return c, assurance.Use{}, fmt.Errorf("keep passkey: %w", err)
	}
	return c, assurance.Use{Method: assurance.MethodPasskey, At: now, AMR: AMR()}, nil
}

// ErrCloned is the cause of an ErrAnswer whose signature was right and whose
// counter was not.
var ErrCloned = errors.New("the counter went back: the passkey may have been copied")

var errTooLong = errors.New("the answer is too long")

func parseAssertion(answer []byte) (*protocol.ParsedCredentialAssertionData, error) {
	if len(answer) > MaxAnswer {
		return nil, ErrAnswer.Because(errTooLong)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, refused(err)
	}
	return parsed, nil
}

// refused keeps the library's reason for the log: its text is about formats
// and flags, never about the person.
func refused(err error) error {
	var detail *protocol.Error
	if errors.As(err, &detail) && detail.DevInfo != "" {
		err = fmt.Errorf("%w: %s", err, detail.DevInfo)
	}
	return ErrAnswer.Because(err)
}

func question(options any, c ceremony, session *webauthn.SessionData) (optionsText, stateText []byte, err error) {
	if optionsText, err = json.Marshal(options); err != nil {
		return nil, nil, fmt.Errorf("write passkey options: %w", err)
	}
	if stateText, err = json.Marshal(state{c, *session}); err != nil {
		return nil, nil, fmt.Errorf("write passkey state: %w", err)
	}
	return optionsText, stateText, nil
}

func readState(text []byte, want ceremony) (webauthn.SessionData, error) {
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		return s.Session, fmt.Errorf("read passkey state: %w", err)
	}
	if s.Ceremony != want || s.Session.UserVerification != protocol.VerificationRequired {
		return s.Session, fmt.Errorf("read passkey state: it is not one to %s", want)
	}
	return s.Session, nil
}

// owner is a user in the library's eyes.
type owner struct {
	handle []byte
	name   string
	has    []webauthn.Credential
}

// WebAuthnID gives the user handle.
func (o owner) WebAuthnID() []byte { return o.handle }

// WebAuthnName gives the name shown where passkeys are chosen.
func (o owner) WebAuthnName() string { return o.name }

// WebAuthnDisplayName gives the same.
func (o owner) WebAuthnDisplayName() string { return o.name }

// WebAuthnCredentials gives the user's passkeys.
func (o owner) WebAuthnCredentials() []webauthn.Credential { return o.has }
