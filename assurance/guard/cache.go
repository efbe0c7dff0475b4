package guard

import "sync"

// maxRemembered bounds the bytes of tokens in each half of the cache.
const maxRemembered = 2 << 20

// tokenCache remembers tokens whose signature held: a client sends the same
// one with every request until it ends, and the signature is most of what a
// request costs. Everything else is asked anew each time: whether the key is
// still the provider's, the times, revocations, the requirement. Only tokens
// of the provider get in, so strangers cannot fill it.
//
// There are two halves. When the young one is full it becomes the old one, and
// what was the old one is forgotten; what is asked for is always young.
type tokenCache struct {
	mu         sync.RWMutex // guards what follows
	young, old map[string]seen
	size       int // bytes of the tokens in young
}

// seen is a token that was verified.
type seen struct {
	header     header
	key        *publicKey // under which the signature held
	claims     claims
	procedures []Procedure
}

func (c *tokenCache) get(raw string) (seen, bool) {
	c.mu.RLock()
	s, young := c.young[raw]
	found := young
	if !young {
		s, found = c.old[raw]
	}
	c.mu.RUnlock()
	if found && !young {
		c.put(raw, s)
	}
	return s, found
}

func (c *tokenCache) put(raw string, s seen) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young == nil || c.size+len(raw) > maxRemembered {
		c.young, c.old, c.size = map[string]seen{}, c.young, 0
	}
	if _, there := c.young[raw]; !there {
		c.size += len(raw)
	}
	c.young[raw] = s
}
