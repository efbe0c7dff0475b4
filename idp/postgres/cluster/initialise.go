package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// passwordFile lies in the data directory, which only the owner may enter.
const passwordFile = "surety-password"

// initialise makes the data directory unless it exists, and returns the folder
// of the binaries that fit it.
func initialise(ctx context.Context, dir string, fsync bool, who owner) (string, error) {
	version, err := os.ReadFile(filepath.Join(dir, "PG_VERSION"))
	if err == nil {
		return binariesFor(strings.TrimSpace(string(version)), dir)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("look at data folder: %w", err)
	}
	binaries, err := Binaries()
	if err != nil {
		return "", err
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return "", fmt.Errorf("the folder %s is not empty and holds no database", dir)
	}
	// Made beside its place and moved there: a start that was killed half-way
	// must not leave something that looks like a database.
	fresh := dir + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return "", fmt.Errorf("clean up an unfinished start: %w", err)
	}
	if err := who.makeDir(fresh); err != nil {
		return "", err
	}
	if err := runInitdb(ctx, binaries, fresh, fsync, who); err != nil {
		return "", err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("replace empty data folder: %w", err)
	}
	if err := os.Rename(fresh, dir); err != nil {
		return "", fmt.Errorf("put data folder in place: %w", err)
	}
	return binaries, nil
}

// binariesFor finds binaries of the major version that made the data: another
// version cannot read it.
func binariesFor(version, dir string) (string, error) {
	debian := filepath.Join("/usr/lib/postgresql", version, "bin")
	if complete(debian) {
		return debian, nil
	}
	binaries, err := Binaries()
	if err != nil {
		return "", err
	}
	out, err := exec.Command(filepath.Join(binaries, "postgres"), "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask PostgreSQL for its version: %w", err)
	}
	fields := strings.Fields(string(out)) // "postgres (PostgreSQL) 15.18 ..."
	if len(fields) > 2 && (fields[2] == version || strings.HasPrefix(fields[2], version+".")) {
		return binaries, nil
	}
	return "", fmt.Errorf("the data in %s was made by PostgreSQL %s, which is not installed: install postgresql-%s, or remove the folder to start anew",
		dir, version, version)
}

func runInitdb(ctx context.Context, binaries, dir string, fsync bool, who owner) error {
	password := newPassword()
	file, err := os.CreateTemp("", "surety-initdb-*")
	if err != nil {
		return fmt.Errorf("write the database's password: %w", err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if _, err := file.WriteString(password + "\n"); err != nil {
		return fmt.Errorf("write the database's password: %w", err)
	}
	if err := file.Chown(who.uid, who.gid); err != nil {
		return fmt.Errorf("write the database's password: %w", err)
	}
	args := []string{
		"-D", dir, "-U", User, "--pwfile", file.Name(),
		"--auth-local=trust", "--auth-host=scram-sha-256",
		"--encoding=UTF8", "--locale=C", "--no-instructions",
	}
	if !fsync {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(binaries, "initdb"), args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = who.attributes()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initialise database: %w: %s", err, lastLines(string(out), 5))
	}
	kept := filepath.Join(dir, passwordFile)
	if err := os.WriteFile(kept, []byte(password), 0o600); err != nil {
		return fmt.Errorf("keep the database's password: %w", err)
	}
	if who.switched {
		return os.Chown(kept, who.uid, who.gid)
	}
	return nil
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}
