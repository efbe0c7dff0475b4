package trace

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp/flow/policy"
)

// declared finds the values of the constants of a type in the rules' source.
func declared(t *testing.T, file, kind string) (values []string) {
	t.Helper()
	source, err := os.ReadFile("../../../assurance/" + file)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`\s`+kind+`\s+= "([a-z_]+)"`).FindAllStringSubmatch(string(source), -1) {
		values = append(values, m[1])
	}
	if len(values) < 3 {
		t.Fatalf("%d values of %s in %s", len(values), kind, file)
	}
	return values
}

// TestEveryCauseAndReasonHasWords: nobody is told a code at three in the morning.
func TestEveryCauseAndReasonHasWords(t *testing.T) {
	t.Parallel()
	for _, value := range declared(t, "explain.go", "Cause") {
		if causes[assurance.Cause(value)] == "" {
			t.Errorf("cause %q has no words", value)
		}
	}
	for _, value := range declared(t, "decision.go", "Reason") {
		if reasons[assurance.Reason(value)] == "" {
			t.Errorf("reason %q has no words", value)
		}
	}
}

// TestTimesAreWrittenWithoutZeros.
func TestTimesAreWrittenWithoutZeros(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0s", 400 * time.Millisecond: "0s", 90 * time.Second: "1m30s", 20 * time.Minute: "20m", time.Hour: "1h",
		time.Hour + time.Second: "1h0m1s", 24 * time.Hour: "24h", 72*time.Hour + 10*time.Minute: "3d10m", 180 * 24 * time.Hour: "180d",
	} {
		if got := span(d); got != want {
			t.Errorf("%d is %q, want %q", d, got, want)
		}
	}
}

// TestARequirementIsToldWhole: what is asked for is in one line, with the
// capacity and the document that decide as much as the level.
func TestARequirementIsToldWhole(t *testing.T) {
	t.Parallel()
	a := policy.Answer{Requirement: assurance.Requirement{
		Level: "high", MaxAge: 5 * time.Minute, ExcludedMethods: []assurance.Method{"sms"}, ExcludedProofings: []assurance.ProofingMethod{"letter"},
		Document: assurance.DocumentCurrent, Capacities: []assurance.CapacityTerm{{Capacity: "organisation", Roles: []string{"head", "accountant"}}},
	}}
	var out strings.Builder
	if err := Print(&out, assurance.Policy{Version: 7}, a); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"policy 7", "level high", "a log-in of the last 5m", "not by sms", "identity not from letter", "a document that still holds",
		"acting as organisation/head or accountant",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}
