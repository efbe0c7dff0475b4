// Package idp holds the words of the identity provider: accounts, contacts,
// credentials, relying parties and notices, as plain values.
package idp
