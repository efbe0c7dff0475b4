package audit

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MAC authenticates parts under a key that lies outside the database.
type MAC func(parts ...[]byte) []byte

// Sum is what a seal says about the events of one month (UTC) in its range.
// Months are summed apart so that a seal can still be checked when one of its
// months has been dropped.
type Sum struct {
	Month time.Time
	Count int64
	Hash  []byte
}

// Seal is one link of the chain. It covers the events of all transactions
// with From <= XID < Upto.
type Seal struct {
	Number   int64
	From     uint64
	Upto     uint64
	SeenID   int64 // event numbers up to this one went to transactions that had ended by then
	Sums     []Sum // by month, ascending
	Previous []byte
	Hash     []byte
	MAC      []byte
	SealedAt time.Time
}

// Count returns the number of events under the seal.
func (s Seal) Count() (n int64) {
	for _, sum := range s.Sums {
		n += sum.Count
	}
	return n
}

// Head names the end of the chain; written down outside the database it
// proves that nothing was cut off before it.
func (s Seal) Head() Head { return Head{Number: s.Number, Hash: s.Hash} }

// Head is the number and hash of a seal.
type Head struct {
	Number int64
	Hash   []byte
}

// String writes a head as it is logged: number:hash.
func (h Head) String() string {
	return strconv.FormatInt(h.Number, 10) + ":" + hex.EncodeToString(h.Hash)
}

// ParseHead reads what String wrote.
func ParseHead(text string) (Head, error) {
	number, sum, found := strings.Cut(strings.TrimSpace(text), ":")
	n, errNumber := strconv.ParseInt(number, 10, 64)
	digest, errHash := hex.DecodeString(sum)
	if !found || n < 1 || len(digest) != sha256.Size || errNumber != nil || errHash != nil {
		return Head{}, errors.New("not the head of an audit chain: want number:hash as it was logged")
	}
	return Head{Number: n, Hash: digest}, nil
}

// genesis stands for the link before the first.
var genesis = make([]byte, sha256.Size)

// Genesis returns the seal before the first one.
func Genesis() Seal { return Seal{Hash: genesis} }

// Summer sums up the events of one range. Add them in the order of (XID, ID).
type Summer struct {
	months map[string]*running
}

type running struct {
	month time.Time
	count int64
	hash  hash.Hash
}

// NewSummer returns an empty sum.
func NewSummer() *Summer { return &Summer{months: map[string]*running{}} }

// Add adds the next event.
func (s *Summer) Add(r Record) {
	month := MonthOf(r.At)
	key := month.Format("2006-01")
	sum := s.months[key]
	if sum == nil {
		sum = &running{month: month, hash: sha256.New()}
		s.months[key] = sum
	}
	sum.count++
	sum.hash.Write(encode(r))
}

// Sums returns the sums by month, ascending.
func (s *Summer) Sums() []Sum {
	sums := make([]Sum, 0, len(s.months))
	for _, key := range slices.Sorted(maps.Keys(s.months)) {
		sum := s.months[key]
		sums = append(sums, Sum{Month: sum.month, Count: sum.count, Hash: sum.hash.Sum(nil)})
	}
	return sums
}

// MonthOf returns the first moment of the month, in UTC.
func MonthOf(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// Link returns the seal that follows s over the given sums.
func (s Seal) Link(upto uint64, seenID int64, sums []Sum, now time.Time, mac MAC) Seal {
	next := Seal{
		Number: s.Number + 1, From: s.Upto, Upto: upto, SeenID: seenID, Sums: sums,
		Previous: s.Hash, SealedAt: now.UTC().Truncate(time.Microsecond),
	}
	next.Hash = next.digest()
	next.MAC = mac(next.Hash)
	return next
}

// Follows reports what is wrong with s as the link after previous, or nil.
func (s Seal) Follows(previous Seal, mac MAC) error {
	switch {
	case s.Number != previous.Number+1:
		return fmt.Errorf("seal %d follows seal %d: seals are missing", s.Number, previous.Number)
	case !bytes.Equal(s.Previous, previous.Hash), s.From != previous.Upto:
		return fmt.Errorf("seal %d does not join the one before it", s.Number)
	case !bytes.Equal(s.Hash, s.digest()):
		return fmt.Errorf("seal %d was changed", s.Number)
	case !hmac.Equal(s.MAC, mac(s.Hash)):
		return fmt.Errorf("seal %d was not made with our key", s.Number)
	}
	return nil
}

func (s Seal) digest() []byte {
	b := []byte("surety audit seal 1")
	b = binary.BigEndian.AppendUint64(b, uint64(s.Number))
	b = binary.BigEndian.AppendUint64(b, s.From)
	b = binary.BigEndian.AppendUint64(b, s.Upto)
	b = binary.BigEndian.AppendUint64(b, uint64(s.SeenID))
	b = binary.BigEndian.AppendUint64(b, uint64(s.SealedAt.UnixMicro()))
	b = appendBytes(b, s.Previous)
	b = binary.BigEndian.AppendUint32(b, uint32(len(s.Sums)))
	for _, sum := range s.Sums {
		b = binary.BigEndian.AppendUint64(b, uint64(sum.Month.Unix()))
		b = binary.BigEndian.AppendUint64(b, uint64(sum.Count))
		b = appendBytes(b, sum.Hash)
	}
	digest := sha256.Sum256(b)
	return digest[:]
}

// encode writes an event so that two different events never read the same:
// every field has its length before it.
func encode(r Record) []byte {
	b := []byte{1} // version of this encoding
	b = binary.BigEndian.AppendUint64(b, r.XID)
	b = binary.BigEndian.AppendUint64(b, uint64(r.ID))
	b = binary.BigEndian.AppendUint64(b, uint64(r.At.UnixMicro())) // PostgreSQL's precision
	for _, field := range []string{r.Type, r.AccountID, r.ActorID, r.ClientID, r.SessionID} {
		b = appendBytes(b, []byte(field))
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.Attrs)))
	for _, name := range slices.Sorted(maps.Keys(r.Attrs)) {
		b = appendBytes(b, []byte(name))
		b = appendBytes(b, []byte(r.Attrs[name]))
	}
	return appendBytes(b, r.Personal)
}

func appendBytes(b, field []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(field)))
	return append(b, field...)
}
