package operator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"surety/idp"
	"surety/idp/audit"
	"surety/idp/client"
)

// What is wrong, for pages; the cause says it in the operator's words.
var (
	errInvalid   = idp.E(idp.CodeInvalid, "error.invalid")
	errForbidden = idp.E(idp.CodeForbidden, "error.forbidden")
	errConflict  = idp.E(idp.CodeConflict, "error.conflict")
	errNotFound  = idp.E(idp.CodeNotFound, "error.not_found")
)

// clientIDShape is what an operator may choose as client_id: text that needs
// no escaping anywhere it goes.
var clientIDShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$`)

// Bounds of the use cases about clients.
const (
	// MaxImport is how many clients one import may hold.
	MaxImport = 500
	// MaxPage is how many clients one page of the list may hold.
	MaxPage = 500
	// MaxOverlap is how long a client's previous secret may stay good.
	MaxOverlap = 90 * 24 * time.Hour
)

// Registration is a client to be added.
type Registration struct {
	ID       idp.ClientID // empty: one is made
	Metadata client.Metadata
	// Implied is the operator's word that people are not asked for consent:
	// metadata alone, which come from the agency, cannot say so.
	Implied bool
	// Agency is the operator's word that the client belongs to this agency,
	// and may ask for what it publishes. Its own id needs no word.
	Agency string
}

// Registered is a client that was added or changed. Secret is there only if
// one was made, and shown only now.
type Registered struct {
	Client *client.Client
	Secret string
}

// AddClients registers clients: all of them, or none.
//
// Errors: *client.InvalidMetadata; invalid for a bad id, an unknown level or
// too many; forbidden for implied consent without the operator's word; conflict
// when an id is taken; unavailable. Errors about one of several name its place.
func (s *Service) AddClients(ctx context.Context, by Actor, list []Registration, dryRun bool) ([]Registered, error) {
	if len(list) == 0 || len(list) > MaxImport {
		return nil, errInvalid.Because(fmt.Errorf("%d clients at once, want 1 to %d", len(list), MaxImport))
	}
	var out []Registered
	err := s.change(ctx, dryRun, func(ctx context.Context, tx idp.Tx, now time.Time) error {
		out = nil
		for i, reg := range list {
			done, err := s.addClient(ctx, tx, now, by, reg)
			if err != nil && len(list) > 1 {
				err = fmt.Errorf("client %d of %d: %w", i+1, len(list), err)
			}
			if err != nil {
				return err
			}
			out = append(out, done)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) addClient(ctx context.Context, tx idp.Tx, now time.Time, by Actor, reg Registration) (Registered, error) {
	if reg.ID == "" {
		reg.ID = idp.ClientID(idp.NewID())
	}
	if !clientIDShape.MatchString(string(reg.ID)) {
		return Registered{}, errInvalid.Because(errors.New("client_id must be 1 to 100 letters, digits, dots, hyphens, underscores or tildes"))
	}
	c, err := s.parse(reg.ID, reg.Metadata, word{reg.Implied, reg.Agency}, now)
	if err != nil {
		return Registered{}, err
	}
	done := Registered{Client: c}
	done.Secret = s.fitSecret(c)
	if err := s.Clients.Insert(ctx, tx, c); err != nil {
		if idp.CodeOf(err) == idp.CodeConflict {
			err = errConflict.Because(fmt.Errorf("there is a client %q already", c.ID))
		}
		return Registered{}, err
	}
	return done, s.Audit.Append(ctx, tx, now, event("client.added", by, c.ID, map[string]string{
		"auth_method": string(c.TokenEndpointAuthMethod), "subject_type": string(c.SubjectType),
		"consent": string(c.Consent), "development": strconv.FormatBool(c.Development),
	}))
}

// word is what the operator says of a client, and metadata cannot.
type word struct {
	implied bool
	agency  string
}

// parse makes a client of metadata and checks what only an operator may say.
func (s *Service) parse(id idp.ClientID, m client.Metadata, operator word, now time.Time) (*client.Client, error) {
	implied := operator.implied
	if m.Agency != "" && m.Agency != string(id) && m.Agency != operator.agency {
		return nil, errForbidden.Because(fmt.Errorf("that the client is of agency %q is the operator's to say, not the metadata's", m.Agency))
	}
	if m.Consent == client.ConsentImplied && !implied {
		return nil, errForbidden.Because(errors.New("consent \"implied\" is the operator's to give, not the metadata's"))
	}
	if implied {
		m.Consent = client.ConsentImplied
	}
	c, err := client.New(id, m, now)
	if err != nil {
		return nil, err
	}
	known, err := s.knows(c.MinimumLevel)
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, errInvalid.Because(fmt.Errorf("minimum_level %q is not a level of the policy", c.MinimumLevel))
	}
	return c, nil
}

// fitSecret gives a client that authenticates by secret one if it has none,
// and takes secrets away from one that does not: a forgotten secret of a
// client that moved to keys would stay a second door.
func (s *Service) fitSecret(c *client.Client) (text string) {
	switch {
	case !bySecret(c):
		c.Secrets = nil
	case len(c.Secrets) == 0:
		var secret client.Secret
		text, secret = client.NewSecret(s.hash)
		c.Secrets = []client.Secret{secret}
	}
	return text
}

func bySecret(c *client.Client) bool {
	return c.TokenEndpointAuthMethod == client.AuthSecretBasic || c.TokenEndpointAuthMethod == client.AuthSecretPost
}

// Client shows a client. Errors: not_found, unavailable.
func (s *Service) Client(ctx context.Context, id idp.ClientID) (*client.Client, error) {
	c, err := s.Clients.Find(ctx, id)
	return c, unknownClient(id, err)
}

// unknownClient says in the operator's words that there is no such client.
func unknownClient(id idp.ClientID, err error) error {
	if idp.CodeOf(err) == idp.CodeNotFound {
		return errNotFound.Because(fmt.Errorf("there is no client %q", id))
	}
	return err
}

// ListClients lists clients by id. next is empty on the last page, else what
// to ask for after. Errors: unavailable.
func (s *Service) ListClients(ctx context.Context, after idp.ClientID, limit int) (page []*client.Client, next idp.ClientID, err error) {
	limit = min(max(limit, 1), MaxPage)
	page, err = s.Clients.Page(ctx, after, limit+1) // one more tells whether there are more
	if err != nil || len(page) <= limit {
		return page, "", err
	}
	return page[:limit], page[limit-1].ID, nil
}

// Update is a change of a client's metadata.
type Update struct {
	// Change gets the metadata as they are and returns them as they shall be.
	Change func(client.Metadata) (client.Metadata, error)
	// Implied is the operator's word for implied consent, if the client does
	// not have it already.
	Implied bool
	// NewSubjects is the operator's word that every person gets a new subject
	// at this client.
	NewSubjects bool
	// Agency is the operator's word for the agency, if the client is not of it already.
	Agency string
	DryRun bool
}

// UpdateClient changes a client's metadata. A secret is made if the client
// needs one now and had none.
//
// Errors: as AddClients; not_found; conflict when subjects would change.
func (s *Service) UpdateClient(ctx context.Context, by Actor, id idp.ClientID, u Update) (Registered, error) {
	var done Registered
	err := s.change(ctx, u.DryRun, func(ctx context.Context, tx idp.Tx, now time.Time) error {
		old, err := s.Clients.ForUpdate(ctx, tx, id)
		if err != nil {
			return unknownClient(id, err)
		}
		m, err := u.Change(old.Metadata)
		if err != nil {
			return err
		}
		agency := u.Agency
		if agency == "" {
			agency = old.Agency
		}
		stays := old.ConsentImplied() && m.Consent == client.ConsentImplied
		c, err := s.parse(id, m, word{u.Implied || stays, agency}, now)
		if err != nil {
			return err
		}
		if !u.NewSubjects && subjectsDiffer(old, c) {
			return errConflict.Because(fmt.Errorf("every person would get a new sub: from %s in sector %s to %s in sector %s",
				old.SubjectType, old.Sector, c.SubjectType, c.Sector))
		}
		c.CreatedAt, c.DisabledAt, c.Secrets = old.CreatedAt, old.DisabledAt, slices.Clone(old.Secrets)
		done = Registered{Client: c, Secret: s.fitSecret(c)}
		if err := s.Clients.Update(ctx, tx, c); err != nil {
			return err
		}
		return s.Audit.Append(ctx, tx, now, event("client.updated", by, id, map[string]string{
			"subjects_changed": strconv.FormatBool(subjectsDiffer(old, c)), "consent": string(c.Consent),
			"auth_method": string(c.TokenEndpointAuthMethod), "development": strconv.FormatBool(c.Development),
		}))
	})
	if err != nil {
		return Registered{}, err
	}
	return done, nil
}

func subjectsDiffer(a, b *client.Client) bool {
	if a.SubjectType != b.SubjectType {
		return true
	}
	return a.SubjectType == client.SubjectPairwise && a.Sector != b.Sector
}

// SetClientDisabled switches a client off or on again. What it was granted
// counts for nothing while it is off. Saying it twice changes nothing.
//
// Errors: not_found, unavailable.
func (s *Service) SetClientDisabled(ctx context.Context, by Actor, id idp.ClientID, disabled, dryRun bool) (*client.Client, error) {
	var out *client.Client
	err := s.change(ctx, dryRun, func(ctx context.Context, tx idp.Tx, now time.Time) error {
		c, err := s.Clients.ForUpdate(ctx, tx, id)
		if err != nil {
			return unknownClient(id, err)
		}
		out = c
		if c.Disabled() == disabled {
			return nil
		}
		name := "client.enabled"
		c.DisabledAt, c.UpdatedAt = time.Time{}, now
		if disabled {
			name, c.DisabledAt = "client.disabled", now
		}
		if err := s.Clients.Update(ctx, tx, c); err != nil {
			return err
		}
		return s.Audit.Append(ctx, tx, now, event(name, by, id, nil))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// RotateSecret makes a new secret. The one before stays good for the overlap,
// so that an agency with many machines changes them one by one; older ones end
// at once.
//
// Errors: invalid when the client has no secret or the overlap is not within
// MaxOverlap; not_found; unavailable.
func (s *Service) RotateSecret(ctx context.Context, by Actor, id idp.ClientID, overlap time.Duration, dryRun bool) (Registered, error) {
	if overlap < 0 || overlap > MaxOverlap {
		return Registered{}, errInvalid.Because(fmt.Errorf("overlap %s is not between 0 and %s", overlap, MaxOverlap))
	}
	var done Registered
	err := s.change(ctx, dryRun, func(ctx context.Context, tx idp.Tx, now time.Time) error {
		c, err := s.Clients.ForUpdate(ctx, tx, id)
		if err != nil {
			return unknownClient(id, err)
		}
		if !bySecret(c) {
			return errInvalid.Because(fmt.Errorf("the client authenticates by %s and has no secret", c.TokenEndpointAuthMethod))
		}
		text, secret := client.NewSecret(s.hash)
		kept := []client.Secret{secret}
		if overlap > 0 && len(c.Secrets) > 0 {
			kept = append(kept, client.Secret{Hash: c.Secrets[0].Hash, ExpiresAt: now.Add(overlap)})
		}
		c.Secrets, c.UpdatedAt = kept, now
		if err := s.Clients.Update(ctx, tx, c); err != nil {
			return err
		}
		done = Registered{Client: c, Secret: text}
		return s.Audit.Append(ctx, tx, now, event("client.secret_rotated", by, id, map[string]string{"overlap": overlap.String()}))
	})
	if err != nil {
		return Registered{}, err
	}
	return done, nil
}

func event(name string, by Actor, id idp.ClientID, attrs map[string]string) audit.Event {
	return audit.Event{Type: name, ActorID: string(by), ClientID: id, Attrs: maps.Clone(attrs)}
}
