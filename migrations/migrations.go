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
