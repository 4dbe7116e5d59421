package room

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"linli/internal/entry"
	"linli/internal/id"
)

// Whom each act rings, and about what.
func TestWhomAnActRings(t *testing.T) {
	s := New("r1")
	s.Apply(1, &entry.Entry{Kind: "member.join", By: id.Server, Facts: json.RawMessage(`{"quiet":true,"who":[
		{"person":"p0","role":"owner","badge":"群主","rev":1},{"person":"p1","premises":"h1","badge":"业主","rev":1},
		{"person":"p2","badge":"志愿者","rev":1},{"person":"p3","badge":"党员志愿者","rev":1}]}`)})
	for n, step := range []struct {
		by, act     string
		re          Seq
		with, words string
		rings       string
	}{
		{"p1", "text.post", 0, ``, `{"text":"早"}`, ``},
		{"p2", "text.post", 2, ``, `{"text":"早"}`, `call:p1`},
		{"p2", "text.post", 3, ``, `{"text":"自言自语"}`, ``},
		{"p1", "text.post", 0, `{"to":["p2"],"roles":["值班"]}`, `{"text":"谁在"}`, `call:p2 call:p0~`},
		{"p0", "text.post", 0, `{"all":true}`, `{"text":"开会","why":"换电梯"}`, `call:*`},
		{"p1", "request.post", 0, `{"template":"买药","door":true}`, `{"text":"降压药"}`, `request:p2,p3`}, // 7
		{"p2", "request.claim", 7, ``, ``, `mine:p1`},
		{"p0", "request.dispatch", 7, `{"person":"p3"}`, ``, `mine:p3 mine:p1`},
		{"p3", "request.release", 7, ``, ``, `mine:p1,p3`},
		{"p3", "request.claim", 7, ``, ``, `mine:p1`},
		{"p3", "request.complete", 7, ``, ``, `mine:p1`},
		{"p1", "request.rate", 7, `{"stars":5}`, ``, `mine:p1,p3`},
		{"p0", "notice.post", 0, `{"confirm":true,"importance":"urgent"}`, `{"title":"停水"}`, `confirm:*`}, // 14
		{"p1", "notice.confirm", 14, ``, ``, ``},
		{"p0", "notice.post", 0, `{"importance":"normal"}`, `{"title":"停水"}`, `notice:*`},
		{"p1", "suggestion.post", 0, ``, `{"text":"换灯"}`, ``}, // 17
		{"p0", "suggestion.reply", 17, ``, `{"text":"这周"}`, `mine:p1`},
		{"p1", "emergency.post", 0, `{"category":"火情"}`, ``, `emergency:p0!# emergency:*!`}, // 19
		{"p2", "emergency.claim", 19, ``, ``, `emergency:p1!`},
		{"p3", "emergency.claim", 19, ``, ``, ``},
		{"p2", "emergency.complete", 19, ``, ``, `mine:p2,p3,p1`},
		{"p0", "item.pin", 2, `{"on":true}`, ``, ``},
	} {
		by := entry.Actor{Person: id.Person(step.by), Device: "d"}
		if step.by == "p0" {
			by.Grants = []entry.Grant{{Role: entry.Owner, Room: "r1"}}
		}
		c := entry.Command{ID: fmt.Sprintf("d.%d", n+1), Act: step.act, Re: step.re, With: json.RawMessage(step.with), Words: json.RawMessage(step.words)}
		const noon = 12 * 3600 * 1000 * 365 * 10
		entries, err := s.Decide(by, &c, noon)
		if err != nil {
			t.Fatalf("%s: %v", step.act, err)
		}
		var rings []string
		for i := range entries {
			for _, r := range s.Apply(noon, &entries[i]).Rings {
				var to []string
				for _, p := range r.To {
					to = append(to, string(p))
				}
				if r.All {
					to = []string{"*"}
				}
				line := r.Topic + ":" + strings.Join(to, ",")
				if r.Loud {
					line += "!"
				}
				if r.Text {
					line += "#"
				}
				if r.Turns {
					line += "~"
				}
				rings = append(rings, line)
			}
		}
		if got := strings.Join(rings, " "); got != step.rings {
			t.Errorf("%s by %s rings %q, not %q", step.act, step.by, got, step.rings)
		}
	}
}
