package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/strict"
	"surety/idp/text"
)

// answer prints a result: as JSON, or as print writes it.
func (c *call) answer(value any, print func(w io.Writer) error) error {
	if !c.json {
		return print(c.out)
	}
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false) // addresses stay readable
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// table prints rows in columns.
func table(w io.Writer, head string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.ReplaceAll(head, " ", "\t"))
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

// moment writes a time for people; nothing for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// failure is an error in JSON.
type failure struct {
	Code    string               `json:"code"`
	Message string               `json:"message"`
	Members []client.MemberError `json:"members,omitempty"`
	// Problems are the mistakes in a file that people write, with their lines.
	Problems []problemRow `json:"problems,omitempty"`
}

// fail says on standard error what went wrong and chooses the exit code.
func (c *call) fail(err error) int {
	if errors.Is(err, errFaults) {
		return exitFaults // they have been printed as the result
	}
	code, status := exitFailed, "failed"
	var misused usageError
	switch kind := idp.CodeOf(err); {
	case errors.As(err, &misused):
		code, status = exitUsage, "usage"
	case kind == idp.CodeUnavailable:
		status = string(kind)
	case kind != "":
		code, status = exitRefused, string(kind)
	}
	message := plain(err)
	if c.json {
		f := failure{Code: status, Message: message}
		var invalid *client.InvalidMetadata
		if errors.As(err, &invalid) {
			f.Members = invalid.Members
		}
		var problems strict.Problems
		if errors.As(err, &problems) {
			f.Problems = problemRows(problems)
		}
		e := json.NewEncoder(c.errOut)
		e.SetEscapeHTML(false)
		_ = e.Encode(map[string]failure{"error": f}) // standard error is all there is
		return code
	}
	fmt.Fprintln(c.errOut, "idp:", message)
	if code == exitUsage {
		fmt.Fprintln(c.errOut, "idp: -h after a command says what it takes")
	}
	return code
}

// plain is an error in the operator's words: where it has a cause, the cause
// alone, because code and text key are for pages; else what a page would say.
func plain(err error) string {
	var coded *idp.Error
	if !errors.As(err, &coded) {
		return err.Error()
	}
	words := ""
	if coded.Cause != nil {
		words = coded.Cause.Error()
	} else if texts, loaded := text.Load(text.Config{}); loaded == nil {
		words = texts.Localizer("en").Message(coded.Key, coded.Args)
	}
	return strings.Replace(err.Error(), coded.Error(), words, 1)
}

// warn tells about something that the result does not show.
func (c *call) warn(format string, args ...any) {
	if !c.json {
		fmt.Fprintf(c.errOut, "idp: "+format+"\n", args...)
	}
}
