// Package house holds no code, only the checks that keep the architecture as
// it was drawn: which package may import which, how long a function, a file
// and a package may grow, that every package introduces itself, and that an
// agency which imports assurance/guard links nothing of ours but assurance.
//
// A check that fails says what to move, not what to loosen. The table of
// imports is in imports_test.go.
package house
