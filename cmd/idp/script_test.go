package main

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/audit"
	"surety/idp/authn/passkey"
	"surety/idp/flow/account"
	"surety/idp/flow/operator"
	"surety/idp/flow/policy"
	"surety/idp/idptest"
	"surety/idp/keys"
	accounts "surety/idp/postgres/account"
	audits "surety/idp/postgres/audit"
	"surety/idp/postgres/db"
	"surety/idp/postgres/desk"
	"surety/idp/profile"
	"surety/idp/server"
)

var update = flag.Bool("update", false, "write what the commands answer into the scripts")

// A script is a file of commands with what they must answer:
//
//	$ idp client show nobody        a command line
//	text                            standard output; a lone dot is an empty line
//	! idp: there is no ...          standard error
//	? 3                             exit status, if it is not 0
//	< {"client_name": ...}          standard input of the command after it
//	# ...                           a comment
//	@ 24h                           the clock goes on
//
// What differs from run to run stands as [name]: the first time it matches any
// one word and is kept, afterwards [name] is that word, in commands too.
func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := &script{t: t, stand: newStand(t), words: map[string]string{}}
			written := s.play(string(text))
			if *update {
				if err := os.WriteFile(file, []byte(written), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// stand is what the commands run on: a database, a clock that stands, a ring.
type stand struct {
	db      *idptest.DB
	clock   *idptest.Clock
	ring    *keys.Ring
	dir     string
	sandbox bool
	offline bool // no database is configured
	served  bool
}

func newStand(t *testing.T) *stand {
	t.Helper()
	return &stand{db: idptest.Database(t), clock: idptest.NewClock(idptest.Start), ring: keys.NewRing(), dir: t.TempDir()}
}

func (s *stand) house() house {
	return house{
		now: func() time.Time { return s.clock.Now() },
		config: func() (server.Config, error) {
			cfg := server.Config{DatabaseURL: s.db.URL, KeysFile: "keys.json", Issuer: "https://id.example.org", Sandbox: s.sandbox}
			if s.offline {
				cfg.DatabaseURL = ""
			}
			return cfg, nil
		},
		serve: func(context.Context, server.Config) error { s.served = true; return nil },
		work:  func(context.Context, server.Config) error { s.served = true; return nil },
		migrate: func(ctx context.Context, c server.Config, dryRun bool) ([]db.Migration, error) {
			return db.Migrate(ctx, c.DatabaseURL, dryRun)
		},
		verify: func(ctx context.Context, _ server.Config, known audit.Head) (audit.Report, error) {
			return audits.Verify(ctx, s.db.DB, s.mac, known, s.clock.Now())
		},
		seed: func(_ context.Context, _ server.Config, seeds []account.Seed) (out []account.Seeded, err error) {
			for i, one := range seeds {
				out = append(out, account.Seeded{Login: one.Contact, AccountID: assurance.AccountID(fmt.Sprint("account-", i)), Existed: i > 0})
			}
			return out, nil
		},
		operator: func(context.Context, server.Config) (*operator.Service, func(), error) {
			return s.service(), func() {}, nil
		},
		policies: func(context.Context, server.Config) (*policy.Service, func(), error) {
			return policy.New(policy.Deps{
				Clock: s.clock.Now, Parse: profile.ParsePolicy, Profile: "demo", InTx: s.db.InTx, Policies: desk.NewPolicies(s.db.DB),
				Procedures: desk.NewProcedures(s.db.DB), Clients: desk.NewClients(s.db.DB), Standings: accounts.New(s.db.DB, s.ring),
				Audit: audits.New(s.ring.Seal), InForce: s.policy,
			}), func() {}, nil
		},
	}
}

// From nothing to the newest schema, with a look beforehand.
func TestMigrateFromEmpty(t *testing.T) {
	t.Parallel()
	h := (&stand{}).house()
	blank := idptest.Blank(t)
	h.config = func() (server.Config, error) { return server.Config{DatabaseURL: blank}, nil }
	for _, step := range []struct {
		args []string
		want string
	}{
		{[]string{"migrate", "-dry-run"}, "would apply 0001_foundation.sql\n"},
		{[]string{"migrate"}, "applied 0001_foundation.sql\n"},
		{[]string{"migrate"}, "the database is up to date\n"},
	} {
		var out, errOut bytes.Buffer
		if code := run(t.Context(), step.args, h, nil, &out, &errOut); code != 0 || !strings.HasPrefix(out.String(), step.want) {
			t.Errorf("%v: exit %d, %s%s", step.args, code, out.String(), errOut.String())
		}
	}
}

// A database that is away is no refusal: scripts may try again.
func TestDatabaseDown(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	back := s.db.Lose(t)
	var out, errOut bytes.Buffer
	code := run(t.Context(), []string{"client", "list", "-json"}, s.house(), strings.NewReader(""), &out, &errOut)
	if code != exitFailed || out.Len() > 0 || !strings.Contains(errOut.String(), `"code":"unavailable"`) {
		t.Errorf("exit %d, %s%s", code, out.String(), errOut.String())
	}
	back()
	if code := run(t.Context(), []string{"client", "list"}, s.house(), strings.NewReader(""), &out, &errOut); code != 0 {
		t.Errorf("when it is back: exit %d, %s", code, errOut.String())
	}
}

func (s *stand) mac(parts ...[]byte) []byte {
	sum := s.ring.AuditMAC("seal", parts...)
	return sum[:]
}

func (s *stand) service() *operator.Service {
	passkeys, err := passkey.New(passkey.Config{Issuer: "https://id.example.org", Name: "Surety"})
	if err != nil {
		panic(err) // the issuer above is a name
	}
	return operator.New(operator.Deps{
		Passkeys: passkey.Operators{Passkeys: passkeys},
		InTx:     s.db.InTx, Clients: desk.NewClients(s.db.DB), Keys: desk.NewKeys(s.db.DB), Operators: desk.NewOperators(s.db.DB),
		Sessions: desk.NewOperators(s.db.DB), Audit: audits.New(s.ring.Seal), Ring: s.ring, Clock: s.clock.Now,
		Policy: s.policy, Issuer: "https://id.example.org",
		Procedures: desk.NewProcedures(s.db.DB),
	})
}

// policy is the one in force, else that of the demonstration profile.
func (s *stand) policy() (assurance.Policy, error) {
	set := desk.NewPolicySet(desk.NewPolicies(s.db.DB), "demo", profile.ParsePolicy, s.clock.Now, slog.New(slog.DiscardHandler))
	if rules, err := set.Rules(); idp.CodeOf(err) != idp.CodeNotFound {
		return rules.Policy, err
	}
	p, err := profile.Load("demo")
	return p.Policy, err
}

// seal puts every event there is under one seal. Transactions of other tests
// on the same server may be older and hold the sealer back for a moment.
func (s *stand) seal(t *testing.T) {
	t.Helper()
	deadline := time.After(time.Minute)
	for settled := false; !settled; {
		if err := s.db.QueryRow(t.Context(), `
			SELECT coalesce(max(xid) < pg_snapshot_xmin(pg_current_snapshot()), true)
			FROM audit_event`).Scan(&settled); err != nil {
			t.Fatal(err)
		}
		select {
		case <-deadline:
			t.Fatal("a transaction on the server does not end")
		case <-time.After(10 * time.Millisecond):
		}
	}
	// Numbers count as settled only once every transaction of the server that
	// was open beside them has ended; the sealer comes back for them each second.
	sealer := audits.NewSealer(s.db.DB, s.mac, s.clock.Now, slog.New(slog.DiscardHandler))
	for settled := false; !settled; {
		if _, err := sealer.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := s.db.QueryRow(t.Context(), `
			SELECT coalesce((SELECT max(seen_id) FROM audit_seal), 0) >= (SELECT last_value FROM audit_event_seq)`).Scan(&settled)
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-deadline:
			t.Fatal("the sealer does not settle")
		case <-time.After(time.Millisecond):
		}
	}
}

// script plays one file.
type script struct {
	t     *testing.T
	stand *stand
	words map[string]string
}

// step is one command with what it must answer.
type step struct {
	line               int
	before             []string // comments and such, kept when the file is written
	command            string
	in                 string
	out, errOut, keeps []string
	code               int
}

func (s *script) play(text string) (written string) {
	s.words["dir"] = s.stand.dir
	var all []string
	for _, st := range parse(text) {
		all = append(all, st.before...)
		if st.command == "" {
			continue
		}
		var out, errOut bytes.Buffer
		code := s.execute(st, &out, &errOut)
		if *update {
			s.learn(out.String() + errOut.String())
		}
		s.compare(st, "standard output", st.out, out.String())
		s.compare(st, "standard error", st.errOut, errOut.String())
		if code != st.code && !*update {
			s.t.Errorf("line %d: %s: exit %d, want %d", st.line, st.command, code, st.code)
		}
		all = append(all, st.keeps...)
		for _, line := range prefixed("", s.veiled(out.String())) {
			all = append(all, cmp.Or(line, "."))
		}
		all = append(all, prefixed("! ", s.veiled(errOut.String()))...)
		if code != 0 {
			all = append(all, fmt.Sprint("? ", code))
		}
	}
	return strings.Join(all, "\n") + "\n"
}

func parse(text string) []step {
	var steps []step
	now := step{}
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		mark, rest, _ := strings.Cut(line, " ")
		switch {
		case mark == "<" && now.command == "":
			now.in += rest + "\n"
			now.keeps = append(now.keeps, line)
		case mark == "$", mark == "#", mark == "@", mark == "<", line == "":
			if now.command != "" {
				steps, now = append(steps, now), step{}
			}
			switch mark {
			case "$", "@":
				now.line, now.command = i+1, strings.TrimSpace(rest)
				now.keeps = append(now.keeps, line)
				if mark == "@" {
					now.command = "advance " + rest
				}
			case "<":
				now.in = rest + "\n"
				now.keeps = append(now.keeps, line)
			default:
				now.before = append(now.before, line)
			}
		case mark == "!":
			now.errOut = append(now.errOut, rest)
		case mark == "?":
			fmt.Sscan(rest, &now.code)
		case line == ".":
			now.out = append(now.out, "")
		default:
			now.out = append(now.out, line)
		}
	}
	return append(steps, now)
}

