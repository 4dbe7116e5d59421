package enginetest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/kind"
	"linli/internal/room"
)

// Walk is a long run of whatever people may do in the first room: every kind and action, mostly such as make sense. The same seed
// walks the same way, as long as the kinds are the same.
type Walk struct {
	*rand.Rand
	street *Street
	posts  []post
	Happen map[string]int // by act, what was not refused
}

type post struct {
	seq   entry.Seq
	kind  string
	hands []id.Person // who did something to it, first its author
}

// Walk starts one.
func (s *Street) Walk(seed uint64) *Walk {
	return &Walk{Rand: rand.New(rand.NewPCG(seed, 20260306)), street: s, Happen: map[string]int{}}
}

// Step does one thing and waits until it is answered; what is refused is part of the walk. Some steps let time pass, and some
// are the office's.
func (w *Walk) Step() {
	s := w.street
	s.T.Helper()
	switch w.IntN(40) {
	case 0:
		s.Wait(time.Duration(w.IntN(60)) * time.Minute)
		s.Engine.Due()
	case 1:
		_, _ = s.Engine.As(s.T.Context(), id.Office, entry.Command{Act: "person.renamed", With: asJSON(map[string]any{"person": w.somebody()})}, time.Time{})
		s.Settle()
	case 2:
		w.comeOrGo()
		s.Settle()
	default:
		p, act, re, with, words := w.command()
		seq, err := s.Do(p, act, re, with, words)
		if err != nil {
			return
		}
		w.Happen[act]++
		if k, verb, _ := strings.Cut(act, "."); verb == "post" {
			w.posts = append(w.posts, post{seq, k, []id.Person{p}})
		} else if at := slices.IndexFunc(w.posts, func(x post) bool { return x.seq == re }); at >= 0 {
			w.posts[at].hands = append(w.posts[at].hands, p)
		}
	}
}

// comeOrGo lets a passer-by in, or out again.
func (w *Walk) comeOrGo() {
	s, in := w.street, false
	_ = s.Engine.ReadRoom(Heyuan, func(r *room.State) { in = r.Has(Passer) })
	c := entry.Command{Act: "person.admit", With: asJSON(map[string]any{"people": []any{Admission(Passer, Heyuan, 5)}})}
	if in {
		c = entry.Command{Act: "person.moved", With: asJSON(map[string]any{"person": Passer, "room": Heyuan})}
	}
	_, _ = s.Engine.As(s.T.Context(), id.Office, c, time.Time{})
}

func (w *Walk) somebody() id.Person {
	people := append([]id.Person{Zhou, Zhou, Passer}, Neighbours...)
	return people[w.IntN(len(people))]
}

// common are the acts that are done to any item, or to people.
var common = []string{"item.retract", "item.react", "item.react", "item.edit", "item.pin", "member.mute"}

func (w *Walk) command() (p id.Person, act string, re entry.Seq, with, words string) {
	p = w.somebody()
	if len(w.posts) == 0 || w.IntN(4) == 0 {
		names := kind.Names()
		name := names[w.IntN(len(names))]
		if w.IntN(4) == 0 && len(w.posts) > 0 {
			re = w.posts[w.IntN(len(w.posts))].seq
		}
		if w.IntN(2) == 0 {
			p = Zhou
		}
		return p, name + ".post", re, w.facts(name), w.words(name)
	}
	on := w.posts[w.IntN(len(w.posts))]
	if w.IntN(2) == 0 { // what is new is talked of most
		on = w.posts[len(w.posts)-1-w.IntN(min(10, len(w.posts)))]
	}
	if w.IntN(2) == 0 {
		p = on.hands[w.IntN(len(on.hands))]
	}
	act = common[w.IntN(len(common))]
	if k := kind.Of(on.kind); w.IntN(3) > 0 && k != nil && len(k.Acts) > 1 {
		act = on.kind + "." + k.Acts[w.IntN(len(k.Acts))]
	}
	return p, act, on.seq, w.facts(on.kind), w.words(on.kind)
}

// media is the type of the files of a kind.
var media = map[string]string{"picture": "image/jpeg", "video": "video/mp4", "voice": "audio/ogg", "file": "application/pdf"}

// facts are such as fit any action of a kind.
func (w *Walk) facts(name string) string {
	ahead := w.street.Now().Add(time.Duration(w.IntN(5*60)) * time.Minute).UnixMilli()
	f := map[string]any{
		"face": room.Faces[w.IntN(len(room.Faces))], "on": w.IntN(3) > 0, "person": w.somebody(), "option": w.IntN(2), "quantity": 1 + w.IntN(3),
		"stars": 1 + w.IntN(5), "options": 2, "confirm": true, "pin": w.IntN(2) == 0, "importance": "normal", "template": "买药", "door": true,
		"category": "其他", "outcome": "noted", "per": []string{"household", "person"}[w.IntN(2)],
	}
	if w.IntN(3) == 0 {
		f["until"], f["closes"] = ahead, ahead
	}
	switch name {
	case "signup":
		f["stock"] = []int{w.IntN(4), 0}
	case "text":
		switch w.IntN(8) {
		case 0:
			f = map[string]any{"to": []id.Person{Neighbours[w.IntN(len(Neighbours))]}, "face": f["face"], "on": f["on"]}
		case 1:
			f = map[string]any{"all": true}
		}
	case "sticker":
		f["name"] = "thanks"
	case kind.Forward:
		f["parts"] = []kind.Part{{}}
	case "voice", "video", "picture", "file":
		f["seconds"] = 3
		f["files"] = []kind.File{{Hash: fmt.Sprintf("hash%d", w.IntN(50)), Type: media[name], Size: 1000}}
	}
	return string(asJSON(f))
}

func (w *Walk) words(name string) string {
	if name == "voice" || name == "sticker" {
		return ""
	}
	text := fmt.Sprintf("话 %d", w.IntN(1000))
	return string(asJSON(map[string]any{
		"text": text, "title": text, "body": text, "reason": text, "note": text, "why": "通知", "name": "表.pdf", "options": []string{"甲", "乙"},
		"parts": []any{map[string]any{"room": "和园4号楼", "by": "王女士", "at": 1, "text": text}},
	}))
}

func asJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
