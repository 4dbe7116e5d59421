package main

import (
	"testing"

	"linli/internal/kind"
)

// Who looks at the doors where a notice has not arrived sees before they remind them how often that may be.
func TestTheMissingDoorsSayHowOftenTheyMayBeReminded(t *testing.T) {
	t.Parallel()
	w, room, _ := newInside(t, func(*Config) {})
	own := w.as(keeper)
	seq, no := own.act(room, "notice.post", 0, map[string]any{"confirm": true}, map[string]any{"title": "停水通知", "body": "今晚"})
	if no != "" {
		t.Fatal(no)
	}
	remind, _ := own.must("GET", "/rooms/"+room+"/items/"+itoa(seq)+"/receipts", nil)["remind"].(map[string]any)
	if remind["most"] != float64(kind.MostReminders) {
		t.Errorf("%v", remind)
	}
}
