package cluster

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// User is the owner of everything in a private cluster.
const User = "surety"

// Config says what server to run.
type Config struct {
	DataDir  string            // made when missing; kept between starts
	Port     int               // port on 127.0.0.1 with a password; 0 means Unix socket only
	Fsync    bool              // false risks all data on a crash of the machine: tests only
	Settings map[string]string // further server settings, by name
	Detached bool              // let the server outlive this process; the caller sees to its end
}

// Cluster is a running server.
type Cluster struct {
	dir      string
	sockets  string
	port     int
	password string
	process  *os.Process
	exited   chan struct{} // closed by the goroutine that waits for the server
	lock     *os.File      // held while this process uses the data; nil when detached
	guard    *guard        // nil when detached
}

// Start starts a server on the data directory and waits until it answers. On
// the first start it makes the directory. After a crash of the server or of
// its starter it cleans up what was left and starts anew; while another
// process runs a server on the same directory it refuses.
func Start(ctx context.Context, cfg Config) (*Cluster, error) {
	who, err := findOwner()
	if err != nil {
		return nil, err
	}
	dir, err := place(cfg.DataDir, who)
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir, port: cfg.Port, exited: make(chan struct{})}
	if !cfg.Detached {
		if c.lock, err = lockFile(dir + ".lock"); err != nil {
			return nil, err
		}
	}
	if err := c.start(ctx, cfg, who); err != nil {
		c.unlock()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, cfg Config, who owner) error {
	binaries, err := initialise(ctx, c.dir, cfg.Fsync, who)
	if err != nil {
		return err
	}
	if err := evict(ctx, c.dir); err != nil {
		return err
	}
	password, err := os.ReadFile(filepath.Join(c.dir, passwordFile))
	if err != nil {
		return fmt.Errorf("read the database's password: %w", err)
	}
	c.password = string(password)
	if c.sockets, err = socketDir(c.dir, who); err != nil {
		return err
	}
	if err := c.launch(binaries, cfg, who); err != nil {
		return err
	}
	if err := c.waitReady(ctx); err != nil {
		return errors.Join(err, c.Stop())
	}
	return nil
}

// place returns the absolute data directory. Root's own folders are closed to
// the user that the server runs as; then the data lies below /var/lib/surety,
// under a name derived from the folder asked for.
func place(dir string, who owner) (string, error) {
	if dir == "" {
		return "", errors.New("start database: no data folder given")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("start database: %w", err)
	}
	if real, err := filepath.EvalSymlinks(filepath.Dir(dir)); err == nil {
		dir = filepath.Join(real, filepath.Base(dir))
	}
	if who.reaches(dir) {
		return dir, nil
	}
	return filepath.Join("/var/lib/surety", shortHash(dir)), nil
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

// socketDir keeps the socket in the data directory, which only the owner may
// enter, unless the path would be longer than a socket's name may be.
func socketDir(dir string, who owner) (string, error) {
	const longest = 107 // bytes in sockaddr_un, less the final zero
	if len(dir)+len("/.s.PGSQL.65535.lock") <= longest {
		return dir, nil
	}
	short := filepath.Join(os.TempDir(), "surety-"+strconv.Itoa(who.uid)+"-"+shortHash(dir))
	return short, who.makeDir(short)
}

// launch starts the server process and, unless detached, its guard.
func (c *Cluster) launch(binaries string, cfg Config, who owner) error {
	log, err := openLog(filepath.Join(c.dir, "server.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(binaries, "postgres"), c.arguments(cfg)...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = who.attributes()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start database server: %w", err)
	}
	c.process = cmd.Process
	go func() {
		// The exit status says nothing that the log does not say better.
		_ = cmd.Wait()
		close(c.exited)
	}()
	if cfg.Detached {
		return nil
	}
	if c.guard, err = startGuard(cmd.Process.Pid, who); err != nil {
		return errors.Join(err, c.Stop())
	}
	return nil
}

func (c *Cluster) arguments(cfg Config) []string {
	settings := map[string]string{
		"listen_addresses":        "",
		"unix_socket_directories": c.sockets,
		"unix_socket_permissions": "0700",
		"port":                    strconv.Itoa(c.socketPort()),
		"max_connections":         "100",
		"shared_buffers":          "256MB",
		"max_wal_size":            "2GB",
		"jit":                     "off", // our statements are short: compiling them costs more than it saves
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		"log_line_prefix":         "%m [%p] %d ",
		"logging_collector":       "off",
	}
	if cfg.Port != 0 {
		settings["listen_addresses"] = "127.0.0.1"
	}
	if !cfg.Fsync {
		settings["fsync"] = "off"
		settings["synchronous_commit"] = "off"
		settings["full_page_writes"] = "off"
	}
	for name, value := range cfg.Settings {
		settings[name] = value
	}
	args := []string{"-D", c.dir}
	for name, value := range settings {
		args = append(args, "-c", name+"="+value)
	}
	return args
}

// socketPort is also the socket's file name, so it is needed without TCP too.
func (c *Cluster) socketPort() int {
	if c.port == 0 {
		return 5432
	}
	return c.port
}

// URL returns the address of the database postgres through the Unix socket,
// as the owner. It holds no secret.
func (c *Cluster) URL() string {
	query := url.Values{"host": {c.sockets}, "port": {strconv.Itoa(c.socketPort())}, "user": {User}}
	return "postgres:///postgres?" + query.Encode()
}

// TCPURL returns the address through the loopback port, with the password; ""
// when there is no port.
func (c *Cluster) TCPURL() string {
	if c.port == 0 {
		return ""
	}
	address := url.URL{
		Scheme: "postgres", User: url.UserPassword(User, c.password),
		Host: "127.0.0.1:" + strconv.Itoa(c.port), Path: "/postgres",
	}
	return address.String()
}

// PID returns the process id of the server.
func (c *Cluster) PID() int { return c.process.Pid }

// Exited is closed when the server has ended, on demand or by itself.
func (c *Cluster) Exited() <-chan struct{} { return c.exited }

// Stop ends the server in order: open transactions roll back, everything
// committed is on disk. It returns when the server is gone.
func (c *Cluster) Stop() error {
	defer c.unlock()
	if c.guard != nil {
		c.guard.dismiss()
	}
	if err := end(c.process, c.exited); err != nil {
		return err
	}
	if c.sockets != c.dir {
		// It may be there again already, or still in use, for another start.
		_ = os.Remove(c.sockets)
	}
	return nil
}

func (c *Cluster) unlock() {
	if c.lock != nil {
		unlockFile(c.lock)
		c.lock = nil
	}
}

// unlockFile gives the lock up before it closes the file: a child that this
// process is just starting holds a copy of the descriptor until its exec, and
// closing ours alone would leave the lock with that copy for a moment.
func unlockFile(file *os.File) {
	_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
	file.Close()
}

// lockFile takes the file for this process, until it is closed or the process ends.
func lockFile(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("the data folder %s is in use by another process", strings.TrimSuffix(path, ".lock"))
	}
	return file, nil
}

// Remove deletes the data of a cluster that is not running.
func Remove(dataDir string) error {
	who, err := findOwner()
	if err != nil {
		return err
	}
	dir, err := place(dataDir, who)
	if err != nil {
		return err
	}
	lock, err := lockFile(dir + ".lock")
	if err != nil {
		return err
	}
	defer unlockFile(lock)
	if err := evict(context.Background(), dir); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(dir), os.Remove(dir+".lock"))
}

func newPassword() string { return rand.Text() }
