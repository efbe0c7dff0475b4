// Package interaction holds a pending authorization request and the pure
// function Next, the only place that names its next step:
//
//	                 +--> sign in ---------+
//	request --> Next +--> select account --+--> back to Next (/continue)
//	                 +--> terms -----------+
//	                 +--> consent ---------+
//	                 +--> issue            a code for the agency
//	                 +--> fail             an error for the agency
//
// Pages record facts (a login in the session, an account chosen, a consent
// given) and return; they never name what comes after them. Facts count only
// for the person who made them, in the browser that began. Whatever Next says
// to issue is checked once more by the statement that writes the code.
package interaction
