// Package idptest holds what tests of several packages share: a migrated
// database for each test, a clock that stands still until told otherwise, a
// browser, and builders of ready-made people and agencies.
//
// Tests run against a real PostgreSQL: the one in SURETY_TEST_DATABASE_URL if
// set, whose login must own what it makes and be allowed to make databases and
// roles, else one that is started from the machine's binaries, shared by all
// test processes of a user, and gone two minutes after the last of them.
// Without a database tests fail; they never skip.
package idptest