// execute runs the command line in this process.
func (s *script) execute(st step, out, errOut *bytes.Buffer) int {
	args := s.split(st.command)
	switch args[0] {
	case "idp":
		return run(s.t.Context(), args[1:], s.stand.house(), strings.NewReader(s.filled(st.in)), out, errOut)
	case "advance":
		d, err := time.ParseDuration(args[1])
		if err != nil {
			s.t.Fatal(err)
		}
		s.stand.clock.Advance(d)
	case "sandbox":
		s.stand.sandbox = true
	case "offline":
		s.stand.offline = !s.stand.offline
	case "seal":
		s.stand.seal(s.t)
	case "sql": // with the rights of the owner, as an intruder might
		if _, err := s.stand.db.Owner(s.t).Exec(s.t.Context(), strings.TrimPrefix(st.command, "sql ")); err != nil {
			s.t.Fatal(err)
		}
	case "write":
		if err := os.WriteFile(args[1], []byte(s.filled(st.in)), 0o600); err != nil {
			s.t.Fatal(err)
		}
	default:
		s.t.Fatalf("line %d: no such command: %s", st.line, args[0])
	}
	return 0
}

var argument = regexp.MustCompile(`'[^']*'|[^\s']+`)

func (s *script) split(command string) (args []string) {
	for _, a := range argument.FindAllString(command, -1) {
		args = append(args, s.filled(strings.Trim(a, "'")))
	}
	return args
}

