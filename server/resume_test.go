package main

import (
	"fmt"
	"testing"
)

func TestPagesGoOnFromTheBeginning(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	a := w.as(li)
	want := map[string]bool{}
	for n := range 3 {
		text := fmt.Sprintf("第 %d 句", n)
		a.say(room, text)
		want[text] = true
	}
	first := 0
	for after := 0; ; {
		p := a.page(room, fmt.Sprintf("?after=%d&limit=2", after))
		if len(p.New) == 0 {
			break
		}
		if first == 0 {
			first = p.New[0].Seq
		}
		for _, text := range p.says() {
			delete(want, text)
		}
		after = p.New[len(p.New)-1].Seq
	}
	if len(want) > 0 || first == 0 || first > a.page(room, "?at=1&limit=100").New[0].Seq {
		t.Errorf("from %d on; missing: %v", first, want)
	}
	a.no("invalid", "GET", "/rooms/"+room+"/items?after=x", nil)
	a.no("invalid", "GET", "/rooms/"+room+"/items?before=-1", nil)
}
