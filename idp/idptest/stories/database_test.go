package stories_test

import (
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"surety/cmd/sandbox/outbox"
	"surety/idp/idptest/world"
	"surety/idp/postgres/cluster"
)

func read(t testing.TB, resp *http.Response) answer {
	t.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{Status: resp.StatusCode, Header: resp.Header, Body: string(body)}
}

// messages are all that an address got.
func messages(w *world.World, to string) []outbox.Message {
	v, _ := w.Outbox.Find(outbox.Filter{To: to})
	return v.Messages
}

// count asks the database, as its owner.
func count(w *world.World, sql string, args ...any) int {
	w.Helper()
	var n int
	if err := w.DB.Owner(w.TB).QueryRow(w.Context(), sql, args...).Scan(&n); err != nil {
		w.Fatal(err)
	}
	return n
}

func exec1(w *world.World, sql string, args ...any) {
	w.Helper()
	tag, err := w.DB.Owner(w.TB).Exec(w.Context(), sql, args...)
	if err != nil || tag.RowsAffected() != 1 {
		w.Fatalf("%s: %d rows, %v", sql, tag.RowsAffected(), err)
	}
}

// dump returns the database as pg_dump writes it.
func dump(w *world.World) string {
	w.Helper()
	folder, err := cluster.Binaries()
	if err != nil {
		w.Fatal(err)
	}
	out, err := exec.CommandContext(w.Context(), filepath.Join(folder, "pg_dump"), "--dbname="+w.DB.URL).Output()
	if err != nil {
		w.Fatalf("pg_dump: %v", err)
	}
	if !strings.Contains(string(out), "COPY public.contact_proof") {
		w.Fatal("the dump holds no rows")
	}
	return string(out)
}

var (
	// tables of a dump: what follows each COPY.
	tables = regexp.MustCompile(`(?ms)^COPY public\.(\w+) [^\n]*\n(.*?)^\\\.$`)
	// parts of a table, by month or day.
	part = regexp.MustCompile(`(_\d{4}_\d\d(_\d\d)?|_default)$`)
)

// contents is every row that is stored, by table, but what runs by itself:
// the queue, whether messages have left, the seals, and throttles that say
// nothing any more, which are swept. Which partition a row is in makes no
// difference: they are made in the background.
func contents(w *world.World) map[string]string {
	w.Helper()
	rows := map[string][]string{}
	for _, m := range tables.FindAllStringSubmatch(dump(w), -1) {
		if name := part.ReplaceAllString(m[1], ""); !strings.HasPrefix(name, "river_") && name != "outbox" && name != "audit_seal" {
			rows[name] = append(rows[name], strings.Split(m[2], "\n")...)
		}
	}
	out := map[string]string{}
	for name, all := range rows {
		if name == "throttle" {
			all = slices.DeleteFunc(all, func(row string) bool { return strings.Contains(row, "\t0\t") })
		}
		slices.Sort(all)
		out[name] = strings.TrimSpace(strings.Join(all, "\n"))
	}
	return out
}

// wantUnchanged fails for every table that is not as it was.
func wantUnchanged(w *world.World, before map[string]string, what string) {
	w.Helper()
	for name, rows := range contents(w) {
		if rows != before[name] {
			w.Errorf("%s changed table %s:\n%s\nit was\n%s", what, name, rows, before[name])
		}
	}
}

// search finds secrets in a dump: as they are, in other letters, as bytes are
// written (in hexadecimal, and in base64 at each of its three offsets), and as
// addresses escape them.
func search(w *world.World, dump string, secrets []string) {
	w.Helper()
	if len(secrets) == 0 {
		w.Error("nobody to look for")
	}
	lower := strings.ToLower(dump)
	for _, s := range secrets {
		for form, text := range map[string]string{
			"as text": strings.ToLower(s), "in hexadecimal": hex.EncodeToString([]byte(s)), "escaped": strings.ToLower(url.QueryEscape(s)),
		} {
			if strings.Contains(lower, text) {
				w.Errorf("the dump holds %q %s", s, form)
			}
		}
		for offset := range 3 {
			if enc := encoded(s, offset); len(enc) >= 6 && strings.Contains(dump, enc) {
				w.Errorf("the dump holds %q in base64", s)
			}
		}
	}
}

// encoded is the part of a value's base64 that is the same whatever stands
// beside it.
func encoded(s string, offset int) string {
	padded := strings.Repeat("x", offset) + s
	enc := base64.StdEncoding.EncodeToString([]byte(padded[:len(padded)/3*3]))
	if offset > 0 && len(enc) >= 4 {
		enc = enc[4:]
	}
	return enc
}
