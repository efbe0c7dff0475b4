package client

// EventDelivery is how a client gets security events (OpenID Shared Signals
// Framework 1.0); empty: it gets none.
type EventDelivery string

// EventsPoll says that the client fetches them (RFC 8936).
const EventsPoll EventDelivery = "poll"

// events checks how the client is told of tokens that were taken back. A poll
// has no form, so what proves the client must fit into a header.
func (v *validation) events() {
	switch {
	case v.SecurityEvents == "":
	case v.SecurityEvents != EventsPoll:
		v.wrong("security_events", "is %q, want poll", v.SecurityEvents)
	case v.TokenEndpointAuthMethod != AuthSecretBasic:
		v.wrong("security_events", "needs token_endpoint_auth_method client_secret_basic: polls authenticate by the Authorization header")
	}
}
