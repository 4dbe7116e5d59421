package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/danielgtaylor/huma/v2"

	"linli/internal/web"
)

// What nobody should write into a field, and somebody will.
var hostile = map[string]string{
	"markup":     `<img src=x onerror=alert(1)><script>alert(1)</script>"'&{{7*7}}`,
	"bidi":       "\u202e\u202d\u202a\u202b停水\u2066\u2067\u2068\u200f",
	"unseen":     "王\u200b\u200d\ufeff\u2060\u00ad\u3164丽",
	"tower":      "z" + strings.Repeat("\u0336\u0301\u20dd", 40),
	"control":    "停\u0000\u0007\u001b[2J\u0085\r\n水",
	"long":       strings.Repeat("长", 900),
	"signs":      `../../etc/passwd\0%00' OR 1=1;--`,
	"noncharact": "\uffff\ufdd0\U0001ffff",
}

// names may not hold these.
var illegible = []string{"bidi", "unseen", "tower", "control", "noncharact"}

// Whatever stands in the fields of whatever call, the answer is an answer: never our mistake, and always JSON.
func TestHostileTextInEveryFieldOfEveryCall(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	boss, own, a := w.as(admin), w.as(keeper), w.as(zhang)
	seq := a.say(room, "早")
	mine := a.must("GET", "/applications/mine", nil)["applications"].([]any)[0].(map[string]any)["id"].(string)
	real := map[string]string{"room": room, "seq": fmt.Sprint(seq), "link": link, "application": mine, "person": "p1", "device": "d1", "upload": "u1", "roster": "x"}
	doc := web.OpenAPI()
	calls := 0
	for path, item := range doc.Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete} {
			if op == nil || method == "DELETE" && strings.HasPrefix(path, "/session") || method == "DELETE" && path == "/me/devices" {
				continue
			}
			for name, text := range hostile {
				there, odd := path, path
				for param, value := range real {
					there = strings.ReplaceAll(there, "{"+param+"}", value)
					odd = strings.ReplaceAll(odd, "{"+param+"}", url.PathEscape(short(text)))
				}
				if strings.HasSuffix(path, "/leave") { // whoever left could not say at the end that all still works
					there = odd
				}
				query := ""
				for _, p := range op.Parameters {
					if p.In == "query" {
						query += "&" + p.Name + "=" + url.QueryEscape(short(text))
					}
				}
				bodies := []any{nil}
				if op.RequestBody != nil {
					schema := op.RequestBody.Content["application/json"].Schema
					bodies = []any{filled(doc, schema, text, 0), text}
				}
				for _, body := range bodies {
					for who, as := range map[string]*api{"admin": boss, "owner": own, "resident": a} {
						for _, at := range slices.Compact([]string{there, odd}) {
							calls++
							status, b := as.raw(t, method, at+"?"+strings.TrimPrefix(query, "&"), body)
							if status >= 500 && status != http.StatusServiceUnavailable || !json.Valid(b) {
								t.Errorf("%s %s with %s by %s: %d %.200q", method, path, name, who, status, b)
							}
						}
					}
				}
			}
		}
	}
	if calls < 1000 {
		t.Errorf("%d calls", calls)
	}
	if strings.Contains(w.log.String(), "panic") || strings.Contains(w.log.String(), "request failed") {
		t.Error("something failed inside")
	}
	if got := a.say(room, "还在"); got <= seq {
		t.Error("and now it is broken")
	}
}

// short is as much of a text as a URL takes.
func short(text string) string { return string([]rune(text)[:min(60, len([]rune(text)))]) }

// filled is a body of a schema with a text in every field that takes one.
func filled(doc *huma.OpenAPI, s *huma.Schema, text string, depth int) any {
	if s.Ref != "" {
		s = doc.Components.Schemas.SchemaFromRef(s.Ref)
	}
	switch {
	case depth > 4:
		return nil
	case s.Type == "object":
		o := map[string]any{}
		for name, p := range s.Properties {
			o[name] = filled(doc, p, text, depth+1)
		}
		if more, ok := s.AdditionalProperties.(*huma.Schema); ok {
			o[text] = filled(doc, more, text, depth+1)
		}
		return o
	case s.Type == "array":
		return []any{filled(doc, s.Items, text, depth+1)}
	case s.Type == "string":
		return text
	case s.Type == "integer" || s.Type == "number":
		return 1
	case s.Type == "boolean":
		return true
	}
	return map[string]any{"text": text}
}

