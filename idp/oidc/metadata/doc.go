// Package metadata answers what clients ask about the provider before they
// ask anything else: the metadata document (OpenID Connect Discovery 1.0,
// section 4, and RFC 8414) and the signing keys (RFC 7517). The document says
// only what is true of this installation, and spells out what would otherwise
// default to something untrue.
//
// The acr values follow the policy in force: the document is written anew when
// another policy comes into force, not when it is asked for.
//
// A third page, the trustmark, says what the components of vot mean (RFC 8485,
// section 5). Its address is the vtm of ID tokens.
//
// All are prebuilt bytes: a request costs no allocation worth naming.
package metadata
