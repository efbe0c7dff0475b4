//go:build !linux

package password

// newBlocks takes memory from the heap; arena_linux.go does better.
func newBlocks(n int) []block { return make([]block, n) }
