// Package migrations holds the schema: numbered SQL files in one timeline,
// forward only, one transaction each. River's tables are among them
// (0002_river.sql), so that `idp migrate` is the only thing that ever changes
// the schema. Files only expand what is there; what is old is removed a
// release later, so that two versions run side by side.
//
// They run as the owner of the database. Every file grants the role
// surety_app what serve and work need on its own tables and nothing more.
package migrations
