// Package gate is the command idp guard: its flags, its file of routes, and the
// listeners. What it serves is assurance/guard/proxy.
//
// It needs no database and nothing else of Surety's own settings: it runs
// beside an agency's API, on the agency's machine.
package gate
