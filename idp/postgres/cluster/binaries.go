package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
)

// ErrNoBinaries says that the machine has no PostgreSQL and what to install.
var ErrNoBinaries = errors.New("no PostgreSQL server found on this machine: " +
	"install Debian's package with `apt-get install postgresql`, or put the folder that holds initdb and postgres on PATH")

// debianPattern is where Debian and Ubuntu keep server binaries, one folder a
// major version, off the PATH.
const debianPattern = "/usr/lib/postgresql/*/bin"

// Binaries returns the folder that holds initdb and postgres: the one on PATH,
// else the newest of Debian's. It returns ErrNoBinaries when there is none.
func Binaries() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil && complete(filepath.Dir(real)) {
			return filepath.Dir(real), nil
		}
	}
	return newest(debianPattern)
}

func newest(pattern string) (string, error) {
	folders, err := filepath.Glob(pattern)
	if err != nil {
		return "", fmt.Errorf("look for PostgreSQL: %w", err)
	}
	sort.Slice(folders, func(i, j int) bool { return major(folders[i]) > major(folders[j]) })
	for _, folder := range folders {
		if complete(folder) {
			return folder, nil
		}
	}
	return "", ErrNoBinaries
}

// major reads 15 out of /usr/lib/postgresql/15/bin; compared as a number, so
// that 9 does not win over 15.
func major(folder string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
	if err != nil {
		return 0
	}
	return n
}

// complete tells a server installation from one of clients only.
func complete(folder string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		stat, err := os.Stat(filepath.Join(folder, name))
		if err != nil || stat.IsDir() || stat.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}
