package password

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // the format of the list, nothing rests on it
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// Breached looks passwords up in a list of those that others have lost: one
// SHA-1 in hexadecimal a line, sorted, optionally with a colon and a count
// behind it, as such lists are published. The operator supplies the file; no
// look-up leaves the machine. It is safe for concurrent use.
type Breached struct {
	list io.ReaderAt
	size int64
}

// longestLine is more than a hash, a colon, a count and a line end.
const longestLine = 80

// hashLength is that of a SHA-1 in hexadecimal.
const hashLength = 2 * sha1.Size

// OpenBreached opens the file for as long as the process runs.
func OpenBreached(path string) (*Breached, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open list of breached passwords: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("open list of breached passwords: %w", err)
	}
	return NewBreached(file, info.Size())
}

// NewBreached takes the list from a reader and checks its first line.
func NewBreached(list io.ReaderAt, size int64) (*Breached, error) {
	b := &Breached{list: list, size: size}
	if size == 0 {
		return nil, errors.New("list of breached passwords: empty")
	}
	if _, _, err := b.lineAt(0); err != nil {
		return nil, err
	}
	return b, nil
}

// Has reports whether the password, in NFC, is on the list. A nil list is empty.
func (b *Breached) Has(password string) (bool, error) {
	if b == nil {
		return false, nil
	}
	sum := sha1.Sum([]byte(password)) //nolint:gosec // see above
	want := bytes.ToUpper(hex.AppendEncode(nil, sum[:]))
	// The line sought begins in [low, high).
	for low, high := int64(0), b.size; low < high; {
		middle := low + (high-low)/2
		hash, next, err := b.lineAt(middle)
		if err != nil {
			return false, err
		}
		switch order := bytes.Compare(hash, want); {
		case hash == nil || order > 0: // no line begins from middle on, or too late a one
			high = middle
		case order == 0:
			return true, nil
		default:
			low = next
		}
	}
	return false, nil
}

// lineAt returns the hash of the first line that begins at offset or later,
// and where the line after it begins; nil if none begins there.
func (b *Breached) lineAt(offset int64) (hash []byte, next int64, err error) {
	start := max(offset-1, 0) // a line begins at offset if the byte before ends one
	buffer := make([]byte, 2*longestLine)
	n, err := b.list.ReadAt(buffer, start)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, fmt.Errorf("read list of breached passwords: %w", err)
	}
	text := buffer[:n]
	if offset > 0 {
		end := bytes.IndexByte(text, '\n')
		if end < 0 && n == len(buffer) {
			return nil, 0, errNoList
		}
		if end < 0 {
			return nil, b.size, nil
		}
		start += int64(end) + 1
		text = text[end+1:]
	}
	if len(text) == 0 {
		return nil, b.size, nil
	}
	length := bytes.IndexByte(text, '\n') + 1
	if length == 0 {
		length = len(text) // the last line, without an end
	}
	if length < hashLength || length > longestLine {
		return nil, 0, errNoList
	}
	if _, err := hex.Decode(make([]byte, sha1.Size), text[:hashLength]); err != nil {
		return nil, 0, errNoList
	}
	return bytes.ToUpper(text[:hashLength]), start + int64(length), nil
}

var errNoList = errors.New("list of breached passwords: not one SHA-1 in hexadecimal a line")
