package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"surety/idp"
)

// WantsJSON reports whether whoever asks prefers JSON to a page (RFC 9110,
// section 12.5.1), and notes that the answer depends on it. A person's browser
// prefers pages; a program that says nothing gets one too.
func WantsJSON(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Add("Vary", "Accept")
	accept := strings.Join(r.Header.Values("Accept"), ",")
	return weight(accept, "application/json", "application/*") > weight(accept, "text/html", "text/*", "*/*")
}

// weight is how much one of the media types is wanted; the first one that is
// named counts.
func weight(accept string, types ...string) float64 {
	for _, name := range types {
		for entry := range strings.SplitSeq(accept, ",") {
			media, parameters, _ := strings.Cut(entry, ";")
			if !strings.EqualFold(strings.TrimSpace(media), name) {
				continue
			}
			for p := range strings.SplitSeq(parameters, ";") {
				if q, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(p)), "q="); ok {
					value, err := strconv.ParseFloat(q, 64)
					if err != nil {
						return 0
					}
					return value
				}
			}
			return 1
		}
	}
	return 0
}

// JSON answers a program.
func JSON(w http.ResponseWriter, status int, value any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // addresses stay readable; browsers are told that it is no page
	if err := e.Encode(value); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // whoever asked is gone if this fails
	return nil
}

// FailJSON is Fail for a program: the code of the error, the status of its
// page, and the reference by which staff find the line in the log.
func (s *Site) FailJSON(w http.ResponseWriter, r *http.Request, err error) error {
	o := classify(err)
	s.logFailure(r, o, err)
	code := string(idp.CodeOf(err))
	if code == "" {
		code = "internal"
	}
	if o.status == http.StatusServiceUnavailable {
		setRetryAfter(w, downWait)
	}
	return JSON(w, o.status, map[string]string{"error": code, "reference": RequestID(r.Context())})
}
