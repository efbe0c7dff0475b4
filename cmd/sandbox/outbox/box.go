package outbox

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of what is remembered. The oldest go first.
const (
	maxMessages = 2000
	maxBytes    = 16 << 20
	maxKeys     = 50_000
	maxSearched = 64 << 10 // how far codes and links are looked for
)

// The channels.
const (
	channelEmail = "email"
	channelSMS   = "sms"
)

// Message is one message as it was received, and what a person would look for
// in it.
type Message struct {
	ID      int64     `json:"id"`
	Channel string    `json:"channel"`
	From    string    `json:"from,omitempty"`
	To      string    `json:"to"`
	Subject string    `json:"subject,omitempty"`
	Text    string    `json:"text"`
	Code    string    `json:"code,omitempty"`  // the first code in the text
	Links   []string  `json:"links,omitempty"` // in order
	At      time.Time `json:"at"`
	Repeats int       `json:"repeats"` // how often it was sent again and dropped
}

// size is roughly what the message costs in memory.
func (m Message) size() int {
	return 200 + len(m.From) + len(m.To) + len(m.Subject) + 2*len(m.Text)
}

// Box keeps messages. It is safe for concurrent use.
type Box struct {
	mu       sync.Mutex
	messages []Message        // by ID, oldest first
	bytes    int              // their sizes
	last     int64            // the newest ID
	ids      map[string]int64 // by key: which message it was
	keys     []string         // the keys of ids, oldest first
	repeats  int64            // all repeats, also of messages that are gone
	news     chan struct{}    // closed and replaced when anything arrives
}

// NewBox returns an empty box.
func NewBox() *Box {
	return &Box{ids: map[string]int64{}, news: make(chan struct{})}
}

// Add keeps a message unless one with this key is known; then it counts the
// repeat. It returns the message's ID, and whether it is new.
func (b *Box) Add(key string, m Message) (int64, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.announce()
	if id, known := b.ids[key]; known {
		b.repeats++
		if i, found := b.index(id); found {
			b.messages[i].Repeats++
		}
		return id, false
	}
	b.last++
	head := m.Text[:min(len(m.Text), maxSearched)]
	m.ID, m.Code, m.Links, m.Repeats = b.last, findCode(head), findLinks(head), 0
	b.messages = append(b.messages, m)
	b.bytes += m.size()
	b.ids[key] = m.ID
	b.keys = append(b.keys, key)
	b.forget()
	return m.ID, true
}

// forget lets the oldest go. The caller holds mu.
func (b *Box) forget() {
	gone := 0
	for len(b.messages)-gone > 1 && (len(b.messages)-gone > maxMessages || b.bytes > maxBytes) {
		b.bytes -= b.messages[gone].size()
		gone++
	}
	clear(b.messages[:gone]) // lets go of the texts; append moves the rest now and then
	b.messages = b.messages[gone:]
	for len(b.keys) > maxKeys {
		delete(b.ids, b.keys[0])
		b.keys = b.keys[1:]
	}
}

// announce wakes everyone who waits. The caller holds mu.
func (b *Box) announce() {
	close(b.news)
	b.news = make(chan struct{})
}

// index finds a message. The caller holds mu.
func (b *Box) index(id int64) (int, bool) {
	return slices.BinarySearchFunc(b.messages, id, func(m Message, id int64) int { return int(m.ID - id) })
}

// Filter says which messages are meant; empty fields match all.
type Filter struct {
	To      string
	Channel string
	After   int64
}

func (f Filter) matches(m Message) bool {
	return m.ID > f.After && (f.Channel == "" || f.Channel == m.Channel) && (f.To == "" || strings.EqualFold(f.To, m.To))
}

// View is what the box holds at a moment.
type View struct {
	Messages []Message `json:"messages"`
	Last     int64     `json:"last"`    // the newest ID of all; give it as after= next time
	Repeats  int64     `json:"repeats"` // of all messages since the start
}

// Find returns the messages that match, oldest first, and a channel that is
// closed when anything else arrives.
func (b *Box) Find(f Filter) (View, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v := View{Messages: []Message{}, Last: b.last, Repeats: b.repeats}
	for _, m := range b.messages {
		if f.matches(m) {
			v.Messages = append(v.Messages, m)
		}
	}
	return v, b.news
}

// Wait returns as soon as a message matches, and what there is when ctx ends.
func (b *Box) Wait(ctx context.Context, f Filter) View {
	for {
		v, news := b.Find(f)
		if len(v.Messages) > 0 {
			return v
		}
		select {
		case <-news:
		case <-ctx.Done():
			return v
		}
	}
}

// Codes are six digits, in one piece or in two groups, and not part of a
// longer number.
var (
	codePattern = regexp.MustCompile(`(?:^|[^\pL\pN+/=_-])([0-9]{3}[ \x{00a0}-]?[0-9]{3})(?:[^\pL\pN/=_-]|$)`)
	linkPattern = regexp.MustCompile(`https?://[^\s<>"]+`)
)

func findCode(text string) string {
	// A link's numbers are nobody's code.
	found := codePattern.FindStringSubmatch(linkPattern.ReplaceAllString(text, " "))
	if found == nil {
		return ""
	}
	return strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, found[1])
}

func findLinks(text string) []string {
	var links []string
	for _, link := range linkPattern.FindAllString(text, 50) {
		links = append(links, strings.TrimRight(link, ".,;:!?)»"))
	}
	return links
}
