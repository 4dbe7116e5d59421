package main

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	virtual "github.com/descope/virtualwebauthn"
	"github.com/pquerna/otp/totp"
)

// digitsOf are an authenticator's digits so many periods from now.
func (a *api) digitsOf(secret string, by int) string {
	a.w.t.Helper()
	d, err := totp.GenerateCode(secret, time.Now().Add(time.Duration(by)*30*time.Second))
	if err != nil {
		a.w.t.Fatal(err)
	}
	return d
}

// setUpDigits sets up an authenticator and uses up the digits of the period before this one.
func (a *api) setUpDigits() (secret string, paper []string) {
	a.w.t.Helper()
	secret = a.must("POST", "/me/second/digits", map[string]any{})["secret"].(string)
	for _, c := range a.must("PUT", "/me/second/digits", map[string]any{"digits": a.digitsOf(secret, -1)})["codes"].([]any) {
		paper = append(paper, c.(string))
	}
	return secret, paper
}

// due is a sign-in up to its second step.
func (w *town) due(r neighbour) string {
	w.t.Helper()
	s := w.nobody().must("POST", "/session", map[string]any{"phone": r.phone, "password": password, "tokens": true})
	due, _ := s["due"].(map[string]any)
	if due == nil || s["access"] != nil || s["person"] != nil {
		w.t.Fatalf("a right password alone: %v", s)
	}
	return due["token"].(string)
}

func (w *town) pass(r neighbour, proof map[string]any) *api {
	w.t.Helper()
	body := map[string]any{"token": w.due(r), "tokens": true}
	for k, v := range proof {
		body[k] = v
	}
	return w.nobody().with(w.nobody().must("POST", "/session/second", body))
}

func TestWhoHasASecondStepTakesItOnEveryDevice(t *testing.T) {
	t.Parallel()
	w, room, _ := newTown(t)
	old, own := w.as(keeper), w.as(keeper)
	heard := old.socket()
	hear(t, heard, "hello")
	secret, paper := own.setUpDigits()
	// Who was signed in before is heard no more, and does nothing before it was taken there.
	for {
		if _, _, err := heard.Read(t.Context()); err != nil {
			if websocket.CloseStatus(err) != 4001 {
				t.Errorf("the old device's connection: %v", err)
			}
			break
		}
	}
	for path, method := range map[string]string{"/me": "GET", "/rooms": "GET", "/staff?room=" + room: "GET", "/rooms/" + room + "/members": "POST", "/me/second/digits": "POST", "/me/second/paper": "POST"} {
		old.no("second-step", method, path, map[string]any{}) // also what changes it
	}
	if _, res, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(w.url, "http")+"/api/v1/socket", &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + old.access}},
	}); err == nil || res.StatusCode != http.StatusForbidden {
		t.Errorf("the socket: %v", err)
	}
	old.must("GET", "/me/devices", nil)
	old.must("POST", "/me/second", map[string]any{"paper": paper[0]})
	old.must("GET", "/me", nil)
	own.must("GET", "/me", nil)
	if step := old.must("GET", "/me", nil)["step"]; step == nil || step.(map[string]any)["what"] != "on" {
		t.Errorf("the other device is told %v", step)
	}
	if step := own.must("GET", "/me", nil)["step"]; step != nil {
		t.Errorf("the device itself is told %v", step)
	}

	third := w.pass(keeper, map[string]any{"digits": own.digitsOf(secret, 0)})
	w.nobody().no("wrong", "POST", "/session/second", map[string]any{"token": w.due(keeper), "digits": own.digitsOf(secret, 0)})
	devices := third.must("GET", "/me/devices", nil)["devices"].([]any)
	how := map[any]int{}
	for _, d := range devices {
		how[d.(map[string]any)["step"]]++
	}
	if how["digits"] != 2 || how["paper"] != 1 {
		t.Errorf("how it was taken on the devices: %v", how)
	}
	if s := third.must("GET", "/me/second", nil); s["on"] != true || s["codes"] != 7.0 || s["above"] != admin.name || s["homes"] == 0.0 {
		t.Errorf("what there is: %v", s)
	}
	lines := w.as(admin).audited("code")
	oneLine(t, lines, "step.digits", third.person())
	if text, _ := json.Marshal(lines); strings.Contains(string(text), secret) {
		t.Error("the secret is in the audit log")
	}
	third.must("DELETE", "/me/second", nil)
	w.as(keeper).must("GET", "/me", nil)
}

