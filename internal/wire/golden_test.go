package wire

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"

	"linli/internal/entry"
	"linli/internal/id"
	"linli/internal/room"
)

var update = flag.Bool("update", false, "write testdata/deliveries")

// golden is a room's deliveries as they went out, and what whoever heard them all shows then. The client's own tests read the
// same files.
type golden struct {
	Deliveries []json.RawMessage `json:"deliveries"`
	Items      []json.RawMessage `json:"items"` // in the end
	Pins       []entry.Seq       `json:"pins"`
}

type said struct{ by, act, re, with, words string }

var goldens = map[string][]said{
	"text": {
		{"p1", "text.post", "", ``, `{"text":"早上好 👋 <b>\"引号\"</b>"}`},
		{"p2", "text.post", "3", ``, `{"text":"早"}`},
		{"p2", "item.react", "3", `{"face":"赞","on":true}`, ``},
		{"p0", "item.react", "3", `{"face":"赞","on":true}`, ``},
		{"p2", "item.react", "3", `{"face":"赞","on":false}`, ``},
		{"p2", "item.edit", "4", ``, `{"text":"早上好"}`},
		{"p0", "item.react", "4", `{"face":"赞","on":true}`, ``},
		{"p1", "item.retract", "3", ``, ``},
	},
	"attached": {
		{"p1", "picture.post", "", `{"files":[{"hash":"HASH1","type":"image/jpeg","size":5,"w":4,"h":3}]}`, `{"text":"楼下"}`},
		{"p2", "voice.post", "", `{"files":[{"hash":"HASH2","type":"audio/webm","size":5}],"seconds":3,"wave":"0590"}`, ``},
		{"p2", "item.react", "3", `{"face":"赞","on":true}`, ``},
		{"p1", "item.retract", "3", ``, ``},
	},
	"forward": { // as the door has filled it in
		{"p1", "forward.post", "", `{"parts":[{},{"kind":"picture","files":1},{"kind":"poll","room":"r2","seq":9}],"files":[{"hash":"HASH1","type":"image/jpeg","size":5,"w":4,"h":3}]}`,
			`{"text":"看看","parts":[{"room":"和园5号楼","by":"程胜嘉","at":1772784000000,"text":"明早五点来水"},{"room":"和园5号楼","by":"李女士","at":1772784060000,"text":"楼下"},{"room":"和园5号楼","by":"程胜嘉","at":1772784120000,"sum":"[投票] 装不装快递柜"}]}`},
		{"p2", "item.react", "3", `{"face":"谢谢","on":true}`, ``},
		{"p1", "item.retract", "3", ``, ``},
	},
	"sticker": {
		{"p1", "sticker.post", "", `{"name":"thanks"}`, ``},
		{"p2", "sticker.post", "3", `{"name":"rain"}`, ``},
		{"p2", "item.react", "3", `{"face":"赞","on":true}`, ``},
		{"p2", "item.retract", "4", ``, ``},
	},
	"notice": {
		{"p0", "notice.post", "", `{"confirm":true,"pin":true,"importance":"important"}`, `{"title":"今晚停水","body":"22:00 至次日 5:00"}`},
		{"p1", "notice.confirm", "3", ``, ``},
		{"p2", "notice.confirm", "3", ``, ``},
		{"p0", "item.pin", "3", `{"on":false}`, ``},
	},
	"request": {
		{"p1", "request.post", "", `{"template":"买药","door":true}`, `{"text":"降压药两盒"}`},
		{"p2", "request.claim", "3", ``, ``},
		{"p2", "request.start", "3", ``, ``},
		{"p2", "request.complete", "3", ``, `{"note":"放在门口"}`},
		{"p1", "request.confirm", "3", ``, ``},
		{"p1", "request.rate", "3", `{"stars":5}`, `{"text":"谢谢"}`},
	},
	"poll": {
		{"p0", "poll.post", "", `{"options":2,"per":"household"}`, `{"title":"是否同意开放西门?","options":["同意","不同意"]}`},
		{"p1", "poll.vote", "3", `{"option":0}`, ``},
		{"p2", "poll.vote", "3", `{"option":1}`, ``},
	},
	"signup": {
		{"p1", "signup.post", "", `{"options":1,"stock":[5],"limit":4}`, `{"title":"鸡蛋","options":["一板"]}`},
		{"p2", "signup.join", "3", `{"option":0,"quantity":2}`, ``},
		{"p2", "signup.leave", "3", ``, ``},
	},
	"suggestion": {
		{"p1", "suggestion.post", "", ``, `{"text":"南门只有一个出口，建议开放西门"}`},
		{"p2", "suggestion.support", "3", ``, ``},
		{"p0", "suggestion.reply", "3", `{"outcome":"partly"}`, `{"text":"早晚高峰开放"}`},
	},
	"emergency": {
		{"p1", "emergency.post", "", `{"category":"突发疾病","door":true}`, `{"text":"老人胸口疼"}`},
		{"p2", "emergency.claim", "3", ``, ``},
		{"p2", "emergency.complete", "3", ``, `{"note":"已处理,人员安全"}`},
	},
}