// raw is ask without decoding; who is too fast waits.
func (a *api) raw(t *testing.T, method, path string, body any) (int, []byte) {
	t.Helper()
	for {
		var out json.RawMessage
		status := a.ask(method, path, body, &out)
		var f struct {
			Code string
			With struct{ Retry int }
		}
		if status != http.StatusTooManyRequests || json.Unmarshal(out, &f) != nil || f.With.Retry > 30 {
			return status, out
		}
		time.Sleep(time.Duration(f.With.Retry) * time.Second)
	}
}

// What stands beside other people's words is what it looks like.
func TestNamesAreLegible(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	boss, own := w.as(admin), w.as(keeper)
	community := boss.must("GET", "/levels", nil)["communities"].([]any)[0].(map[string]any)["id"]
	page := w.nobody().must("GET", "/join/"+link, nil)
	for n, kind := range illegible {
		bad := hostile[kind]
		boss.no("invalid", "POST", "/communities", map[string]any{"name": bad})
		boss.no("invalid", "POST", "/rooms", map[string]any{"name": bad, "community": community})
		boss.no("invalid", "POST", "/rooms", map[string]any{"name": "新群", "community": community, "compound": bad})
		// Invisible signs in a person's own name are taken out; what is left has to be one.
		for path, as := range map[string]*api{"/staff": boss, "/join/" + link: w.nobody()} {
			out := answer{}
			as.ask("POST", path, map[string]any{
				"name": bad, "phone": fmt.Sprintf("1370000%04d", n), "role": "owner", "room": room, "title": "女士", "password": password,
				"premises": w.doorOf(link, wang), "relation": "owner", "charter": page["charter"].(map[string]any)["version"],
			}, &out)
			if out["code"] != nil && out["code"] != "invalid" {
				t.Errorf("%s in %s: %v", kind, path, out)
			}
		}
		if _, no := own.act(room, "file.post", 0, map[string]any{"files": []any{}}, map[string]any{"name": bad}); no != "invalid" {
			t.Errorf("%s as the name of a file: %q", kind, no)
		}
	}
	var all json.RawMessage
	boss.ask("GET", "/staff?room="+room, nil, &all)
	own.ask("GET", "/applications?state=pending&room="+room, nil, &all)
	for _, r := range "\u202e\u202d\u2066\u200b\u200d\ufeff\u2060\u00ad\u3164" {
		if strings.ContainsRune(string(all), r) {
			t.Errorf("a name holds %U", r)
		}
	}
}

