package verified_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The published schemas, by the names of their files.
const (
	schemaRequest = "verified_claims_request.json"
	schemaAnswer  = "verified_claims.json"
	schemaClaims  = "claims_schema.json"
	schemaRoot    = "https://bitbucket.org/openid/ekyc-ida/raw/master/schema/"
)

// schema compiles one of the published schemas. Nothing is fetched: what a
// schema refers to is beside it.
func schema(t testing.TB, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat() // "date-time" and "date" are checked, and not only said
	for _, file := range []string{schemaRequest, schemaAnswer, schemaClaims} {
		text, err := os.ReadFile(filepath.Join("testdata", "schema", file))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(schemaRoot+file, decoded(t, text)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile(schemaRoot + name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// decoded reads JSON as the validator takes it.
func decoded(t testing.TB, text []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

// TestTheSchemasAreReadAsTheyAreMeant, or nothing that they are asked means
// anything: each refuses what it should.
func TestTheSchemasAreReadAsTheyAreMeant(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ schema, good, bad string }{
		{schemaRequest, `{"userinfo":{"verified_claims":{"verification":{"trust_framework":null},"claims":{"name":null}}}}`,
			`{"userinfo":{"verified_claims":{"verification":{},"claims":{"name":null}}}}`},
		{schemaAnswer, `{"verified_claims":{"verification":{"trust_framework":"x","time":"2026-05-03T12:00:00Z"},"claims":{"birthdate":"1984-02-29"}}}`,
			`{"verified_claims":{"verification":{"trust_framework":"x","time":"3 May"},"claims":{}}}`},
		{schemaAnswer, `{"verified_claims":[]}`, `{"verified_claims":{"verification":{"trust_framework":"x"},"claims":{"birthdate":"1984"}}}`},
	} {
		s := schema(t, c.schema)
		if err := s.Validate(decoded(t, []byte(c.good))); err != nil {
			t.Errorf("%s: %v", c.good, err)
		}
		if s.Validate(decoded(t, []byte(c.bad))) == nil {
			t.Errorf("%s passes", c.bad)
		}
	}
}
