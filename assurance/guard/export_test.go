package guard

import "time"

// Remembered is how many revocations are kept.
func (r *Revocations) Remembered() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.marks)
}

// Bound is how many are kept at most.
func (r *Revocations) Bound() int { return maxMarks }

// Take remembers a revocation of now, without the signature around it.
func (r *Revocations) Take(subject string) {
	r.remember(mark{markSubject, subject}, r.now().Truncate(time.Second), false)
}

// Kept is how many bytes of tokens are remembered.
func (g *Guard) Kept() (n int) {
	g.cache.mu.RLock()
	defer g.cache.mu.RUnlock()
	for _, half := range []map[string]seen{g.cache.young, g.cache.old} {
		for raw := range half {
			n += len(raw)
		}
	}
	return n
}
