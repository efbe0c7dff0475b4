package assurance

// Grant is the first half of Decide, which answers most requests; the laws ask
// it where ways do not matter.
var Grant = grant
