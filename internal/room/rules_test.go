package room

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// A room that goes without a kind refuses it to everybody, also after a checkpoint, and keeps what was posted before.
func TestARoomGoesWithoutAKind(t *testing.T) {
	s := New("r1")
	s.Apply(1, &entry.Entry{Kind: "member.join", By: id.Server, Facts: json.RawMessage(
		`{"quiet":true,"who":[{"person":"p0","role":"owner","badge":"群主","rev":1},{"person":"p1","premises":"h1","badge":"业主","rev":1}]}`)})
	post := func(by id.Person) error {
		who := entry.Actor{Person: by, Device: "d" + id.Device(by)}
		if by == "p0" {
			who.Grants = []entry.Grant{{Role: entry.Owner, Room: "r1"}}
		}
		_, err := s.Decide(who, &entry.Command{ID: "d" + string(by) + ".1", Act: "sticker.post", With: json.RawMessage(`{"name":"rain"}`)}, 2)
		return err
	}
	if err := post("p1"); err != nil {
		t.Fatal(err)
	}
	s.Apply(3, &entry.Entry{Kind: "room.rules", By: id.Server, Cause: 7, Facts: json.RawMessage(`{"without":["sticker"]}`)})
	kept, err := s.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	if s, err = Restore("r1", kept); err != nil {
		t.Fatal(err)
	}
	for _, p := range []id.Person{"p0", "p1"} {
		if err := post(p); !fault.Is(err, fault.Forbidden) || fault.Of(err).With["kind"] != "sticker" {
			t.Errorf("%s: %v", p, err)
		}
	}
	if got := s.Without(); !slices.Equal(got, []string{"sticker"}) {
		t.Errorf("without %v", got)
	}
	s.Apply(4, &entry.Entry{Kind: "room.rules", By: id.Server, Cause: 8, Facts: json.RawMessage(`{}`)})
	if err := post("p1"); err != nil || len(s.Without()) > 0 {
		t.Errorf("%v, without %v", err, s.Without())
	}
}

// A lane that is kept for those who answer for the room is closed to all others, also to what they say anew in it; a call for help and
// the other lanes are open as before, and so is the lane once it is given back.
func TestALaneIsKeptForThoseWhoAnswerForTheRoom(t *testing.T) {
	s, do := owned(t)
	do("p1", "text.post", 0, "", `{"text":"早"}`)
	said := s.Seq()
	try := func(by id.Person, act string, re Seq, with, words string) error {
		who := entry.Actor{Person: by, Device: "e" + id.Device(by)}
		if by == "p0" {
			who.Grants = []entry.Grant{{Role: entry.Owner, Room: "r1"}}
		}
		_, err := s.Decide(who, &entry.Command{ID: "e" + string(by) + ".1", Act: act, Re: re, With: json.RawMessage(with), Words: json.RawMessage(words)}, 1000)
		return err
	}
	closed := func(lane string, err error) {
		t.Helper()
		if !fault.Is(err, fault.Forbidden) || fmt.Sprint(fault.Of(err).With["lane"]) != lane {
			t.Errorf("%s: %v", lane, err)
		}
	}
	open := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	const help, call = `{"template":"买药"}`, `{"category":"火情"}`
	rules := func(facts string) {
		t.Helper()
		change := s.Apply(2, &entry.Entry{Kind: "room.rules", By: id.Server, Cause: s.Heard() + 1, Facts: json.RawMessage(facts)})
		if !change.Rules {
			t.Error("nobody is told")
		}
		kept, err := s.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Restore("r1", kept)
		if err != nil || fmt.Sprint(again.Reserved()) != fmt.Sprint(s.Reserved()) {
			t.Errorf("after a checkpoint: %v, %v", again.Reserved(), err)
		}
	}
	rules(`{"reserved":["chat"]}`)
	for act, with := range map[string]string{"text.post": "", "sticker.post": `{"name":"rain"}`, "poll.post": "", "suggestion.post": ""} {
		closed("chat", try("p1", act, 0, with, `{"text":"早"}`))
	}
	closed("chat", try("p1", "item.edit", said, "", `{"text":"晚"}`))
	open(try("p1", "item.react", said, `{"face":"赞","on":true}`, ""))
	open(try("p1", "item.retract", said, "", ""))
	open(try("p1", "request.post", 0, help, `{"text":"药"}`))
	open(try("p1", "emergency.post", 0, call, ""))
	open(try("p0", "text.post", 0, "", `{"text":"早"}`))
	rules(`{"reserved":["request"]}`)
	closed("request", try("p1", "request.post", 0, help, `{"text":"药"}`))
	open(try("p1", "emergency.post", 0, call, ""))
	open(try("p1", "text.post", 0, "", `{"text":"早"}`))
	open(try("p0", "request.post", 0, help, `{"text":"药"}`))
	rules(`{}`)
	open(try("p1", "text.post", 0, "", `{"text":"早"}`))
	open(try("p1", "request.post", 0, help, `{"text":"药"}`))
	open(try("p1", "item.edit", said, "", `{"text":"晚"}`))
}
