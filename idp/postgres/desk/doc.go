// Package desk stores what operators keep: relying parties, procedures, the
// versions of the policy, signing keys, operators with their invitations,
// passkeys and logins.
//
// What nearly every request reads is kept in memory: ClientCache,
// ProcedureCache, PolicySet and KeySet. Each is told by NOTIFY when something
// has changed and looks again by itself when nothing was said for a while,
// because a notification can be lost with its connection. What they hand out
// never changes and is shared.
//
// PolicySet is stricter than the others: what it has not been able to confirm
// for ten seconds it does not hand out, because a token that says too much
// cannot be taken back.
package desk
