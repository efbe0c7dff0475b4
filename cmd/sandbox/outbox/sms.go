package outbox

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxSMS is what operators commonly take: ten parts.
const maxSMS = 670

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// takeSMS is the gateway: 202 for a new message, 200 for one it has, 400 for
// one it will never take.
func (s *Server) takeSMS(w http.ResponseWriter, r *http.Request) {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || subtle.ConstantTimeCompare([]byte(key), []byte(s.smsKey)) != 1 {
		w.Header().Set("WWW-Authenticate", "Bearer")
		refuse(w, http.StatusUnauthorized, "no or wrong key")
		return
	}
	var in struct{ To, Text string }
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<10)).Decode(&in)
	repeat := r.Header.Get("Idempotency-Key")
	switch {
	case err != nil:
		refuse(w, http.StatusBadRequest, "the body is not JSON")
		return
	case repeat == "" || len(repeat) > 200:
		refuse(w, http.StatusBadRequest, "no Idempotency-Key of at most 200 characters")
		return
	case !e164.MatchString(in.To) || in.Text == "" || utf8.RuneCountInString(in.Text) > maxSMS:
		refuse(w, http.StatusUnprocessableEntity, "no number in E.164, or no text of at most 670 characters")
		return
	}
	fault := s.faults.next(r.Context(), channelSMS)
	if fault.Status != 0 && !fault.Taken {
		refuse(w, fault.Status, "as the sandbox was told")
		return
	}
	id, fresh := s.box.Add(channelSMS+"\x00"+repeat, Message{Channel: channelSMS, To: in.To, Text: in.Text, At: s.now()})
	switch {
	case fault.Status != 0:
		refuse(w, fault.Status, "as the sandbox was told")
	case fresh:
		writeJSON(w, http.StatusAccepted, map[string]any{"id": id})
	default:
		writeJSON(w, http.StatusOK, map[string]any{"id": id})
	}
}
