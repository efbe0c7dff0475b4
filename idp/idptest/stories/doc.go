// Package stories holds no code, only tests that live through what people and
// agencies do, and what can go wrong with it, in the whole running house: over
// HTTP from outside, with browsers that have no scripts. Each quotes the rule
// that it shows.
//
// Most stories share one house, as people do; each has addresses, browsers and
// agencies of its own. Those that move the time, take the database away or look
// at everything that is stored have a house to themselves. When all is over the
// shared house's database is searched for everybody who was in it, and its
// audit is verified.
package stories
