// Package assurance decides how sure an agency may be of a person.
package assurance
