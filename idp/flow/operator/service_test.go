package operator_test

import (
	"context"
	"testing"

	"surety/assurance"
	"surety/idp/authn/passkey"
	"surety/idp/client"
	"surety/idp/flow/operator"
	"surety/idp/idptest"
	"surety/idp/keys"
	"surety/idp/postgres/audit"
	"surety/idp/postgres/desk"
)

const issuer = "https://id.example.org"

// bench is the use cases on a database of their own.
type bench struct {
	*operator.Service
	t       *testing.T
	ctx     context.Context
	db      *idptest.DB
	clock   *idptest.Clock
	ring    *keys.Ring
	clients *desk.Clients
	keys    *desk.Keys
}

func setup(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, ctx: t.Context(), db: idptest.Database(t), clock: idptest.NewClock(idptest.Start), ring: keys.NewRing()}
	b.clients, b.keys = desk.NewClients(b.db.DB), desk.NewKeys(b.db.DB)
	passkeys, err := passkey.New(passkey.Config{Issuer: issuer, Name: "Surety"})
	b.must(err)
	b.Service = operator.New(operator.Deps{
		InTx: b.db.InTx, Clients: b.clients, Keys: b.keys, Operators: desk.NewOperators(b.db.DB), Sessions: desk.NewOperators(b.db.DB),
		Audit: audit.New(b.ring.Seal), Ring: b.ring, Clock: b.clock.Now, Policy: inForce,
		Procedures: desk.NewProcedures(b.db.DB), Issuer: issuer, Passkeys: passkey.Operators{Passkeys: passkeys},
	})
	return b
}

// inForce is a policy of two levels.
func inForce() (assurance.Policy, error) {
	return assurance.Policy{Version: 1, Levels: []assurance.Level{{Name: "basic"}, {Name: "substantial"}}}, nil
}

// audited lists the types of all events so far, in order.
func (b *bench) audited() []string {
	b.t.Helper()
	rows, err := b.db.Query(b.ctx, `
		SELECT type
		FROM audit_event
		ORDER BY xid, event_id`)
	if err != nil {
		b.t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			b.t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// count counts the rows of a table.
func (b *bench) count(table string) (n int) {
	b.t.Helper()
	if err := b.db.QueryRow(b.ctx, "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		b.t.Fatal(err)
	}
	return n
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func tax() client.Metadata {
	return client.Metadata{Names: client.Localized{"": "Tax Office"}, RedirectURIs: []string{"https://tax.example/cb"}}
}

// add registers one client.
func (b *bench) add(reg operator.Registration) operator.Registered {
	b.t.Helper()
	done, err := b.AddClients(b.ctx, operator.ActorCommand, []operator.Registration{reg}, false)
	b.must(err)
	return done[0]
}
