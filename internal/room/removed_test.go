package room

import (
	"encoding/json"
	"slices"
	"testing"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// newRemovable is a room with 王姨 behind a door, the only one of it.
func newRemovable() *State {
	s := New("r1")
	s.Apply(1, &entry.Entry{Kind: "room.premises", By: id.Server, Facts: json.RawMessage(`{"add":[{"id":"h1","label":"3-2-501","kind":"home"}]}`)})
	s.Apply(1, &entry.Entry{Kind: "member.join", By: id.Server, Facts: json.RawMessage(`{"who":[{"person":"王姨","premises":"h1","badge":"业主","rev":1}],"quiet":true}`)})
	return s
}

func says(t *testing.T, s *State, now int64) fault.Code {
	t.Helper()
	c := entry.Command{ID: "d.1", Act: "text.post", Words: json.RawMessage(`{"text":"x"}`)}
	_, err := s.Decide(entry.Actor{Person: "王姨", Device: "d"}, &c, now)
	if err == nil {
		return ""
	}
	return fault.Of(err).Code
}

func TestARemovalByTheOfficeEndsTheMembershipAndIsLifted(t *testing.T) {
	t.Parallel()
	s := newRemovable()
	change := s.Apply(2, &entry.Entry{Kind: "member.removed", By: "周社工", Cause: 5, Facts: json.RawMessage(`{"person":"王姨","until":100}`), Words: json.RawMessage(`{"reason":"吵闹"}`)})
	if len(change.Gone) != 1 || change.Gone[0].Until != 100 || string(change.Gone[0].Words) != `{"reason":"吵闹"}` {
		t.Errorf("gone: %v", change.Gone)
	}
	if s.Has("王姨") || s.Tally().Homes.Covered != 0 || says(t, s, 50) != fault.Removed {
		t.Error("she is in still")
	}
	if got := says(t, s, 100); got != fault.NotMember {
		t.Errorf("behind its end: %s", got)
	}
	// Another end for the same one tells nobody that somebody left again.
	if change := s.Apply(3, &entry.Entry{Kind: "member.removed", By: "周社工", Cause: 6, Facts: json.RawMessage(`{"person":"王姨"}`)}); len(change.Gone) != 0 {
		t.Errorf("gone again: %v", change.Gone)
	}
	if got := says(t, s, 1_000); got != fault.Removed {
		t.Errorf("without end: %s", got)
	}
	s.Apply(4, &entry.Entry{Kind: "member.restored", By: "周社工", Cause: 7, Facts: json.RawMessage(`{"person":"王姨"}`)})
	if got := says(t, s, 1_000); got != fault.NotMember {
		t.Errorf("lifted: %s", got)
	}
}

func TestAnOldRemovalByAnOwnerReplaysAsItWas(t *testing.T) {
	t.Parallel()
	s := newRemovable()
	change := s.Apply(2, &entry.Entry{Kind: "member.remove", By: "周社工", As: "owner", ID: "d9.1", Facts: json.RawMessage(`{"person":"王姨"}`), Words: json.RawMessage(`{"reason":"已搬走"}`)})
	if len(change.Gone) != 1 || s.Has("王姨") || says(t, s, 50) != fault.Removed {
		t.Error("she is in still")
	}
	var kept []id.Person
	for p, until := range s.EachRemoved {
		if until == 0 {
			kept = append(kept, p)
		}
	}
	if !slices.Equal(kept, []id.Person{"王姨"}) {
		t.Errorf("kept out: %v", kept)
	}
}

// Why somebody may not post for a while is about them, whoever says it: its key is theirs.
func TestTheReasonOfAMuteIsWhoseItIs(t *testing.T) {
	s, _ := owned(t)
	by := entry.Actor{Person: "p0", Device: "d", Grants: []entry.Grant{{Role: entry.Owner, Room: "r1"}}}
	c := entry.Command{ID: "d.1", Act: "member.mute", With: json.RawMessage(`{"person":"p1","until":9000}`), Words: json.RawMessage(`{"reason":"刷屏"}`)}
	entries, err := s.Decide(by, &c, 1000)
	if err != nil || len(entries) != 1 || entries[0].Of != "p1" {
		t.Errorf("%+v, %v", entries, err)
	}
}
