package password

import (
	"syscall"
	"unsafe"
)

const (
	hugePage   = 2 << 20
	blockBytes = int(unsafe.Sizeof(block{}))
	dontDump   = 16 // MADV_DONTDUMP, madvise(2); package syscall lacks it
)

// newBlocks takes memory from the system instead of the heap: there it would
// count as live and so double what the collector lets pile up. Argon2 jumps
// about in it, so huge pages spare most of the address look-ups; and core
// dumps need not hold it.
func newBlocks(n int) []block {
	size := (n*blockBytes + hugePage - 1) / hugePage * hugePage
	memory, err := syscall.Mmap(-1, 0, size+hugePage, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return make([]block, n) // slower, and as right
	}
	_ = syscall.Madvise(memory, syscall.MADV_HUGEPAGE) // a hint: the kernel may not know it
	_ = syscall.Madvise(memory, dontDump)
	// Huge pages begin at their own multiples only.
	start := -uintptr(unsafe.Pointer(&memory[0])) & (hugePage - 1)
	return unsafe.Slice((*block)(unsafe.Pointer(&memory[start])), n)
}
