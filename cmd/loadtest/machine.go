package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
)

// machineRates is what the machine itself can do a second on all its cores.
// The server's figures are to be read beside these, never alone.
type machineRates struct {
	ES256   float64 `json:"es256_per_s"`
	Argon2  float64 `json:"argon2id_per_s"` // 19 MiB, 2 passes, 1 lane
	Commits float64 `json:"commits_per_s"`  // one small insert each
	Fsync   string  `json:"fsync"`
}

// measureMachine runs when the server is idle, each measure for d.
func measureMachine(ctx context.Context, databaseURL string, connections int, d time.Duration) (machineRates, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return machineRates{}, err
	}
	digest := sha256.Sum256([]byte("what a token would hold"))
	var m machineRates
	m.ES256 = rate(ctx, d, func() error {
		_, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
		return err
	})
	salt := make([]byte, 16)
	m.Argon2 = rate(ctx, d, func() error {
		argon2.IDKey([]byte("correct horse battery staple"), salt, 2, 19*1024, 1, 32)
		return nil
	})
	if databaseURL == "" {
		return m, errors.New("no database_url: the commit rate was not measured")
	}
	m.Commits, m.Fsync, err = commitRate(ctx, databaseURL, connections, d)
	return m, err
}

// rate counts how often f succeeds a second, with one goroutine for each core.
func rate(ctx context.Context, d time.Duration, f func() error) float64 {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var (
		wg sync.WaitGroup
		n  atomic.Int64
	)
	began := time.Now()
	for range runtime.NumCPU() {
		wg.Go(func() {
			for ctx.Err() == nil && f() == nil {
				n.Add(1)
			}
		})
	}
	wg.Wait()
	return round(float64(n.Load())/time.Since(began).Seconds(), 1)
}

// The scripts are PostgreSQL's own load generator's: it costs the machine less
// than a client in Go would, and nobody has to trust our measure of theirs.
const (
	commitPrepare = `DROP TABLE IF EXISTS loadtest_commit;
CREATE TABLE loadtest_commit (id bigint NOT NULL, note text NOT NULL);
`
	commitScript = `\set id random(1, 1000000000)
INSERT INTO loadtest_commit (id, note) VALUES (:id, 'about the size of one audit event of ours');
`
	commitClean = "DROP TABLE loadtest_commit;\n"
)

// commitRate measures commits of one insert with pgbench.
func commitRate(ctx context.Context, databaseURL string, connections int, d time.Duration) (rate float64, fsync string, err error) {
	db, err := newPostgres(databaseURL)
	if err != nil {
		return 0, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, d+30*time.Second)
	defer cancel()
	out, err := db.run(ctx, "psql", "-XAtqc", "SHOW fsync")
	if err != nil {
		return 0, "", err
	}
	fsync = strings.TrimSpace(out)
	if _, err := db.run(ctx, "psql", "-Xqc", commitPrepare); err != nil {
		return 0, fsync, err
	}
	dir, err := os.MkdirTemp("", "loadtest")
	if err != nil {
		return 0, fsync, err
	}
	defer os.RemoveAll(dir)
	script := filepath.Join(dir, "commit.sql")
	if err := os.WriteFile(script, []byte(commitScript), 0o600); err != nil {
		return 0, fsync, err
	}
	out, err = db.run(ctx, "pgbench", "-n", "-c", strconv.Itoa(connections), "-j", strconv.Itoa(runtime.NumCPU()),
		"-T", strconv.Itoa(max(1, int(d.Seconds()))), "-f", script)
	_, cleanErr := db.run(ctx, "psql", "-Xqc", commitClean)
	if err = errors.Join(err, cleanErr); err != nil {
		return 0, fsync, err
	}
	m := tpsRE.FindStringSubmatch(out)
	if m == nil {
		return 0, fsync, errors.New("pgbench printed no rate")
	}
	rate, err = strconv.ParseFloat(m[1], 64)
	return round(rate, 1), fsync, err
}

var tpsRE = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)

// postgres runs PostgreSQL's own programs against one database.
type postgres struct {
	folder string // of the programs
	url    string // without the password: command lines are for all to read
	env    []string
}

func newPostgres(databaseURL string) (*postgres, error) {
	u, err := url.Parse(databaseURL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errors.New("database_url is not a postgres:// address")
	}
	if host := u.Hostname(); host != "" && host != "localhost" {
		if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
			return nil, fmt.Errorf("database at %s: not a loopback address", host)
		}
	}
	if host := u.Query().Get("host"); host != "" && !strings.HasPrefix(host, "/") {
		return nil, errors.New("database_url: host in the query may only be a socket's folder")
	}
	p := &postgres{env: os.Environ()}
	if password, ok := u.User.Password(); ok {
		p.env = append(p.env, "PGPASSWORD="+password)
		u.User = url.User(u.User.Username())
	}
	// Options of our own pool mean nothing to PostgreSQL's programs.
	q := u.Query()
	for name := range q {
		if strings.HasPrefix(name, "pool_") || name == "default_query_exec_mode" {
			q.Del(name)
		}
	}
	u.RawQuery = q.Encode()
	p.url = u.String()
	p.folder, err = programs()
	return p, err
}

// programs finds pgbench: on the path, or where Debian keeps it.
func programs() (string, error) {
	if path, err := exec.LookPath("pgbench"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if err != nil || len(found) == 0 {
		return "", errors.New("no pgbench on this machine: the commit rate was not measured")
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

func (p *postgres) run(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(p.folder, program), append(args, p.url)...)
	cmd.Env = p.env
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", program, err, clip(strings.TrimSpace(stderr.String()), 300))
	}
	return out.String(), nil
}
