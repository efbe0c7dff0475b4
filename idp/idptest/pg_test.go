package idptest

import (
	"testing"

	"surety/idp"
)

func TestDatabase_EachTestHasItsOwn(t *testing.T) {
	t.Parallel()
	one, two := Database(t), Database(t)
	_, err := one.Exec(t.Context(), `
		INSERT INTO revoked_token (jti, expires_at)
		VALUES ('a', $1)`, Start)
	if err != nil {
		t.Fatal(err)
	}
	for want, d := range map[int]*DB{1: one, 0: two} {
		var have int
		if err := d.QueryRow(t.Context(), `SELECT count(*) FROM revoked_token`).Scan(&have); err != nil {
			t.Fatal(err)
		}
		if have != want {
			t.Errorf("rows: have %d, want %d", have, want)
		}
	}
}

func TestLose_ThenBack(t *testing.T) {
	t.Parallel()
	d := Database(t)
	back := d.Lose(t)
	if code := idp.CodeOf(d.Ping(t.Context())); code != idp.CodeUnavailable {
		t.Errorf("ping of a lost database: code %q", code)
	}
	back()
	if err := d.Ping(t.Context()); err != nil {
		t.Errorf("ping after it came back: %v", err)
	}
}
