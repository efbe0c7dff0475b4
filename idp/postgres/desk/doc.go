// Package desk stores what operators keep: relying parties, signing keys,
// operators with their invitations, passkeys and logins.
//
// Two things here are read by nearly every request and so are kept in memory:
// ClientCache and KeySet. Both are told by NOTIFY when something has changed
// and look again by themselves when nothing was said for a while, because a
// notification can be lost with its connection. What they hand out never
// changes and is shared.
package desk
