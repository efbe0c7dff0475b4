package text

import (
	"fmt"
	"log/slog"
	"maps"
	"math"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
)

// generalKey is what a person reads when a text is missing.
const generalKey = "error.general"

// Localizer gives the texts in one language.
type Localizer struct {
	lang   string
	zone   *time.Location
	log    *slog.Logger
	i18n   *i18n.Localizer
	months []string
	plain  map[string]string // texts without values
	plural map[string]bool   // texts with values; true if they have plural forms
	terms  Document
}

// Lang returns the language: be, ru, uk or en.
func (l *Localizer) Lang() string { return l.lang }

// Has reports whether the key exists.
func (l *Localizer) Has(key string) bool {
	if _, ok := l.plain[key]; ok {
		return true
	}
	_, ok := l.plural[key]
	return ok
}

// T returns the text of a key with values given as name, value pairs.
func (l *Localizer) T(key string, pairs ...any) string {
	if len(pairs) == 0 {
		return l.Message(key, nil)
	}
	args := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		if name, ok := pairs[i].(string); ok {
			args[name] = pairs[i+1]
		}
	}
	return l.Message(key, args)
}

// Message returns the text of a key with values. The value count chooses the
// plural form; times and durations are written as the language does. It never
// fails: a missing key gives general words and a line in the log.
func (l *Localizer) Message(key string, args map[string]any) string {
	if s, ok := l.plain[key]; ok {
		return s
	}
	plural, ok := l.plural[key]
	if !ok {
		l.log.Error("text is missing", slog.String("key", key), slog.String("lang", l.lang))
		return l.plain[generalKey]
	}
	config := &i18n.LocalizeConfig{MessageID: key, TemplateData: l.values(args)}
	if plural {
		config.PluralCount = count(args["count"])
	}
	s, err := l.i18n.Localize(config)
	if err != nil || strings.Contains(s, "<no value>") {
		l.log.Error("text cannot be filled", slog.String("key", key), slog.String("lang", l.lang), slog.Any("error", err))
	}
	if s == "" {
		return l.plain[generalKey]
	}
	return strings.TrimSpace(strings.ReplaceAll(s, "<no value>", "…"))
}

// values writes times and durations in the language and leaves the rest.
func (l *Localizer) values(args map[string]any) map[string]any {
	out := maps.Clone(args)
	for name, v := range out {
		switch v := v.(type) {
		case time.Time:
			out[name] = l.DateTime(v)
		case time.Duration:
			out[name] = l.Duration(v)
		}
	}
	return out
}

// count makes a whole number of whatever a rule counted.
func count(v any) int {
	switch v := v.(type) {
	case int:
		return v
	case int64:
		return int(v)
	case time.Duration:
		return int(math.Ceil(v.Minutes()))
	}
	return 0
}

// Date writes a day: "3 мая 2026 г.", "3 May 2026".
func (l *Localizer) Date(t time.Time) string {
	t = t.In(l.zone)
	return l.plainOr("date.day", "Day", t.Day(), "Month", l.months[t.Month()-1], "Year", t.Year())
}

// Time writes a time of day: "14:05".
func (l *Localizer) Time(t time.Time) string { return t.In(l.zone).Format("15:04") }

// DateTime writes a day and a time.
func (l *Localizer) DateTime(t time.Time) string {
	return l.plainOr("date.time", "Date", l.Date(t), "Time", l.Time(t))
}

func (l *Localizer) plainOr(key string, pairs ...any) string {
	if l.Has(key) {
		return l.T(key, pairs...)
	}
	return strings.TrimSpace(fmt.Sprintln(pairs...))
}

// Duration writes a length of time in its largest fitting unit, rounded up,
// so that nobody comes back too early: "40 seconds", "15 minutes", "2 hours", "3 days".
func (l *Localizer) Duration(d time.Duration) string {
	switch {
	case d < time.Minute:
		return l.T("duration.seconds", "count", max(1, ceil(d, time.Second)))
	case d < 2*time.Hour:
		return l.T("duration.minutes", "count", ceil(d, time.Minute))
	case d < 48*time.Hour:
		return l.T("duration.hours", "count", ceil(d, time.Hour))
	}
	return l.T("duration.days", "count", ceil(d, 24*time.Hour))
}

// Span writes how long something takes, from one time to another: "5 minutes",
// "14–35 days", "5 minutes, at most 5 days".
func (l *Localizer) Span(soonest, latest time.Duration) string {
	const day, week = 24 * time.Hour, 7 * 24 * time.Hour
	soonest, latest = rough(soonest), rough(latest)
	switch {
	case latest <= soonest:
		return l.Duration(soonest)
	case soonest >= week && soonest%week == 0 && latest%week == 0:
		return l.span("weeks", soonest, latest, week)
	case soonest >= 2*day:
		return l.span("days", soonest, latest, day)
	case soonest >= 2*time.Hour && latest < 2*day:
		return l.span("hours", soonest, latest, time.Hour)
	case soonest >= time.Minute && latest < 2*time.Hour:
		return l.span("minutes", soonest, latest, time.Minute)
	}
	from := l.Duration(soonest)
	if soonest == time.Hour { // minutes beside days would be overdone
		from = l.T("duration.hours", "count", 1)
	}
	return l.T("span.at_most", "Soonest", from, "Latest", l.Duration(latest))
}

// rough drops what nobody counts: minutes on top of days, and single ones on
// top of hours.
func rough(d time.Duration) time.Duration {
	switch {
	case d >= 48*time.Hour:
		return d.Truncate(time.Hour)
	case d >= time.Hour:
		return d.Truncate(10 * time.Minute)
	}
	return d
}

// span writes a range in one unit; the noun agrees with its end.
func (l *Localizer) span(name string, soonest, latest, unit time.Duration) string {
	from, to := ceil(soonest, unit), ceil(latest, unit)
	if from == to {
		return l.Duration(latest)
	}
	return l.T("span."+name, "From", from, "count", to)
}

func ceil(d, unit time.Duration) int { return int((d + unit - 1) / unit) }

// months returns the names of months as they stand after a day's number: in
// the genitive in Belarusian, Russian and Ukrainian.
func months(lang string) []string {
	return strings.Fields(map[string]string{
		"be": "студзеня лютага сакавіка красавіка мая чэрвеня ліпеня жніўня верасня кастрычніка лістапада снежня",
		"ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
		"uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
		"en": "January February March April May June July August September October November December",
	}[lang])
}
