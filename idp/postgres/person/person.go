package person

import (
	"context"
	"fmt"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/keys"
	"surety/idp/postgres/db"
	"surety/verification"
)

// Store reads people. Make it with New; safe for concurrent use.
type Store struct {
	db   *db.DB
	ring *keys.Ring
}

// New returns a store on the database, opening by the ring.
func New(d *db.DB, ring *keys.Ring) *Store { return &Store{db: d, ring: ring} }

// Columns select a person's sealed side from a table or alias "a" of account,
// for statements that need it beside other things. Scan a Sealed with its
// Fields, then Open it.
const Columns = `a.data_key,` + attributesColumn + `,` + contactsColumn + `,` + loginsColumn

const attributesColumn = `
	coalesce((
		SELECT jsonb_agg(jsonb_build_object('name', p.name, 'sealed', encode(p.sealed, 'base64'), 'source', p.source,
			'verified_at', p.verified_at, 'updated_at', p.updated_at) ORDER BY p.name)
		FROM person_attribute p
		WHERE p.account_id = a.account_id), '[]')`

const contactsColumn = `
	coalesce((
		SELECT jsonb_agg(jsonb_build_object('id', c.contact_id, 'kind', c.kind, 'sealed', encode(c.sealed, 'base64'),
			'main', c.is_main, 'confirmed_at', c.confirmed_at, 'resets_from', c.resets_from,
			'last_used_at', c.last_used_at, 'anchored_at', c.anchored_at, 'bound_level', c.bound_level) ORDER BY c.created_at, c.contact_id)
		FROM contact c
		WHERE c.account_id = a.account_id), '[]')`

const loginsColumn = `
	coalesce((
		SELECT jsonb_agg(encode(n.sealed, 'base64') ORDER BY n.created_at, n.fingerprint)
		FROM login_name n
		WHERE n.account_id = a.account_id), '[]')`

// Sealed is a person as the database has them.
type Sealed struct {
	dataKey    []byte
	attributes []sealedAttribute
	contacts   []sealedContact
	logins     [][]byte
}

type sealedAttribute struct {
	Name       string     `json:"name"`
	Sealed     []byte     `json:"sealed"`
	Source     string     `json:"source"`
	VerifiedAt *time.Time `json:"verified_at"`
	UpdatedAt  time.Time  `json:"updated_at"`
}

type sealedContact struct {
	ID          idp.ContactID   `json:"id"`
	Kind        idp.ContactKind `json:"kind"`
	Sealed      []byte          `json:"sealed"`
	Main        bool            `json:"main"`
	ConfirmedAt time.Time       `json:"confirmed_at"`
	ResetsFrom  time.Time       `json:"resets_from"`
	LastUsedAt  time.Time       `json:"last_used_at"`
	AnchoredAt  *time.Time      `json:"anchored_at"`

	BoundLevel assurance.LevelName `json:"bound_level"`
}

// Fields are what Columns are scanned into, in their order.
func (s *Sealed) Fields() []any { return []any{&s.dataKey, &s.attributes, &s.contacts, &s.logins} }

// Open decrypts the person.
func (s *Sealed) Open(ring *keys.Ring, account idp.AccountID) (idp.Person, error) {
	p := idp.Person{AccountID: account}
	key, err := ring.UnwrapDataKey([]byte(account), s.dataKey)
	if err != nil {
		return idp.Person{}, fmt.Errorf("open person: %w", err)
	}
	for _, a := range s.attributes {
		plain, err := key.Open(idp.SealedAttribute+a.Name, []byte(account), a.Sealed)
		if err != nil {
			return idp.Person{}, fmt.Errorf("open attribute %s: %w", a.Name, err)
		}
		attribute := idp.Attribute{Name: a.Name, Value: string(plain), Source: a.Source, UpdatedAt: a.UpdatedAt}
		if a.VerifiedAt != nil {
			attribute.VerifiedAt = *a.VerifiedAt
		}
		p.Attributes = append(p.Attributes, attribute)
	}
	for _, c := range s.contacts {
		plain, err := key.Open(idp.SealedContact, []byte(c.ID), c.Sealed)
		if err != nil {
			return idp.Person{}, fmt.Errorf("open contact: %w", err)
		}
		contact := idp.Contact{
			ID: c.ID, Kind: c.Kind, Value: string(plain), Main: c.Main, BoundLevel: c.BoundLevel,
			ConfirmedAt: c.ConfirmedAt, ResetsFrom: c.ResetsFrom, LastUsedAt: c.LastUsedAt,
		}
		if c.AnchoredAt != nil {
			contact.AnchoredAt = *c.AnchoredAt
		}
		p.Contacts = append(p.Contacts, contact)
	}
	for _, l := range s.logins {
		plain, err := key.Open(idp.SealedLoginName, []byte(account), l)
		if err != nil {
			return idp.Person{}, fmt.Errorf("open login name: %w", err)
		}
		p.LoginNames = append(p.LoginNames, string(plain))
	}
	p.Name = nameOf(p.Attributes)
	return p, nil
}

// nameOf collects the name out of its attributes.
func nameOf(attributes []idp.Attribute) verification.Name {
	var n verification.Name
	for _, a := range attributes {
		switch a.Name {
		case "family_name":
			n.Surname = a.Value
		case "given_name":
			n.Given = a.Value
		case "patronymic":
			n.Patronymic = a.Value
		}
	}
	return n
}

// Person returns the person behind the account, in one round trip.
// Errors: not_found, unavailable.
func (s *Store) Person(ctx context.Context, tx idp.Tx, account idp.AccountID) (idp.Person, error) {
	var sealed Sealed
	err := s.db.On(tx).QueryRow(ctx, `
		SELECT `+Columns+`
		FROM account a
		WHERE a.account_id = $1`, account).Scan(sealed.Fields()...)
	if err != nil {
		return idp.Person{}, db.Error("read person", err)
	}
	return sealed.Open(s.ring, account)
}
