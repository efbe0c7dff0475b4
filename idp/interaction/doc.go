// Package interaction holds a pending authorization request and the pure
// function Next, the only place that names its next step.
package interaction
