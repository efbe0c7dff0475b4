// Package conformance is the acceptance list drawn from the OpenID
// Foundation's conformance suite, as tests: black box over HTTP, each named
// after its module, so that a failure of the suite can be found here by name.
//
//	TestBasic               basic OP, once with the default response mode and once with form_post
//	TestConfig              discovery
//	TestClients             every kind of client, ID token and access token
//	TestCrossOrigin         what scripts of other sites may call
//	TestTLS                 the same house over https
//	TestRPInitiatedLogout   by GET and by POST
//	TestBackchannelLogout   what agencies are told when a session ends
//
// What the suite checks in every flow is checked here by the steps that the
// tests are made of: op (metadata and keys), visitor (a person with a
// browser), rp (a relying party: requests, answers, tokens, userinfo). A test
// says only what its module is about.
//
// There is no code but tests.
package conformance
