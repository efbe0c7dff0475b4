package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// owner is the user that the server runs as and that owns its files.
type owner struct {
	uid, gid int
	switched bool // true when we are root and the owner is somebody else
}

// findOwner returns ourselves, or, as root, the user postgres or nobody.
func findOwner() (owner, error) {
	if os.Geteuid() != 0 {
		return owner{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.Atoi(u.Uid)
		gid, errGID := strconv.Atoi(u.Gid)
		if errUID == nil && errGID == nil && uid != 0 {
			return owner{uid: uid, gid: gid, switched: true}, nil
		}
	}
	return owner{}, errors.New("PostgreSQL refuses to run as root, and this machine has neither a user postgres nor a user nobody to run it as")
}

// attributes make a child run as the owner, in a session of its own: Ctrl-C in
// the terminal must reach us alone, so that we stop the server in order.
func (o owner) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if o.switched {
		attr.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
	}
	return attr
}

// makeDir makes a folder that only the owner may enter.
func (o owner) makeDir(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make folder: %w", err)
	}
	stat, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	// In a shared temporary folder somebody else could have been there first.
	if sys, ok := stat.Sys().(*syscall.Stat_t); !ok || !stat.IsDir() ||
		(int(sys.Uid) != o.uid && int(sys.Uid) != os.Geteuid()) {
		return fmt.Errorf("folder %s belongs to somebody else", dir)
	}
	if o.switched {
		if err := os.Chown(dir, o.uid, o.gid); err != nil {
			return fmt.Errorf("give folder to the database's user: %w", err)
		}
	}
	return nil
}

// reaches reports whether the owner may walk down to dir: root's home, for
// example, is closed to the user postgres.
func (o owner) reaches(dir string) bool {
	if !o.switched {
		return true
	}
	for dir = filepath.Dir(dir); ; dir = filepath.Dir(dir) {
		stat, err := os.Stat(dir)
		if err == nil && !o.mayEnter(stat) {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

func (o owner) mayEnter(stat os.FileInfo) bool {
	sys, ok := stat.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	switch {
	case int(sys.Uid) == o.uid:
		return stat.Mode()&0o100 != 0
	case int(sys.Gid) == o.gid:
		return stat.Mode()&0o010 != 0
	}
	return stat.Mode()&0o001 != 0
}
