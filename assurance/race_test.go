//go:build race

package assurance_test

const raceEnabled = true
