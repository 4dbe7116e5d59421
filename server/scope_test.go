package main

import (
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/danielgtaylor/huma/v2"

	"linli/internal/long"
	"linli/internal/web"
)

// Every call by everybody: what is whose. The letters of who may: r a member, o the room's owner, x the owner
// of another room, a the administrator. Everybody may is *.
var calls = []struct{ may, method, path string }{
	{"*", "GET", "/setup"},
	{"*", "GET", "/join/{link}"},
	{"*", "GET", "/join/{link}/doors"},
	{"roxa", "GET", "/me"},
	{"roxa", "GET", "/me/devices"},
	{"roxa", "GET", "/looks"},
	{"roxa", "GET", "/me/pocket"},
	{"roxa", "GET", "/me/todo"},
	{"ro", "PUT", "/me/stars/{room}/{seq}"},
	{"ro", "PUT", "/me/drafts/{room}"},
	{"ro", "PUT", "/me/rooms/{room}"},
	{"ro", "PUT", "/me/todo/{room}/{seq}/aside"},
	{"roxa", "DELETE", "/me/todo/{room}/{seq}/aside"},
	{"roxa", "GET", "/me/catchup"},
	{"roxa", "POST", "/me/stars"},
	{"roxa", "GET", "/me/alerts"},
	{"roxa", "POST", "/me/alerts/test"},
	{"roxa", "POST", "/me/pushes"},
	{"", "DELETE", "/me/pushes/{push}"},
	{"*", "POST", "/alerts/{receipt}/shown"},
	{"oa", "GET", "/rooms/{room}/reach"},
	{"roxa", "GET", "/rooms"},
	{"roxa", "GET", "/applications/mine"},
	{"a", "POST", "/rooms"},
	{"roa", "GET", "/rooms/{room}"},
	{"ro", "GET", "/rooms/{room}/items"},
	{"ro", "GET", "/rooms/{room}/items/{seq}"},
	{"oa", "GET", "/rooms/{room}/items/{seq}/receipts"},
	{"oa", "GET", "/rooms/{room}/items/{seq}/receipts.xlsx"},
	{"", "GET", "/rooms/{room}/items/{seq}/contact"},
	{"ro", "GET", "/rooms/{room}/people"},
	{"oa", "POST", "/rooms/{room}/members"},
	{"o", "POST", "/rooms/{room}/members/{person}/code"},
	{"oa", "GET", "/removals?room={room}"},
	{"a", "GET", "/removals?community={community}"},
	{"oa", "POST", "/removals"},
	{"oa", "DELETE", "/removals?person={person}&room={room}"},
	{"roxa", "DELETE", "/me/code"},
	{"", "PUT", "/me/posts"}, // nobody is offered one
	{"oa", "GET", "/rooms/{room}/links"},
	{"oa", "POST", "/rooms/{room}/links"},
	{"oa", "GET", "/rooms/{room}/links/{link}/poster.pdf"},
	{"oa", "GET", "/rooms/{room}/links/{link}/code.png"},
	{"oa", "GET", "/applications?room={room}"},
	{"oa", "GET", "/applications/log?room={room}"},
	{"", "PUT", "/applications/{application}"},
	{"oa", "POST", "/applications/{application}/ask"},
	{"oa", "POST", "/applications/{application}/approve"},
	{"oa", "POST", "/levels/doors"},
	{"oa", "GET", "/levels/doors.xlsx?room={room}"},
	{"a", "POST", "/communities"},
	{"a", "GET", "/staff"},
	{"a", "POST", "/staff"},
	{"", "POST", "/staff/{person}/code"}, // who has an account gets none from above
	{"a", "POST", "/staff/codes"},
	{"a", "DELETE", "/staff/{person}?role=owner&room={room}"},
	{"oa", "PUT", "/charter"},
	{"oa", "PUT", "/policy"},
	{"a", "POST", "/roster"},
}

