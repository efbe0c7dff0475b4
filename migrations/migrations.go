// Package migrations holds the schema: numbered SQL files in one timeline,
// forward only, one transaction each. River's tables are among them
// (0002_river.sql), so that `idp migrate` is the only thing that ever changes
// the schema. Files only expand what is there; what is old is removed a
// release later, so that two versions run side by side.
//
// They run as the owner of the database. Every file grants the role
// surety_app what serve and work need on its own tables and nothing more.
package migrations

import (
	"embed"
	"fmt"
	"io/fs"
	"strconv"
)

// Files are the migrations, NNNN_topic.sql, in the format of goose.
//
//go:embed *.sql
var Files embed.FS

// Latest returns the number of the newest migration.
func Latest() (int64, error) {
	names, err := fs.Glob(Files, "*.sql")
	if err != nil || len(names) == 0 {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	// Names begin with a number of fixed width, so the last is the newest.
	return strconv.ParseInt(names[len(names)-1][:4], 10, 64)
}