// TestGoldenDeliveries plays each story, one delivery a command, and compares the bytes with those kept. Every delivery made by
// hand is the same JSON as the types of this package give, and no field is in it that they do not know.
func TestGoldenDeliveries(t *testing.T) {
	for name, story := range goldens {
		t.Run(name, func(t *testing.T) {
			got := play(t, story)
			file := filepath.Join("testdata", "deliveries", name+".json")
			b, err := json.MarshalIndent(got, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			b = append(b, '\n')
			if *update {
				if err := os.WriteFile(file, b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			kept, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(kept, b) {
				t.Errorf("%s is different now; if that is meant, go test ./internal/wire -update\n%s", file, b)
			}
		})
	}
}

func play(t *testing.T, story []said) golden {
	t.Helper()
	s := room.New("r1")
	now := int64(1_772_784_000_000)
	set := func(kind, facts string) {
		s.Apply(now, &entry.Entry{Kind: kind, By: id.Server, Facts: json.RawMessage(facts)})
	}
	set("room.premises", `{"add":[{"id":"h1","label":"3-2-501","kind":"home"},{"id":"h2","label":"3-2-502","kind":"home"}]}`)
	set("member.join", `{"quiet":true,"who":[{"person":"p0","badge":"群主","role":"owner","rev":1},`+
		`{"person":"p1","premises":"h1","badge":"业主","rev":1},{"person":"p2","premises":"h2","badge":"租户","rev":1}]}`)
	names := map[id.Person]string{"p0": "周社工", "p1": "3-2-501 王女士", "p2": "3-2-502 李先生"}
	var out golden
	published := entry.Seq(0)
	for n, x := range story {
		now += 10_000
		re, _ := strconv.ParseUint(x.re, 10, 64)
		c := entry.Command{ID: "d." + strconv.Itoa(n+1), Act: x.act, Re: entry.Seq(re), With: json.RawMessage(x.with), Words: json.RawMessage(x.words)}
		actor := entry.Actor{Person: id.Person(x.by), Device: "d"}
		if x.by == "p0" {
			actor.Grants = []entry.Grant{{Role: entry.Owner, Room: "r1"}}
		}
		entries, err := s.Decide(actor, &c, now)
		if err != nil {
			t.Fatalf("%s: %v", x.act, err)
		}
		var changes []room.Change
		for i := range entries {
			changes = append(changes, s.Apply(now, &entries[i]))
		}
		parts := Render(s, changes)
		pieces := parts.Pieces()
		from, told := published, !pieces.Empty()
		pieces.From = &from
		if told {
			published = parts.Seq
		}
		for _, p := range parts.Spoken {
			pieces.People = append(pieces.People, mustJSON(Name{ID: p, Rev: 1, Name: names[p]}))
		}
		for _, own := range parts.Own {
			if own.Person == "p1" { // the one who listens here
				pieces.Mine = append(pieces.Mine, own.Mine)
			}
		}
		d := AppendDelivery(nil, pieces)
		sameAsTypes(t, d)
		out.Deliveries = append(out.Deliveries, d)
	}
	for seq := entry.Seq(1); seq <= s.Seq(); seq++ {
		if item := s.Held(seq); item != nil {
			out.Items = append(out.Items, appendItem(nil, item, stateOf(item)))
		}
	}
	out.Pins = append([]entry.Seq{}, s.Pins()...)
	return out
}

func sameAsTypes(t *testing.T, hand []byte) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(hand))
	d.DisallowUnknownFields()
	var typed Delivery
	if err := d.Decode(&typed); err != nil {
		t.Fatalf("%s: %v", hand, err)
	}
	var a, b any
	if json.Unmarshal(hand, &a) != nil || json.Unmarshal(mustJSON(typed), &b) != nil {
		t.Fatalf("not JSON: %s", hand)
	}
	if pins, ok := a.(map[string]any)["pins"].([]any); ok && len(pins) == 0 {
		delete(a.(map[string]any), "pins") // none left: the types cannot say it, the hand does
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("by hand\n%s\nby the types\n%s", hand, mustJSON(typed))
	}
}

// TestItemsReadBack holds for every golden: what a view keeps of an item makes the same item again.
func TestItemsReadBack(t *testing.T) {
	for name, story := range goldens {
		for _, sent := range play(t, story).Items {
			item, err := ReadItem(sent, nil)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if item.Card == nil {
				t.Errorf("%s: the card is lost", name)
			}
			item.Card = nil
			var want, got map[string]any
			if json.Unmarshal(sent, &want) != nil || json.Unmarshal(appendItem(nil, item, stateOf(item)), &got) != nil {
				t.Fatal("not JSON")
			}
			delete(want, "state")
			delete(got, "state")
			if !reflect.DeepEqual(want, got) {
				t.Errorf("%s: %v became %v", name, want, got)
			}
		}
	}
}

func FuzzFromClient(f *testing.F) {
	f.Add([]byte(`{"do":[{"id":"d.1","room":"r1","act":"text.post","words":{"text":"早"}}],"resume":[{"room":"r1","after":3}],"read":[["r1",4]],"hint":{"room":"r1","typing":true}}`))
	f.Add([]byte(`{"read":[["r1"]]}`))
	f.Add([]byte(`{"read":[[1,"r1",null]]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m FromClient
		if json.Unmarshal(b, &m) != nil {
			return
		}
		again := mustJSON(m)
		var n FromClient
		if err := json.Unmarshal(again, &n); err != nil {
			t.Fatalf("%s: %v", again, err)
		}
	})
}
