// Package profile reads what differs between countries: a folder of files that
// an official can read, turned into the plain values that the rules take
// (DESIGN §9). Profiles that come with Surety lie in profiles/ and are
// embedded; Read takes any other folder.
//
//	policy.yaml      the levels, what each asks for, and the steps that are offered
//	profile.yaml     languages, time zone, telephone numbers, colour, terms, ages
//	procedures.yaml  samples for the sandbox; read by idp/procedure, may be missing
//
// A policy may also come from elsewhere and be kept as text: ParsePolicy reads
// it just as strictly, PolicySource gives the text of a profile's own.
//
// Reading is strict. An unknown key, an unknown method, a value of the wrong
// kind, a level that nobody can reach: each is a Problem with file, line and a
// hint, all of them are told at once, and nothing of such a profile is used.
// A mistake in a policy must show on the operator's screen, not years later in
// a token that says too much.
//
// Files have no anchors, aliases, merges or tags: what is written is what is
// meant, and a reader needs to look in one place only.
package profile