// Words are people's own: they come back as they were written, or are refused when they are no text. Half a character is not kept.
func TestHostileWordsInEveryCommand(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	own, a := w.as(keeper), w.as(zhang)
	request, _ := a.act(room, "request.post", 0, map[string]any{"template": "买药"}, map[string]any{"text": "药"})
	suggestion, _ := a.act(room, "suggestion.post", 0, nil, map[string]any{"text": "灯"})
	for _, c := range []struct {
		by        *api
		act       string
		re        int
		with      map[string]any
		words     map[string]any
		field     string
		listField bool
	}{
		{a, "text.post", 0, nil, nil, "text", false},
		{a, "place.post", 0, nil, nil, "text", false},
		{own, "notice.post", 0, map[string]any{"importance": "normal"}, map[string]any{"title": "停水"}, "body", false},
		{own, "notice.post", 0, map[string]any{"importance": "normal"}, map[string]any{"body": "停水"}, "title", false},
		{a, "request.post", 0, map[string]any{"template": "买药"}, nil, "text", false},
		{a, "request.post", 0, map[string]any{"template": "买药"}, map[string]any{"text": "药"}, "note", false},
		{a, "request.post", 0, map[string]any{"template": "买药"}, map[string]any{"text": "药"}, "list", true},
		{own, "poll.post", 0, map[string]any{"options": 2, "per": "person"}, map[string]any{"options": []string{"一", "二"}}, "title", false},
		{own, "poll.post", 0, map[string]any{"options": 1, "per": "person"}, map[string]any{"title": "投"}, "options", true},
		{a, "signup.post", 0, map[string]any{"options": 1}, map[string]any{"title": "订菜"}, "options", true},
		{a, "suggestion.post", 0, nil, nil, "text", false},
		{own, "suggestion.reply", suggestion, nil, nil, "text", false},
		{a, "emergency.post", 0, nil, nil, "text", false},
		{own, "request.cancel", request, nil, nil, "reason", false},
	} {
		for name, text := range hostile {
			words := map[string]any{c.field: text}
			if c.listField {
				words[c.field] = []string{text}
			}
			for k, v := range c.words {
				words[k] = v
			}
			seq, no := c.by.act(room, c.act, c.re, c.with, words)
			switch name {
			case "control", "noncharact":
				if no != "invalid" {
					t.Errorf("%s with %s: %q", c.act, name, no)
				}
			default:
				if no != "" && no != "too-large" && no != "invalid" && no != "closed" {
					t.Errorf("%s with %s: %q", c.act, name, no)
				}
			}
			if no != "" || c.re != 0 {
				continue
			}
			var d struct {
				New []struct{ Words map[string]any }
			}
			a.ask("GET", fmt.Sprintf("/rooms/%s/items/%d", room, seq), nil, &d)
			want := any(text)
			if c.listField {
				want = []any{text}
			}
			if len(d.New) != 1 || !reflect.DeepEqual(d.New[0].Words[c.field], want) {
				t.Errorf("%s with %s came back as %v", c.act, name, d.New)
			}
			if c.act == "emergency.post" { // or the next one says more on this card
				c.by.act(room, "emergency.false", seq, nil, nil)
			}
		}
		if _, no := c.by.act(room, c.act, c.re, c.with, map[string]any{c.field: " \u200b\u3164\u202e "}); c.field == "text" && c.re == 0 && c.act != "emergency.post" && no != "invalid" {
			t.Errorf("%s of nothing that is seen: %q", c.act, no)
		}
	}

	// On the socket, too; and half a character, which JSON can say and text cannot.
	s := a.socket()
	hear(t, s, "hello")
	send := func(words string) answer {
		a.n++
		cmd := fmt.Sprintf(`{"do":[{"id":"%s.%d","room":"%s","act":"text.post","words":%s}]}`, a.device, a.n, room, words)
		if err := s.Write(context.Background(), websocket.MessageText, []byte(cmd)); err != nil {
			t.Fatal(err)
		}
		for {
			_, b, err := s.Read(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			m := answer{}
			if json.Unmarshal(b, &m) == nil && (m["ok"] != nil || m["no"] != nil) {
				return m
			}
		}
	}
	if m := send(`{"text":"\u0000"}`); m["no"] == nil {
		t.Error("a zero byte on the socket")
	}
	if m := send(`{"text":"半\ud83d个"}`); m["ok"] == nil {
		t.Errorf("half a character: %v", m)
	}
	var page json.RawMessage
	own.ask("GET", "/rooms/"+room+"/items?limit=5", nil, &page)
	if strings.Contains(string(page), `\ud83d`) || !strings.Contains(string(page), "半\ufffd个") {
		t.Error("half a character is kept")
	}
}

// A flood from one device is that device's own trouble.
func TestAFloodFromOneDevice(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	flooder, again, b := w.as(zhang), w.as(zhang), w.as(li)
	for _, call := range []struct {
		method, path string
		body         any
	}{
		{"POST", "/search", map[string]any{"text": "停水"}},
		{"POST", "/rooms/" + room + "/commands", map[string]any{"do": []any{}}},
		{"PUT", "/me/drafts/" + room, map[string]any{"text": "草稿"}},
		{"PUT", "/me/stars/" + room + "/3", nil},
		{"GET", "/uploads/none", nil},
	} {
		out := answer{}
		for n := 0; out["code"] != "too-many" && n < 1000; n++ {
			out = answer{}
			flooder.ask(call.method, call.path, call.body, &out)
		}
		if with, _ := out["with"].(map[string]any); out["code"] != "too-many" || with["retry"] == nil {
			t.Fatalf("%s %s goes on and on: %v", call.method, call.path, out)
		}
	}
	// Neither another device of the same person nor anybody else is held up, and what the server says to it still comes.
	again.must("POST", "/search", map[string]any{"text": "停水"})
	b.say(room, "我不受影响")
	status, _ := flooder.raw(t, "GET", "/me", nil)
	if status != http.StatusOK {
		t.Errorf("after waiting: %d", status)
	}
}
