// Package details reads and writes authorization_details (RFC 9396) of the one
// type that Surety has, procedure:
//
//	asked     [{"type":"procedure","code":"3.77.01"}]
//	granted   [{"type":"procedure","code":"3.77.01","agency":"registry-office"}]
//
// Whose procedures they are is not asked of the client: it is registered for
// one agency. Nor is what they require: that is what the agency published, and
// holds whatever the client says.
//
// What comes in is hostile. Parse looks at the size first, then reads token by
// token, never deeper than an entry has members, and stops at the first thing
// that should not be there.
package details
