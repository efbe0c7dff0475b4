// Command idp is Surety: the server, the worker, and the operator's commands
// in one binary.
//
//	idp serve                    answer people and agencies
//	idp work                     send messages, seal the audit, rotate keys, tidy up
//	idp migrate                  bring the database up to date
//	idp keys-file FILE           make the master keys of a new installation
//	idp client ...               relying parties: add, import, list, show, update,
//	                             disable, enable, rotate-secret
//	idp key list|rotate|revoke   signing keys
//	idp policy ...               levels: lint, diff, explain, activate, list, show
//	idp procedure ...            public services: import, set, list, show, disable, enable
//	idp operator invite          the first operator's link
//	idp guard                    stand before an agency's API and check its tokens
//	idp audit verify             look for events changed, missing, inserted or cut off
//
// Settings come from the environment (SURETY_ISSUER and so on; idp/server),
// secrets from files that it names. Every command that changes something can be
// rehearsed with -dry-run, and every command answers in JSON with -json.
// Long flags take one hyphen or two.
//
// Results go to standard output, everything else to standard error. The exit
// status is 0 for success, 1 when a part of the house is down or at fault, 2
// for a command line that is wrong, 3 when the command was understood and
// refused, 4 when a check (audit verify, policy lint) found something.
//
// The commands call use cases (idp/flow), never a store.
package main
