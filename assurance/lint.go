package assurance

// CheckRequirement finds what makes a requirement one that nobody can satisfy
// under the policy, or that contradicts itself. All places in it are -1.
func CheckRequirement(p Policy, r Requirement) []Problem { return nil }
