// Package bearer is what Surety's own resources do with an access token that
// somebody shows (RFC 6750): take it out of the request, and say in the words
// of the specification why it opens nothing. Whether it does is for each
// resource to find out.
package bearer
