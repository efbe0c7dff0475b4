// Package server puts the house together: it reads the configuration once,
// opens the database and the keys, wires stores to use cases and use cases to
// pages and endpoints, and runs the two long-lived processes.
//
//   - Serve answers people and agencies (idp serve).
//   - Work sends what lies in the outbox, seals the audit log, rotates keys
//     and removes what has ended (idp work).
//
// Any number of either may run side by side on one database, and any of them
// may die at any moment: nothing is kept in a process that is not in
// PostgreSQL, save caches that end by themselves within seconds.
package server
