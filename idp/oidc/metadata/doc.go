// Package metadata answers what clients ask about the provider before they
// ask anything else: the metadata document (OpenID Connect Discovery 1.0,
// section 4, and RFC 8414) and the signing keys (RFC 7517). The document says
// only what is true of this installation, and spells out what would otherwise
// default to something untrue.
//
// Both are prebuilt bytes: a request costs no allocation worth naming.
package metadata
