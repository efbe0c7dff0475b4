// Package db is the door to PostgreSQL: the pool, the one unit of work, errors
// by constraint name, migrations and notifications. All SQL of Surety lives in
// the packages beside this one.
//
// Two roles (DESIGN §8): Migrate runs as the owner of the database and makes
// the role surety_app; Open puts every connection into that role from its
// first packet, so that even RESET ROLE stays there, and refuses to start when
// the role could rewrite the audit.
//
// Round trips are what a flow costs: Count gives a context whose trips are
// counted at pgx's tracer, for the tests that hold each flow to its number.
package db