func TestWhatIsWhose(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	boss, own := w.as(admin), w.as(keeper)
	community := boss.must("GET", "/levels", nil)["communities"].([]any)[0].(map[string]any)["id"].(string)
	other := boss.must("POST", "/rooms", map[string]any{"community": community, "name": "别的楼"})["id"].(string)
	stranger := boss.must("POST", "/staff", map[string]any{"name": "孙社工", "phone": "13900008055", "role": "owner", "room": other})
	code := boss.must("POST", "/staff/"+stranger["id"].(string)+"/code", map[string]any{})["code"]
	w.nobody().must("POST", "/session/code", map[string]any{"phone": "13900008055", "code": code, "password": password})
	seq, _ := own.act(room, "notice.post", 0, map[string]any{"confirm": true, "importance": "normal"}, map[string]any{"title": "停水", "body": "今晚"})
	applicant := w.apply(link, wang, "owner")
	application := applicant.must("GET", "/applications/mine", nil)["applications"].([]any)[0].(map[string]any)["id"].(string)
	var person string
	for _, m := range own.must("POST", "/rooms/"+room+"/members", map[string]any{})["members"].([]any) {
		if m := m.(map[string]any); m["name"] == zhang.name {
			person = m["person"].(string)
		}
	}
	fill := strings.NewReplacer("{room}", room, "{link}", link, "{seq}", itoa(seq), "{application}", application, "{person}", person, "{community}", community)
	bodies := map[string]any{
		"/me/drafts/{room}": map[string]any{"text": "x"}, "/me/pushes": map[string]any{"endpoint": "", "p256dh": "", "auth": ""},
		"/charter": map[string]any{"room": room, "text": "公约"}, "/policy": map[string]any{"room": room, "history": "all", "autoGreen": false},
		"/me/posts":     map[string]any{"role": "owner", "room": room, "accept": true},
		"/removals":     map[string]any{"person": w.as(li).person(), "room": room, "reason": "试"},
		"/levels/doors": map[string]any{"room": room},
		"/communities":  map[string]any{"name": "新社区"}, "/rooms": map[string]any{"community": community, "name": "新群"},
		"/staff":                          map[string]any{"name": "吴社工", "phone": "13900008066", "role": "owner", "room": room},
		"/applications/{application}/ask": map[string]any{"text": "请补充"}, "/applications/{application}": map[string]any{"relation": "owner"},
	}
	people := []struct {
		letter string
		api    *api
	}{{"", w.nobody()}, {"-", applicant}, {"r", w.as(zhang)}, {"x", w.as(neighbour{phone: "13900008055"})}, {"o", own}, {"a", boss}}
	spec := web.OpenAPI()
	own.no("forbidden", "POST", "/levels/doors", map[string]any{}) // those of the whole office
	for _, c := range calls {
		for _, p := range people {
			body := bodies[c.path]
			if body == nil && c.method != "GET" && c.method != "DELETE" {
				body = map[string]any{}
			}
			var raw json.RawMessage
			status := p.api.ask(c.method, fill.Replace(c.path), body, &raw)
			described(t, spec, c.method, c.path, status, raw)
			may := c.may == "*" || p.letter != "" && strings.Contains(c.may, p.letter) || p.letter == "-" && strings.Contains(c.may, "roxa")
			if p.letter == "-" && c.path == "/applications/{application}" {
				may = true // one's own
			}
			switch {
			case status >= 500:
				t.Errorf("%s %s by %q: %d", c.method, c.path, p.letter, status)
			case p.letter == "" && !may && status != http.StatusUnauthorized:
				t.Errorf("%s %s by nobody: %d", c.method, c.path, status)
			case p.letter != "" && !may && status != http.StatusForbidden && status != http.StatusNotFound:
				t.Errorf("%s %s by %q: %d, and it is not theirs", c.method, c.path, p.letter, status)
			case may && (status == http.StatusForbidden || status == http.StatusUnauthorized):
				t.Errorf("%s %s by %q: %d, and it is theirs", c.method, c.path, p.letter, status)
			}
		}
	}
	for _, act := range []string{"text.post", "item.pin", "member.mute", "notice.post"} {
		if _, no := people[3].api.act(room, act, 0, nil, map[string]string{"text": "x"}); no != "not-member" {
			t.Errorf("%s by the owner of another room: %q", act, no)
		}
	}
}

// described holds an answer to what the OpenAPI file says of it, where it says anything.
func described(t *testing.T, spec *huma.OpenAPI, method, path string, status int, raw json.RawMessage) {
	t.Helper()
	path, _, _ = strings.Cut(path, "?")
	item := spec.Paths[path]
	if item == nil || status != http.StatusOK {
		return
	}
	op := map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete}[method]
	if op == nil || op.Responses["200"] == nil {
		return
	}
	var data any
	if err := json.Unmarshal(raw, &data); err != nil {
		t.Errorf("%s %s: %s: %v", method, path, raw, err)
		return
	}
	res := &huma.ValidateResult{}
	schema := op.Responses["200"].Content["application/json"].Schema
	huma.Validate(spec.Components.Schemas, schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, data, res)
	for _, err := range res.Errors {
		t.Errorf("%s %s is not as described: %v", method, path, err)
	}
}

