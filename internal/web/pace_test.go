package web

import (
	"net/http/httptest"
	"testing"
	"time"

	"linli/internal/fault"
	"linli/internal/id"
)

func TestADeviceIsHeldToItsPace(t *testing.T) {
	p, now := &paces{}, time.Unix(1_700_000_000, 0)
	for n := range asksAtOnce {
		if err := p.take("d1", asksPerSecond, now, 1); err != nil {
			t.Fatalf("ask %d: %v", n, err)
		}
	}
	err := p.take("d1", asksPerSecond, now, 1)
	if f := fault.Of(err); f == nil || f.Code != fault.TooMany || f.With["retry"] != 1 {
		t.Errorf("one too many: %v", err)
	}
	if f := fault.Of(p.take("d1", asksPerSecond, now, asksPerSecond*3)); f == nil || f.With["retry"] != 3 {
		t.Errorf("a dear one waits longer: %v", f)
	}
	if err := p.take("d2", asksPerSecond, now, searchCosts); err != nil {
		t.Errorf("another device: %v", err)
	}
	// What was refused has cost nothing.
	now = now.Add(time.Second)
	for n := range asksPerSecond {
		if err := p.take("d1", asksPerSecond, now, 1); err != nil {
			t.Errorf("a second later, ask %d: %v", n, err)
		}
	}
	if p.take("d1", asksPerSecond, now, 1) == nil {
		t.Error("a second gives back a second's worth only")
	}
}

func TestPacesNotInUseAreForgotten(t *testing.T) {
	p, now := &paces{}, time.Unix(1_700_000_000, 0)
	for n := range manyPaces + 1 {
		_ = p.take(id.Device(time.Duration(n).String()), asksPerSecond, now, 1)
	}
	for range asksAtOnce {
		_ = p.take("busy", asksPerSecond, now.Add(time.Minute), 1)
	}
	if len(p.of) > 2 {
		t.Errorf("%d are kept", len(p.of))
	}
	if p.take("busy", asksPerSecond, now.Add(time.Minute), 1) == nil {
		t.Error("the one in use was forgotten")
	}
}

func TestWhatTakesLongerCostsMore(t *testing.T) {
	for path, cost := range map[string]int{"/api/v1/search": searchCosts, "/api/v1/rooms/r1/uploads": uploadCosts, "/api/v1/rooms/r1/commands": 1} {
		if got := costOf(httptest.NewRequest("POST", path, nil)); got != cost {
			t.Errorf("%s costs %d", path, got)
		}
	}
}