var word = regexp.MustCompile(`\[([a-z]+[0-9]*)\]`)

// filled puts the words that are known in place of their names.
func (s *script) filled(text string) string {
	return word.ReplaceAllStringFunc(text, func(name string) string {
		if w, ok := s.words[name[1:len(name)-1]]; ok {
			return w
		}
		return name
	})
}

// veiled puts names in place of known words.
func (s *script) veiled(text string) string {
	for name, w := range s.words {
		text = strings.ReplaceAll(text, w, "["+name+"]")
	}
	return text
}

// shapes are what differs from run to run, for writing the scripts.
var shapes = []struct {
	name string
	re   *regexp.Regexp
}{
	{"head", regexp.MustCompile(`\b\d+:[0-9a-f]{64}\b`)},
	{"id", regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b`)},
	{"secret", regexp.MustCompile(`(?:\A|[\s"=])([A-Za-z0-9_-]{43})(?:\z|[\s"])`)},
	{"kid", regexp.MustCompile(`(?:\A|[\s"])([A-Za-z0-9_-]{22})(?:\z|[\s"])`)},
}

// learn names what differs from run to run, in the order in which it is seen.
func (s *script) learn(text string) {
	for _, shape := range shapes {
		for _, m := range shape.re.FindAllStringSubmatch(text, -1) {
			found := m[len(m)-1]
			// A client_secret is no kid: the longer shape comes first.
			if strings.Contains(s.veiled(found), "[") || strings.ToLower(found) == found && shape.name == "kid" {
				continue
			}
			n := 1
			for ; s.words[fmt.Sprint(shape.name, n)] != ""; n++ {
			}
			s.words[fmt.Sprint(shape.name, n)] = found
		}
	}
}

func prefixed(prefix, text string) (lines []string) {
	if text == "" {
		return nil
	}
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		lines = append(lines, prefix+strings.TrimRight(line, " "))
	}
	return lines
}

func (s *script) compare(st step, what string, want []string, got string) {
	s.t.Helper()
	lines := prefixed("", got)
	for i := range max(len(want), len(lines)) {
		if i >= len(want) || i >= len(lines) || !s.same(want[i], lines[i]) {
			if !*update {
				s.t.Errorf("line %d: %s\n%s:\n%s\nwant:\n%s", st.line, st.command, what, s.veiled(got), strings.Join(want, "\n"))
			}
			return
		}
	}
}

// same compares a line with its pattern and keeps the words that are new. Runs
// of spaces are alike: columns move with the length of what differs.
func (s *script) same(pattern, line string) bool {
	var names []string
	p := regexp.QuoteMeta(spaces.ReplaceAllString(strings.TrimSpace(s.filled(pattern)), " "))
	p = regexp.MustCompile(`\\\[([a-z]+[0-9]*)\\\]`).ReplaceAllStringFunc(p, func(m string) string {
		names = append(names, strings.Trim(m, `\[]`))
		return `([^\s"]+)`
	})
	m := regexp.MustCompile("^" + p + "$").FindStringSubmatch(spaces.ReplaceAllString(strings.TrimSpace(line), " "))
	if m == nil {
		return false
	}
	for i, name := range names {
		s.words[name] = m[i+1]
	}
	return true
}

var spaces = regexp.MustCompile(` +`)
