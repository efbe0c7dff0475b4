package strict

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Text reads a word or a sentence of at most that many characters. An empty
// value must be written as "", so that a forgotten one is found.
func (r *Reader) Text(n *Node, limit int) string {
	if !r.plain(n, yaml.ScalarNode, "a single value") {
		return ""
	}
	switch {
	case n.Tag == "!!null":
		r.Report(n, "", "the value is missing")
		return ""
	case utf8.RuneCountInString(n.Value) > limit:
		r.Report(n, "", "the text is longer than %d characters", limit)
		return ""
	case strings.ContainsFunc(n.Value, control):
		r.Report(n, "", "the text holds a control character")
		return ""
	}
	return n.Value
}

func control(c rune) bool { return c < ' ' && c != '\n' && c != '\t' || c == 0x7f }

// Texts reads a list of words, each once.
func (r *Reader) Texts(n *Node, entries, limit int) []string {
	var all []string
	seen := map[string]bool{}
	r.List(n, entries, func(_ int, n *Node) {
		value := r.Text(n, limit)
		if seen[value] {
			r.Report(n, "", "%q appears twice", short(value))
		}
		seen[value] = true
		all = append(all, value)
	})
	return all
}

// Bool reads true or false, and no other word for them.
func (r *Reader) Bool(n *Node) bool {
	value := r.Text(n, 20)
	if value != "" && value != "true" && value != "false" {
		r.Report(n, "true or false", "%q is not a yes or no", value)
	}
	return value == "true"
}

// Duration reads a time: "90s", "5m", "12h", "14d".
func (r *Reader) Duration(n *Node) time.Duration {
	value := r.Text(n, 40)
	d, err := ParseDuration(value)
	if value != "" && err != nil {
		r.Report(n, "for example 90s, 5m, 12h or 14d", "%q is not a time", value)
		return 0
	}
	return d
}

// ParseDuration is time.ParseDuration with days, which are what letters take.
func ParseDuration(s string) (time.Duration, error) {
	days, ok := strings.CutSuffix(s, "d")
	if !ok {
		return time.ParseDuration(s)
	}
	n, err := strconv.ParseUint(days, 10, 16)
	return time.Duration(n) * 24 * time.Hour, err
}

// Moment reads a moment (RFC 3339) or a day, which begins in the zone.
func (r *Reader) Moment(n *Node, zone *time.Location) time.Time {
	value := r.Text(n, 40)
	at, err := ParseMoment(value, zone)
	if value != "" && err != nil {
		r.Report(n, "for example 2026-05-01, or 2026-05-01T09:00:00+03:00", "%q is not a day or a moment", value)
		return time.Time{}
	}
	return at
}

// ParseMoment reads a moment (RFC 3339), or a day for its beginning in the zone.
func ParseMoment(s string, zone *time.Location) (time.Time, error) {
	if day, err := time.ParseInLocation(time.DateOnly, s, zone); err == nil {
		return day, nil
	}
	return time.Parse(time.RFC3339, s)
}
