// Command sandbox runs the whole world of Surety on one machine: a private
// PostgreSQL, idp serve, idp work, the sample agency, and an outbox that takes
// e-mail and text messages and shows them. `make run` builds and starts it.
//
//	sandbox [--port 8080] [--data DIR] [--tls] [--profile demo]   run until Ctrl-C
//	sandbox clean [--data var]                                    forget the data
//
// Surety listens on PORT, the agency on PORT+10, the outbox on PORT+20; PORT+30
// and PORT+40 are kept for the certificate host and the registries. Everything
// is on the loopback interface. Several sandboxes run side by side with other
// ports and data folders; a data folder is used by one at a time, and holds the
// world of one profile: var that of demo, var-ru that of ru.
//
// The first start makes keys, schema, clients, procedures and accounts, each through Surety's
// own commands; later starts keep what is there. When everything answers, the
// addresses and sample accounts are printed and written to DATA/sandbox.json,
// which exists exactly as long as the sandbox is ready.
//
// A child that dies is started again and that is said; one that keeps dying
// stops the sandbox. No child outlives the sandbox, not even when it is killed:
// the kernel ends them with it, and a guard ends PostgreSQL.
//
// Nothing here is shared with production code but the database starter
// (idp/postgres/cluster) and the profiles, whose sample procedures it brings
// in: Surety is configured by its environment and driven
// by its commands, as an operator would.
package main
