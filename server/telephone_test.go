package main

import "testing"

// Nobody is told a number before somebody who decides chose to: then the applicant is, and the room's own before the office's.
func TestApplicantsAreToldTheTelephoneThatWasChosen(t *testing.T) {
	t.Parallel()
	w, room, link := newInside(t, nil)
	boss, own := w.as(admin), w.as(keeper)
	a := w.apply(link, wang, "owner")
	told := func() any { return a.application()["telephone"] }
	inside := func(c *api) any { // as whoever is in reads it in the list of their rooms
		tel, _ := c.must("GET", "/rooms/"+room, nil)["telephone"].(map[string]any)
		return tel["phone"]
	}
	li := w.as(zhang)
	if told() != nil || inside(li) != nil {
		t.Errorf("told %v and %v by nobody's choice", told(), inside(li))
	}
	boss.must("PUT", "/telephone", map[string]any{"phone": "12345"})
	if tel := told().(map[string]any); tel["phone"] != "12345" {
		t.Errorf("told %v", tel)
	}
	own.must("PUT", "/telephone", map[string]any{"room": room, "phone": "0371-6888 1234", "when": "8:30—18:00"})
	if tel := told().(map[string]any); tel["phone"] != "0371-6888 1234" || tel["when"] != "8:30—18:00" {
		t.Errorf("told %v", tel)
	}
	if inside(li) != "0371-6888 1234" || inside(boss) != nil { // who answers for it from above is not in it
		t.Errorf("in the room %v is told, above it %v", inside(li), inside(boss))
	}
	if set := own.must("GET", "/telephone?room="+room, nil); set["own"] != true || set["phone"] != "0371-6888 1234" {
		t.Errorf("who answers for the room sees %v", set)
	}
	other := own.must("POST", "/rooms/"+room+"/links", nil)["link"].(string)
	own.must("DELETE", "/rooms/"+room+"/links/"+other, nil)
	ended := answer{}
	w.nobody().ask("GET", "/join/"+other, nil, &ended)
	with, _ := ended["with"].(map[string]any)
	if tel, _ := with["telephone"].(map[string]any); ended["code"] != "revoked" || tel["phone"] != "0371-6888 1234" {
		t.Errorf("who comes with a poster that was ended is told %v", ended)
	}
	own.must("PUT", "/telephone", map[string]any{"room": room, "phone": ""})
	if tel := told().(map[string]any); tel["phone"] != "12345" {
		t.Errorf("told %v", tel)
	}
	boss.must("PUT", "/telephone", map[string]any{"phone": ""})
	if told() != nil {
		t.Errorf("still told %v", told())
	}
	if tel := inside(li); tel != nil {
		t.Errorf("in the room %v is still told", tel)
	}
	own.no("forbidden", "PUT", "/telephone", map[string]any{"phone": "12345"})
	own.no("forbidden", "GET", "/telephone", nil)
	own.no("invalid", "PUT", "/telephone", map[string]any{"room": room, "phone": "找我"})
	a.no("forbidden", "PUT", "/telephone", map[string]any{"room": room, "phone": "12345"})
	a.no("forbidden", "GET", "/telephone?room="+room, nil)
	w.as(zhang).no("forbidden", "PUT", "/telephone", map[string]any{"room": room, "phone": "12345"})
}

// What is asked names the part of the form that it is about.
func TestAQuestionSaysWhichPartOfTheFormItIsAbout(t *testing.T) {
	t.Parallel()
	w, _, link := newInside(t, nil)
	a := w.apply(link, wang, "owner")
	path := "/applications/" + a.application()["id"].(string)
	w.as(keeper).no("invalid", "POST", path+"/ask", map[string]any{"text": "密码", "about": "password"})
	w.as(keeper).must("POST", path+"/ask", map[string]any{"text": "房产证上的名字", "about": "name"})
	if got := a.application(); got["about"] != "name" || got["text"] != "房产证上的名字" {
		t.Errorf("the applicant is asked %v", got)
	}
}
