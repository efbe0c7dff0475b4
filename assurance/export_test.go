package assurance

// Grant is the first half of Decide, which answers most requests; the laws ask
// it where ways do not matter.
func Grant(p Policy, r Requirement, s Situation) (Granted, bool) { return grant(&p, &r, &s) }
