package idp

// Channel is how a notice leaves the house.
type Channel string

// The channels.
const (
	ChannelEmail             Channel = "email"
	ChannelSMS               Channel = "sms"
	ChannelBackchannelLogout Channel = "backchannel_logout"
)

// Notice is something to be sent once the transaction that decided it has
// committed. It lies sealed in the outbox until then. The same EventKey is
// sent once, however often it is enqueued.
type Notice struct {
	EventKey  string  // unique and stable for what happened; also the idempotency key outside
	Channel   Channel // how
	Kind      string  // which text, for example "register_code"
	AccountID AccountID
	ClientID  ClientID // for logout tokens
	Message   Message  // for e-mail and SMS
	Logout    *LogoutNotice
}

// Message is an e-mail or SMS as it will be sent: composed in the person's
// language when it is decided.
type Message struct {
	To      string `json:"to"` // e-mail address or E.164 number
	Lang    string `json:"lang"`
	Subject string `json:"subject,omitempty"` // e-mail only
	Text    string `json:"text"`
}

// LogoutNotice tells a client that a session ended (OpenID Connect
// Back-Channel Logout 1.0, section 2.4). The token is made when it is sent.
type LogoutNotice struct {
	URI         string `json:"uri"`
	Subject     string `json:"sub"`
	SID         string `json:"sid"`
	Algorithm   string `json:"alg"`
	Development bool   `json:"development,omitempty"` // loopback http is allowed
}
