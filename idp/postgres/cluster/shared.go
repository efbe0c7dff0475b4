package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

// Shared returns the address of a server that all processes of one user share,
// starting it when there is none: the tests of many packages run at once, and
// making a database cluster for each would cost more than the tests. Its data
// is lost when it stops, which it does by itself some time after the last
// process that asked for it has ended.
//
// Three files in the folder are locked with flock(2), so that the end of a
// process, however it comes, lets go:
//
//	lock   held while somebody starts or stops the server, or counts users
//	users  held shared by every process that uses it, for as long as it lives
//	guard  held by the one shell that stops the server when users is free
func Shared(ctx context.Context, dir string, cfg Config) (string, error) {
	url, users, err := shared(ctx, dir, cfg, "10")
	if err != nil {
		return "", err
	}
	usingMu.Lock()
	defer usingMu.Unlock()
	using = append(using, users)
	return url, nil
}

// using holds the locks that say that this process lives. They are never
// closed, and the garbage collector must not close them either.
var (
	usingMu sync.Mutex // guards using
	using   []*os.File
)

// shared returns the address and the lock of one more user. The guard looks
// every pause seconds.
func shared(ctx context.Context, dir string, cfg Config, pause string) (string, *os.File, error) {
	dir, err := sharedDir(dir)
	if err != nil {
		return "", nil, err
	}
	lock, err := openLocked(filepath.Join(dir, "lock"), syscall.LOCK_EX)
	if err != nil {
		return "", nil, err
	}
	defer lock.Close()
	cfg.DataDir, cfg.Detached = filepath.Join(dir, "data"), true
	url, err := ensure(ctx, cfg)
	if err != nil {
		return "", nil, err
	}
	if err := startSharedGuard(dir, pause); err != nil {
		return "", nil, err
	}
	users, err := openLocked(filepath.Join(dir, "users"), syscall.LOCK_SH)
	return url, users, err
}

func sharedDir(dir string) (string, error) {
	if err := (owner{uid: os.Geteuid(), gid: os.Getegid()}).makeDir(dir); err != nil {
		return "", err
	}
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", fmt.Errorf("look at shared folder: %w", err)
	}
	// As root, the database's user has to walk through to its own folder.
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", fmt.Errorf("open shared folder: %w", err)
	}
	return dir, nil
}

func openLocked(path string, how int) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock shared database: %w", err)
	}
	for {
		err = syscall.Flock(int(file.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("lock shared database: %w", err)
	}
	return file, nil
}

// ensure returns the running server's address, or starts a fresh one. Data
// without a server is thrown away: it was written without fsync, so after a
// crash nobody knows what is in it.
func ensure(ctx context.Context, cfg Config) (string, error) {
	who, err := findOwner()
	if err != nil {
		return "", err
	}
	dir, err := place(cfg.DataDir, who)
	if err != nil {
		return "", err
	}
	running := &Cluster{dir: dir, port: cfg.Port}
	if running.sockets, err = socketDir(dir, who); err != nil {
		return "", err
	}
	if readPID(dir) != 0 && ping(ctx, running.URL()) == nil {
		return running.URL(), nil
	}
	if err := evict(ctx, dir); err != nil {
		return "", err
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("remove old test data: %w", err)
	}
	c, err := Start(ctx, cfg)
	if err != nil {
		return "", err
	}
	return c.URL(), nil
}

// sharedGuard counts, every few seconds and with nobody else able to start or
// count, whether any process still uses the server; after twelve times
// without, it stops the server and removes the data. sleep must not inherit
// the locks, or they would outlive a guard that was killed.
const sharedGuard = `
cd "$1" || exit 1
exec 7>guard
flock -n 7 || exit 0
idle=0
while :; do
	sleep "$2" 7>&-
	exec 8>lock 9>users
	flock 8
	if flock -n 9; then idle=$((idle+1)); else idle=0; fi
	[ $idle -ge 12 ] && break
	exec 9>&- 8>&-
done
pid=$(head -n 1 data/postmaster.pid)
if [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd")" = "$1/data" ]; then
	kill -QUIT "$pid"
	n=0
	while [ -d "/proc/$pid" ] && [ $n -lt 200 ]; do sleep 0.1 7>&- 8>&- 9>&-; n=$((n+1)); done
fi
rm -rf data
`

// startSharedGuard starts the guard; it ends at once when there is one.
func startSharedGuard(dir, pause string) error {
	cmd := exec.Command("/bin/sh", "-c", sharedGuard, "surety-test-guard", dir, pause)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start guard of the shared database: %w", err)
	}
	// Reaped when it ends, should this process live that long.
	go func() { _ = cmd.Wait() }()
	return nil
}

// SharedDir returns the folder for tests of the current user.
func SharedDir() string {
	return filepath.Join(os.TempDir(), "surety-test-"+strconv.Itoa(os.Geteuid()))
}
