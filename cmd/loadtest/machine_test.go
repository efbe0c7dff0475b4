package main

import (
	"context"
	"testing"
	"time"

	"surety/idp/idptest"
)

func TestMachineRates_AgainstARealDatabase(t *testing.T) {
	t.Parallel()
	m, err := measureMachine(context.Background(), idptest.Blank(t), 4, 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if m.ES256 < 10 || m.Argon2 < 1 || m.Commits < 10 || m.Fsync != "on" && m.Fsync != "off" {
		t.Errorf("rates %+v", m)
	}
}

func TestCommitRate_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	if _, _, err := commitRate(context.Background(), "postgres://nobody@127.0.0.1:1/none", 1, time.Second); err == nil {
		t.Error("a rate without a database")
	}
}
