// Package grant holds authorizations, codes and refresh tokens as plain rows,
// and the one rule that says whether an authorization still holds.
package grant
