package proxy

// Find is the decision about a method and a path.
func (t *Routes) Find(method, path string) (*Route, error) { return t.find(method, path) }
