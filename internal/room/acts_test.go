package room

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/kind"
)

// What is known for an act is what is decided on, and nothing else: of the room's own acts, of each kind's, and of what is like them.
func TestAnActIsWhatIsDecidedOn(t *testing.T) {
	t.Parallel()
	s, do := owned(t)
	verbs := map[string]bool{"": true, "post.post": true, "of-later": true}
	for act := range ownActs {
		_, verb, _ := strings.Cut(act, ".")
		verbs[verb] = true
	}
	for _, verb := range []string{"retract", "edit", "react", "pin", "mute", "unpin", "join", "leave", "removed", "restored", "rules"} {
		verbs[verb] = true
	}
	for _, name := range kind.Names() {
		for _, verb := range kind.Of(name).Acts {
			verbs[verb] = true
		}
	}
	things := append(kind.Names(), "item", "member", "room", "", "of-later")
	n := 0
	for _, thing := range things {
		for verb := range verbs {
			act := thing + "." + verb
			do("p1", "text.post", 0, "", `{"text":"早"}`)
			if k := kind.Of(thing); k != nil {
				item := s.hand[s.Seq()]
				item.Kind, item.Card = thing, k.New().Apply("post", kind.Event{By: "p1", Room: s}, json.RawMessage(`{"confirm":true}`))
			}
			n++
			c := &entry.Command{ID: fmt.Sprintf("dacts.%d", n), Act: act, Re: s.Seq(), With: json.RawMessage(`{"person":"p1"}`), Words: json.RawMessage(`{"text":"好"}`)}
			_, err := s.Decide(entry.Actor{Person: "p0", Device: "dacts", Grants: []entry.Grant{{Role: entry.Owner, Room: "r1"}}}, c, 1000)
			if unknown := err != nil && fault.Of(err).With["field"] == "act"; unknown == IsAct(act) {
				t.Errorf("%q is an act: %v; decided: %v", act, IsAct(act), err)
			}
		}
	}
}
