package view_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	. "linli/internal/engine/enginetest"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/long"
	"linli/internal/room"
)

// Whatever people do, and wherever the program is stopped or killed meanwhile: views that grew with it are those that are made of
// the log alone.
func TestViewsBuiltAgainAreTheSame(t *testing.T) {
	t.Parallel()
	for seed := range uint64(long.Runs(2, 20)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := New(t)
			w := s.Walk(seed)
			for range 500 {
				w.Step()
				switch w.IntN(200) {
				case 0:
					s.Restart()
				case 1:
					s.Kill()
					s.Start()
				case 2: // the views lose what was done last
					s.HoldViews()
					answered := make(chan struct{})
					go func() {
						defer close(answered)
						_, _ = s.Do(Zhang, "text.post", 0, "", `{"text":"谁知道呢"}`) // it may be stored or not
					}()
					s.Kill()
					<-answered // by the life that ended; the next one is not made before
					s.Start()
				}
			}
			s.Restart()
			grown := s.Digest()
			s.Rebuild()
			s.Seen()
			if again := s.Digest(); again != grown {
				t.Error("built again the views differ")
			}
			for _, name := range kind.Names() {
				if w.Happen[name+".post"] == 0 && name != "joined" {
					t.Logf("never posted: %s", name)
				}
			}
			t.Log(len(w.Happen), "sorts of acts:", slices.Sorted(maps.Keys(w.Happen)))
		})
	}
}

// How a room knows somebody does not depend on what has happened to them since.
func TestANameIsThatOfItsEntry(t *testing.T) {
	t.Parallel()
	s := New(t)
	ear := s.Ear(Li)
	s.HoldFollower() // the writer runs ahead of who tells
	admitted := make(chan struct{})
	go func() {
		defer close(admitted)
		s.Serve("person.admit", map[string]any{"people": []any{Admission(ZhangB, Heyuan, 4), Admission(Passer, Heyuan, 5)}, "quiet": true})
	}()
	waitFor(t, func() bool { return len(s.Read(id.Office)) == 5 })
	s.ReleaseFollower()
	<-admitted
	s.HoldFollower()
	waitFor(t, func() bool {
		in := false
		_ = s.Engine.ReadRoom(Heyuan, func(r *room.State) { in = r.Has(Passer) })
		return in
	})
	left := make(chan struct{})
	go func() {
		defer close(left)
		s.Serve("person.left", map[string]any{"person": Passer, "room": Heyuan})
	}()
	waitFor(t, func() bool { return len(s.Read(id.Office)) == 6 })
	s.ReleaseFollower()
	<-left
	ear.Until(func(h Heard) bool { return slices.Contains(h.Gone, Passer) })
	s.Seen()
	if name, _ := s.View.NameOf(Heyuan, Passer); !strings.HasPrefix(name.Name, "3-1-105 ") {
		t.Errorf("the room knew %q", name.Name)
	}
	grown := s.Digest()
	s.Rebuild()
	if s.Seen(); s.Digest() != grown {
		t.Error("built again the views differ")
	}
}

func waitFor(t *testing.T, is func() bool) {
	t.Helper()
	long.Wait(t, "what was asked for", is)
}
