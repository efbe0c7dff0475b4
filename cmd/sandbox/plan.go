package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"surety/idp/profile"
)

// Offsets of the ports from Surety's own.
const (
	agencyOffset = 10
	outboxOffset = 20
	lastOffset   = 49 // the certificate host and the registries come below it
)

// usualProfile is the one that is no country's.
const usualProfile = "demo"

// usualData is the data folder of a profile: each has its own, so that one
// world is left as it was when another is looked at.
func usualData(name string) string {
	if name == usualProfile {
		return "var"
	}
	return "var-" + name
}

// plan says where everything is. It does not change once made.
type plan struct {
	Port    int
	Data    string // absolute
	Bin     string // folder with the programs idp, agency and sandbox
	TLS     bool
	Profile profile.Profile
	// LoadAccounts is how many accounts the load test gets. Each costs a
	// password hash at the first start.
	LoadAccounts int
	hosts        []string // loopback addresses of this machine: 127.0.0.1, and ::1 if there
}

func newPlan(o options) (plan, error) {
	if o.Port < 1024 || o.Port > 65535-lastOffset {
		return plan{}, fmt.Errorf("port %d: choose one from 1024 to %d", o.Port, 65535-lastOffset)
	}
	if o.LoadAccounts < 0 || o.LoadAccounts > 26*26 {
		return plan{}, fmt.Errorf("%d accounts for load: at most %d have names", o.LoadAccounts, 26*26)
	}
	country, err := profile.Load(cmp.Or(o.Profile, usualProfile))
	if err != nil {
		return plan{}, err
	}
	data, err := filepath.Abs(cmp.Or(o.Data, usualData(country.Name)))
	if err != nil {
		return plan{}, fmt.Errorf("data folder: %w", err)
	}
	p := plan{Port: o.Port, Data: data, Bin: o.Bin, TLS: o.TLS, Profile: country, hosts: []string{"127.0.0.1"}, LoadAccounts: o.LoadAccounts}
	if p.Bin == "" {
		self, err := os.Executable()
		if err != nil {
			return plan{}, fmt.Errorf("find the programs: %w", err)
		}
		p.Bin = filepath.Dir(self)
	}
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil {
		_ = l.Close()
		p.hosts = append(p.hosts, "::1")
	}
	return p, nil
}

// origin is the address of a part, by the offset of its port. The outbox alone
// never has TLS: it is the sandbox's own.
func (p plan) origin(offset int) string {
	scheme := "http"
	if p.TLS && offset != outboxOffset {
		scheme = "https"
	}
	return scheme + "://localhost:" + strconv.Itoa(p.Port+offset)
}

// addresses are what a part listens on. localhost may be either family to a
// browser, so both are served.
func (p plan) addresses(offset int) []string {
	var out []string
	for _, host := range p.hosts {
		out = append(out, net.JoinHostPort(host, strconv.Itoa(p.Port+offset)))
	}
	return out
}

// program is the path of one of our programs.
func (p plan) program(name string) string { return filepath.Join(p.Bin, name) }

// file is a path in the data folder.
func (p plan) file(names ...string) string {
	return filepath.Join(append([]string{p.Data}, names...)...)
}

// describedIn is where scripts find everything.
func (p plan) describedIn() string { return p.file("sandbox.json") }

// prepare makes the data folder and sees that the programs are there. The
// folder may be entered by the database's own user; its files may not be read.
func (p plan) prepare() error {
	if err := os.MkdirAll(p.file("log"), 0o755); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	for _, name := range []string{"idp", "agency", "sandbox"} {
		if _, err := os.Stat(p.program(name)); err != nil {
			return fmt.Errorf("program %s is missing: build with `make build`", p.program(name))
		}
	}
	return nil
}

// checkPorts reports ports that somebody else has, before anything starts.
func (p plan) checkPorts() error {
	var errs []error
	for _, offset := range []int{0, agencyOffset} {
		for _, address := range p.addresses(offset) {
			l, err := net.Listen("tcp", address)
			if err != nil {
				errs = append(errs, inUse(address))
				continue
			}
			_ = l.Close()
		}
	}
	return errors.Join(errs...)
}

func inUse(address string) error {
	return fmt.Errorf("%s is in use: choose other ports, for example `make run PORT=18080 DATA=other`", address)
}

// profileFile names the profile whose world a data folder holds.
const profileFile = "profile"

// settle writes down whose world the data folder holds, or refuses one that
// holds another's: levels, procedures and accounts of two countries in one
// database would make sense to nobody. Folders from before there was a choice
// are the usual profile's.
func (p plan) settle() error {
	holds := p.Profile.Name
	written, err := os.ReadFile(p.file(profileFile))
	switch {
	case err == nil:
		holds = strings.TrimSpace(string(written))
	case !errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("read the profile of the data folder: %w", err)
	default:
		if _, err := os.Stat(p.file("keys.json")); err == nil {
			holds = usualProfile
		}
	}
	if holds != p.Profile.Name {
		return fmt.Errorf("%s holds the world of profile %s, not of %s: start it with PROFILE=%s, or choose another folder with DATA=",
			p.Data, holds, p.Profile.Name, holds)
	}
	return writeFile(p.file(profileFile), []byte(holds+"\n"), 0o644)
}
