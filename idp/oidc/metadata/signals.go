package metadata

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Where security events are fetched, and where that is said.
const (
	PathEvents  = "/events/poll"
	PathSignals = "/.well-known/ssf-configuration"
)

// signals is a transmitter's metadata (OpenID Shared Signals Framework 1.0,
// section 7.1). Streams are not managed by an API: an operator registers the
// client. So the endpoint, which a stream's configuration would name, is named
// here, in a member of our own.
type signals struct {
	Version  string   `json:"spec_version"`
	Issuer   string   `json:"issuer"`
	JWKS     string   `json:"jwks_uri"`
	Delivery []string `json:"delivery_methods_supported"`
	Schemes  []scheme `json:"authorization_schemes"`
	Subjects string   `json:"default_subjects"`
	Poll     string   `json:"poll_endpoint"`
}

type scheme struct {
	Spec string `json:"spec_urn"`
}

// Signals answers GET and HEAD of what there is to know of security events.
func Signals(issuer string) (http.Handler, error) {
	text, err := json.Marshal(signals{
		Version: "1_0", Issuer: issuer, JWKS: issuer + PathJWKS, Delivery: []string{"urn:ietf:rfc:8936"},
		Schemes: []scheme{{"urn:ietf:rfc:7617"}}, Subjects: "ALL", Poll: issuer + PathEvents,
	})
	if err != nil {
		return nil, fmt.Errorf("write metadata of security events: %w", err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { write(w, "application/json", text) }), nil
}
