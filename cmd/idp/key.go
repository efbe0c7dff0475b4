package main

import (
	"fmt"
	"io"
	"time"

	"surety/idp/flow/operator"
	"surety/idp/keys"
)

type keyCommands struct {
	List   keyList   `cmd:"" help:"List the keys and what each is doing."`
	Rotate keyRotate `cmd:"" help:"Publish the next key; it signs a day later."`
	Revoke keyRevoke `cmd:"" help:"Take a key that somebody else may have out of use now."`
}

// keyRow is a key in JSON.
type keyRow struct {
	KID         string    `json:"kid"`
	Algorithm   string    `json:"alg"`
	State       string    `json:"state"` // next, signing, verifying or gone
	PublishedAt time.Time `json:"published_at"`
	ActiveAt    time.Time `json:"active_at"`
	RetiredAt   time.Time `json:"retired_at,omitzero"`
	GoneAt      time.Time `json:"gone_at,omitzero"`
}

type keyList struct{}

// Run lists the keys.
func (keyList) Run(c *call) error {
	return c.operator(func(s *operator.Service) error {
		all, err := s.SigningKeys(c.ctx)
		if err != nil {
			return err
		}
		now := s.Clock()
		rows, lines := []keyRow{}, [][]string{}
		for _, k := range all {
			r := keyRow{k.KID, k.Algorithm, keyState(k, now), k.PublishedAt.UTC(), k.ActiveAt.UTC(), k.RetiredAt.UTC(), k.GoneAt.UTC()}
			rows = append(rows, r)
			lines = append(lines, []string{r.KID, r.Algorithm, r.State, moment(k.PublishedAt), moment(k.ActiveAt), moment(k.RetiredAt), moment(k.GoneAt)})
		}
		return c.answer(map[string]any{"keys": rows}, func(w io.Writer) error {
			return table(w, "kid alg state published signs-from signs-until gone", lines)
		})
	})
}

func keyState(k keys.SigningKey, now time.Time) string {
	switch {
	case !k.GoneAt.IsZero() && !k.GoneAt.After(now):
		return "gone"
	case !k.RetiredAt.IsZero() && !k.RetiredAt.After(now):
		return "verifying"
	case k.ActiveAt.After(now):
		return "next"
	}
	return "signing"
}

type keyRotate struct {
	rehearsal
	Alg []string `help:"Algorithm, may be repeated: ES256, RS256, PS256 or EdDSA." default:"ES256" sep:"none"`
}

// Help is shown by -h.
func (keyRotate) Help() string {
	return "Keys also rotate by themselves, by age. A key that is on its way already is left alone."
}

// Run publishes the next keys.
func (k *keyRotate) Run(c *call) error {
	return c.operator(func(s *operator.Service) error {
		var all []keys.Change
		for _, alg := range k.Alg {
			changes, err := s.RotateKey(c.ctx, operator.ActorCommand, alg, k.DryRun)
			if err != nil {
				return err
			}
			all = append(all, changes...)
		}
		return c.keyChanges(all, k.DryRun)
	})
}

type keyRevoke struct {
	rehearsal
	KID string `arg:"" name:"kid" help:"Name of the key, as key list shows it."`
}

// Help is shown by -h.
func (keyRevoke) Help() string {
	return "The key leaves the JWKS at once and another one signs. Tokens that it signed are refused by whoever fetches the JWKS anew: " +
		"agencies cache it for up to an hour."
}

// Run revokes the key.
func (k *keyRevoke) Run(c *call) error {
	return c.operator(func(s *operator.Service) error {
		changes, err := s.RevokeKey(c.ctx, operator.ActorCommand, k.KID, k.DryRun)
		if err != nil {
			return err
		}
		return c.keyChanges(changes, k.DryRun)
	})
}

// keyChange is a step of a plan in JSON.
type keyChange struct {
	Change    keys.ChangeKind `json:"change"`
	KID       string          `json:"kid"`
	Algorithm string          `json:"alg"`
	ActiveAt  time.Time       `json:"active_at,omitzero"`
	RetiredAt time.Time       `json:"retired_at,omitzero"`
	GoneAt    time.Time       `json:"gone_at,omitzero"`
}

func (c *call) keyChanges(changes []keys.Change, dryRun bool) error {
	rows := []keyChange{}
	for _, ch := range changes {
		kid := ch.KID
		if dryRun && ch.Kind == keys.ChangeCreate {
			kid = "" // the key of a rehearsal is never seen again
		}
		rows = append(rows, keyChange{ch.Kind, kid, ch.Algorithm, ch.ActiveAt.UTC(), ch.RetiredAt.UTC(), ch.GoneAt.UTC()})
	}
	return c.answer(map[string]any{"dry_run": dryRun, "changes": rows}, func(w io.Writer) error {
		if len(rows) == 0 {
			_, err := fmt.Fprintln(w, "nothing to do: a next key is on its way")
			return err
		}
		var lines [][]string
		for _, r := range rows {
			lines = append(lines, []string{string(r.Change), r.Algorithm, r.KID, moment(r.ActiveAt), moment(r.RetiredAt), moment(r.GoneAt)})
		}
		return table(w, "change alg kid signs-from signs-until gone", lines)
	})
}