// Who is removed hears of it, and nothing after; who is signed out elsewhere is cut off at once.
func TestRightsChangeOnOpenConnections(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	own, victim := w.as(keeper), w.as(zhang)
	heard, other := victim.socket(), w.as(li).socket()
	hear(t, heard, "hello")
	hear(t, other, "hello")
	own.say(room, "都听得到")
	hear(t, heard, "new")
	person := victim.must("GET", "/me", nil)["person"]
	own.must("POST", "/removals", map[string]any{"person": person, "room": room, "reason": "已搬走"})
	if leave := hear(t, heard, "leave")["leave"].(map[string]any); leave["room"] != room {
		t.Errorf("told %v", leave)
	}
	own.say(room, "他听不到了")
	hear(t, other, "new")
	tell(t, heard, map[string]any{"resume": []any{map[string]any{"room": room, "after": 0}}})
	for { // the answer comes behind whatever else there was
		m := answer{}
		_, b, err := heard.Read(t.Context())
		if err != nil || json.Unmarshal(b, &m) != nil {
			t.Fatalf("%s, %v", b, err)
		}
		if m["failed"] != nil {
			break
		}
		t.Errorf("still hears %s", b)
	}
	victim.no("not-member", "GET", "/rooms/"+room+"/items", nil)
	if _, no := victim.act(room, "text.post", 0, nil, map[string]string{"text": "x"}); no != "removed" {
		t.Errorf("posting: %q", no)
	}

	first, second := w.as(li), w.as(li)
	line := first.socket()
	hear(t, line, "hello")
	second.must("DELETE", "/me/devices/"+first.device, nil)
	ctx2, cancel2 := context.WithTimeout(context.Background(), long.Patience)
	defer cancel2()
	for {
		_, _, err := line.Read(ctx2)
		if err == nil {
			continue
		}
		if websocket.CloseStatus(err) != 4001 {
			t.Errorf("closed with %v", err)
		}
		break
	}
	if status := first.ask("GET", "/me", nil, nil); status != http.StatusUnauthorized {
		t.Errorf("signed out, and answered with %d", status)
	}
}

// Names, phones and words lie nowhere in the clear: neither in the data folder nor in what the program says, at its most talkative.
func TestNothingPersonalLeaks(t *testing.T) {
	t.Parallel()
	w, room, link := newTown(t)
	secret := "钥匙在门垫下面" // what somebody wrote
	a := w.as(zhang)
	a.say(room, secret)
	a.act(room, "request.post", 0, map[string]any{"template": "买药", "door": true}, map[string]any{"text": secret})
	endpoint := "https://push.example.org/whose-browser-this-is"
	a.must("POST", "/me/pushes", map[string]any{
		"endpoint": endpoint, "auth": "BTBZMqHH6r4Tts7J_aSIgg",
		"p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
	})
	w.apply(link, wang, "owner")
	w.nobody().no("wrong", "POST", "/session", map[string]any{"phone": zhang.phone, "password": "nonsense-1"})
	w.nobody().ask("POST", "/session", map[string]any{"phone": zhang.phone, "password": 5}, nil)
	a.ask("GET", "/rooms/"+zhang.phone, nil, nil)
	w.stop()
	secrets := []string{secret, endpoint, zhang.name, wang.name, keeper.name, li.name, "13910000000", zhang.phone, wang.phone, keeper.phone, password}
	scan := func(where, text string) {
		for _, s := range secrets {
			if strings.Contains(text, s) {
				t.Errorf("%s holds %q", where, s)
			}
		}
	}
	scan("what the program said", w.log.String())
	files := 0
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		rel, _ := filepath.Rel(w.dir, path)
		if strings.HasPrefix(rel, "view") {
			return nil // what is read, in the clear by design; made again from the logs
		}
		b, err := os.ReadFile(path)
		scan(rel, string(b))
		return err
	})
	if err != nil || files < 5 {
		t.Errorf("%d files: %v", files, err)
	}
}