// The cookies of the browser in which the password was right are what the second step belongs to.
func TestASecondStepBelongsToTheBrowserInWhichThePasswordWasRight(t *testing.T) {
	t.Parallel()
	w, _, _ := newTown(t)
	_, paper := w.as(keeper).setUpDigits()
	ask := func(c *http.Client, path, body string) (int, answer) {
		res, err := c.Post(w.url+"/api/v1"+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		out := answer{}
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, out
	}
	browser := func() *http.Client {
		jar, _ := cookiejar.New(nil)
		return &http.Client{Jar: jar}
	}
	one, other := browser(), browser()
	signIn := `{"phone":"` + keeper.phone + `","password":"` + password + `"}`
	if _, s := ask(one, "/session", signIn); s["due"] == nil || s["due"].(map[string]any)["token"] != nil {
		t.Fatalf("a page is told %v", s)
	}
	if _, f := ask(other, "/session/second", `{"paper":"`+paper[0]+`"}`); f["code"] != "expired" {
		t.Errorf("another browser: %v", f)
	}
	for _, rubbish := range []string{`{}`, `[]`, `{"digits":5}`, `{"digits":null,"paper":null}`, `{"paper":"` + strings.Repeat("A", 60_000) + `"}`, `{"passkey":{"id":[]}}`, `{`, `{"token":"p.x","paper":"` + paper[0] + `"}`} {
		if status, f := ask(one, "/session/second", rubbish); status < 400 || status >= 500 || f["code"] == nil {
			t.Errorf("%.40s: %d %v", rubbish, status, f)
		}
	}
	if status, s := ask(one, "/session/second", `{"paper":"`+paper[0]+`","trust":true}`); status != 200 || s["person"] == nil {
		t.Fatalf("the same browser: %d %v", status, s)
	}
	// It is trusted now, and only it.
	if _, s := ask(one, "/session", signIn); s["due"] != nil || s["person"] == nil {
		t.Errorf("a trusted browser is asked: %v", s)
	}
	if _, s := ask(other, "/session", signIn); s["due"] == nil {
		t.Error("another one is not")
	}
}

func TestAResidentHasNoSecondStepToSetUp(t *testing.T) {
	t.Parallel()
	w, _, _ := newTown(t)
	a := w.as(zhang)
	a.no("forbidden", "POST", "/me/second/digits", map[string]any{})
	a.no("forbidden", "POST", "/me/second/passkeys", map[string]any{})
	a.no("forbidden", "PUT", "/me/second/digits", map[string]any{"digits": "000000"})
	a.no("forbidden", "GET", "/second", nil)
	a.no("forbidden", "PUT", "/second", map[string]any{"from": 1})
	if s := a.must("GET", "/me/second", nil); s["may"] != false || s["must"] != false {
		t.Errorf("they are told %v", s)
	}
	// Also where the office asks its staff for it.
	boss := w.as(admin)
	boss.setUpDigits()
	boss.must("PUT", "/second", map[string]any{"from": 1})
	a.must("GET", "/rooms", nil)
	w.as(zhang).must("GET", "/me", nil)
}

func TestWhatTheOfficeAsksForIsAskedAtTheDoor(t *testing.T) {
	t.Parallel()
	w, room, _ := newInside(t, nil)
	boss := w.as(admin)
	boss.no("second-step", "PUT", "/second", map[string]any{"from": 1}) // nobody locks themselves out of taking it back
	soon := w.clock.now().Add(14 * 24 * time.Hour).UnixMilli()
	w.as(keeper).no("forbidden", "PUT", "/second", map[string]any{"from": soon})
	boss.must("PUT", "/second", map[string]any{"from": soon})
	boss.no("unchanged", "PUT", "/second", map[string]any{"from": soon})
	oneLine(t, boss.audited("setting"), "second.set", "")
	s := w.nobody().must("POST", "/session", map[string]any{"phone": keeper.phone, "password": password, "tokens": true})
	own := w.nobody().with(s)
	heard := own.socket()
	hear(t, heard, "hello")
	if me := own.must("GET", "/me", nil); me["stepBy"] != float64(soon) {
		t.Errorf("before the date they are told %v", me["stepBy"])
	}
	// Its time has come: what is open does nothing more, and an old refresh token opens nothing.
	w.clock.skip(14*24*time.Hour + time.Minute)
	own.no("second-step", "GET", "/rooms", nil)
	tell(t, heard, map[string]any{"do": []any{map[string]any{"id": own.device + ".1", "act": "text.post", "room": room, "words": map[string]any{"text": "还没发"}}}})
	for {
		if _, _, err := heard.Read(t.Context()); err != nil {
			if websocket.CloseStatus(err) != 4001 {
				t.Errorf("an open connection: %v", err)
			}
			break
		}
	}
	fresh := w.nobody().must("POST", "/session/refresh", map[string]any{"refresh": s["refresh"]})
	if fresh["owes"] != true {
		t.Errorf("refreshing says %v", fresh)
	}
	own = w.nobody().with(fresh)
	own.no("second-step", "GET", "/me", nil)
	own.no("second-step", "POST", "/rooms/"+room+"/commands", map[string]any{"do": []any{}})
	if got := own.must("GET", "/me/second", nil); got["must"] != true || got["on"] != false || got["may"] != true {
		t.Errorf("they may see %v", got)
	}
	w.as(keeper).no("second-step", "GET", "/me", nil) // signing in anew too
	secret, _ := own.setUpDigits()
	own.must("GET", "/me", nil)
	own.no("closed", "DELETE", "/me/second", nil)
	w.pass(keeper, map[string]any{"digits": own.digitsOf(secret, 0)}).must("GET", "/rooms", nil)
	w.as(zhang).must("GET", "/rooms", nil)
	boss.no("second-step", "GET", "/second", nil)
	boss.setUpDigits()
	if got := boss.must("GET", "/second", nil); got["on"] != 2.0 || got["mine"] != true {
		t.Errorf("the office sees %v", got)
	}
	boss.must("PUT", "/second", map[string]any{"from": 0})
	own.must("DELETE", "/me/second", nil)
	own.must("GET", "/rooms", nil)
}

func TestWhoStandsAboveLetsSomebodyInAnew(t *testing.T) {
	t.Parallel()
	w, _, _ := newTown(t)
	boss, own, a := w.as(admin), w.as(keeper), w.as(zhang)
	person := own.person()
	own.setUpDigits()
	a.no("forbidden", "POST", "/staff/"+person+"/reset", map[string]any{})
	own.no("forbidden", "POST", "/staff/"+person+"/reset", map[string]any{})
	own.no("forbidden", "POST", "/staff/"+boss.person()+"/reset", map[string]any{})
	boss.no("forbidden", "POST", "/staff/"+boss.person()+"/reset", map[string]any{})
	boss.no("forbidden", "POST", "/staff/"+a.person()+"/reset", map[string]any{})
	boss.no("forbidden", "POST", "/staff/p-nobody/reset", map[string]any{})
	code := boss.must("POST", "/staff/"+person+"/reset", map[string]any{})["code"]
	if me := own.must("GET", "/me", nil); me["code"] == nil {
		t.Error("their device says nothing of the code")
	}
	back := w.nobody().with(w.nobody().must("POST", "/session/code", map[string]any{"phone": keeper.phone, "code": code, "password": "neues-passwort-1", "tokens": true}))
	own.no("sign-in", "GET", "/me", nil)
	if s := back.must("GET", "/me/second", nil); s["on"] != false {
		t.Errorf("the second step is still there: %v", s)
	}
	// Both sides read it afterwards.
	if looks := jsonText(t, back.must("GET", "/looks", nil)); !strings.Contains(looks, `"reset"`) || !strings.Contains(looks, admin.name) {
		t.Errorf("they do not see it: %s", looks)
	}
	oneLine(t, boss.audited("code"), "code.reset", person)
	oneLine(t, boss.audited("code"), "used", person)
}

func TestAPasskeyByTheAddressThatTheBrowserHas(t *testing.T) {
	t.Parallel()
	w, _, _ := newInside(t, func(c *Config) { c.Public = "https://linli.example" })
	own := w.as(keeper)
	party := virtual.RelyingParty{ID: "linli.example", Origin: "https://linli.example"}
	phone, key := virtual.NewAuthenticator(), virtual.NewCredential(virtual.KeyTypeEC2)
	raw := func(v any) string { return jsonText(t, answer(v.(map[string]any)["options"].(map[string]any))) }
	asked, err := virtual.ParseAttestationOptions(raw(map[string]any(own.must("POST", "/me/second/passkeys", map[string]any{}))))
	if err != nil {
		t.Fatal(err)
	}
	var made, shown any
	_ = json.Unmarshal([]byte(virtual.CreateAttestationResponse(party, phone, key, *asked)), &made)
	if codes := own.must("PUT", "/me/second/passkeys", map[string]any{"passkey": made})["codes"].([]any); len(codes) != 8 {
		t.Errorf("codes: %v", codes)
	}
	due := w.due(keeper)
	question, err := virtual.ParseAssertionOptions(raw(map[string]any(w.nobody().must("POST", "/session/second/ask", map[string]any{"token": due}))))
	if err != nil {
		t.Fatal(err)
	}
	key.Counter++
	_ = json.Unmarshal([]byte(virtual.CreateAssertionResponse(party, phone, key, *question)), &shown)
	w.nobody().no("expired", "POST", "/session/second", map[string]any{"token": w.due(keeper) + "x", "passkey": shown})
	w.nobody().must("POST", "/session/second", map[string]any{"token": due, "passkey": shown, "tokens": true})
	w.nobody().no("expired", "POST", "/session/second/ask", map[string]any{"token": due})

	// By a number instead of a name, browsers have none.
	plain, _, _ := newTown(t)
	p := plain.as(keeper)
	p.no("no-engine", "POST", "/me/second/passkeys", map[string]any{})
	if s := p.must("GET", "/me/second", nil); s["site"] != false {
		t.Errorf("%v", s)
	}
}
