package guard_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"surety/assurance/guard"
)

var update = flag.Bool("update", false, "make the test vectors anew, with new keys")

// vectorFile is testdata/vectors.json; testdata/README.md says what it means.
type vectorFile struct {
	About    string          `json:"about"`
	Issuer   string          `json:"issuer"`
	Audience string          `json:"audience"`
	Levels   []string        `json:"levels"`
	Skew     int             `json:"skew"`
	Now      int64           `json:"now"`
	JWKS     json.RawMessage `json:"jwks"`
	Cases    []vector        `json:"cases"`
}

type vector struct {
	Name          string            `json:"name"`
	Requirement   vectorRequirement `json:"requirement"`
	Target        string            `json:"target"`
	Authorization []string          `json:"authorization"`
	Status        int               `json:"status"`
	Challenge     map[string]string `json:"www_authenticate,omitempty"`
}

type vectorRequirement struct {
	Procedure string   `json:"procedure,omitempty"`
	Agency    string   `json:"agency,omitempty"`
	Level     string   `json:"level,omitempty"`
	MaxAge    int      `json:"max_age,omitempty"`
	Scopes    []string `json:"scopes,omitempty"`
}

// vectorProvider answers for the provider of the vectors.
type vectorProvider vectorFile

func (f *vectorProvider) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	switch r.URL.String() {
	case f.Issuer + configuration:
		_, _ = w.Write(text(members{"issuer": f.Issuer, "jwks_uri": f.Issuer + jwks, "acr_values_supported": f.Levels}))
	case f.Issuer + jwks:
		_, _ = w.Write(f.JWKS)
	default:
		http.NotFound(w, r)
	}
	return w.Result(), nil
}

var challengeParam = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)

// paramsOf takes a challenge apart; the text for people is left out.
func paramsOf(challenge string) map[string]string {
	if challenge == "" {
		return nil
	}
	scheme, rest, _ := strings.Cut(challenge, " ")
	params := map[string]string{"scheme": scheme}
	for _, m := range challengeParam.FindAllStringSubmatch(rest, -1) {
		params[m[1]] = m[2]
	}
	delete(params, "error_description")
	return params
}

// TestVectors runs every vector through the middleware, as anybody may who
// writes a guard of their own.
func TestVectors(t *testing.T) {
	t.Parallel()
	const path = "testdata/vectors.json"
	if *update {
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(makeVectors()); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.FromSlash(path), out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file vectorFile
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 60 {
		t.Errorf("%d vectors, want 60 at least", len(file.Cases))
	}
	g := newGuard(t, guard.Config{
		Issuer: file.Issuer, Audience: file.Audience, Skew: time.Duration(file.Skew) * time.Second,
		HTTPClient: &http.Client{Transport: (*vectorProvider)(&file)}, Clock: func() time.Time { return time.Unix(file.Now, 0) },
	})
	names := map[string]bool{}
	for _, v := range file.Cases {
		if names[v.Name] {
			t.Errorf("two vectors are called %q", v.Name)
		}
		names[v.Name] = true
		t.Run(v.Name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, v.Target, nil)
			if len(v.Authorization) > 0 {
				r.Header["Authorization"] = v.Authorization
			}
			q := v.Requirement
			w := serve(g, guard.Requirement{
				Procedure: q.Procedure, Agency: q.Agency, Level: q.Level, MaxAge: time.Duration(q.MaxAge) * time.Second, Scopes: q.Scopes,
			}, r)
			if got := paramsOf(w.Header().Get("WWW-Authenticate")); w.Code != v.Status || !maps.Equal(got, v.Challenge) {
				t.Errorf("answer %d %v\nwant   %d %v", w.Code, got, v.Status, v.Challenge)
			}
		})
	}
	// The list in the code is what the file was made of.
	for _, v := range makeVectors().Cases {
		if !names[v.Name] {
			t.Errorf("the file lacks %q: run with -update", v.Name)
		}
		delete(names, v.Name)
	}
	for name := range names {
		t.Errorf("nobody knows how %q was made", name)
	}
}
