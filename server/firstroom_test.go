package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"linli/internal/long"
	"linli/internal/paper"
	"linli/internal/roster"
)

// installed is the environment variable that names the program of an installed package, and what stands before it:
// `chroot --userspec=linli:linli /tmp/bare /usr/bin/linli`; installedData the one with its data folder, as that program sees it. Without them
// the program is this test binary. .ci/check sets them.
const (
	installed     = "TOWN_INSTALLED"
	installedData = "TOWN_DATA"
)

// itself is a command of the program under test.
func itself(args ...string) *exec.Cmd {
	if words := strings.Fields(os.Getenv(installed)); len(words) > 0 {
		return exec.Command(words[0], append(words[1:], args...)...) //nolint:gosec // named by .ci/check
	}
	cmd := exec.Command(os.Args[0], args...) //nolint:gosec // ourselves
	cmd.Env = append(long.Environ(), asProgram+"=1")
	return cmd
}

// thousand is a roster of 1,000 homes in 20 buildings as a workbook, with a row whose door is missing and a row twice.
func thousand(t *testing.T) []byte {
	t.Helper()
	var rows [][]string
	for n := range 1000 {
		building, in := n/50+1, n%50
		rows = append(rows, []string{
			"湖心社区", "和园", fmt.Sprintf("%d号楼", building), fmt.Sprintf("%d单元", in/25+1), fmt.Sprintf("%d0%d", in%25/5+1, in%5+1),
			fmt.Sprintf("%c%c", []rune("王李张刘陈杨赵黄周吴")[n%10], []rune("建国秀英芳洋丽强敏静")[n/10%10]), fmt.Sprintf("139%08d", 10000+n),
		})
	}
	rows = append(rows, []string{"湖心社区", "和园", "3号楼", "1单元", "", "钱无门", "13900099999"}, rows[100])
	var b bytes.Buffer
	if err := paper.Table(&b, "住户", roster.TemplateHead[:7], rows); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// preview uploads a roster.
func (a *api) preview(name string, content []byte) (plan answer) {
	a.w.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(content)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		a.w.t.Fatal(err)
	}
	req, err := http.NewRequest("POST", a.w.url+"/api/v1/roster", &b)
	if err != nil {
		a.w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+a.access)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.w.t.Fatal(err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err == nil {
		err = json.Unmarshal(said, &plan)
	}
	if err != nil || res.StatusCode != http.StatusOK {
		a.w.t.Fatal(res.Status, string(said), err)
	}
	return plan
}

// From an empty machine to a room in which neighbours talk: the setup code of the log, an office, its roster of 1,000 homes, a room, its
// owner, a poster, a resident; and all of it is there after a restart. It says how long that took, of which ten minutes are the budget.
func TestFromAnEmptyMachineToAFirstRoom(t *testing.T) {
	t.Parallel()
	table := thousand(t)
	dir := os.Getenv(installedData)
	if dir == "" {
		dir = t.TempDir()
	}
	began := time.Now()
	w := serveTown(t, dir)
	if w.code == "" {
		t.Fatalf("the log says no setup code:\n%s", w.log)
	}
	w.nobody().no("wrong", "POST", "/setup", map[string]any{
		"code": "0000-0000", "office": "如意示范办事处", "name": admin.name, "phone": admin.phone, "password": password,
	})
	boss := w.nobody().with(w.nobody().must("POST", "/setup", map[string]any{
		"code": w.code, "office": "如意示范办事处", "name": admin.name, "phone": admin.phone, "password": password, "tokens": true,
	}))

	plan := boss.preview("花名册.xlsx", table)
	if plan["state"] != "ready" || plan["failed"].(float64) != 1 {
		t.Fatalf("the preview says %v, failed %v, %v", plan["state"], plan["failed"], plan["questions"])
	}
	boss.must("POST", "/roster/"+plan["id"].(string)+"/apply", map[string]any{})
	long.Wait(t, "the roster is in", func() bool {
		state := boss.must("GET", "/roster/"+plan["id"].(string), nil)["state"]
		if state == "failed" {
			t.Fatal("the roster was not taken")
		}
		return state == "done"
	})
	levels := boss.must("GET", "/levels", nil)
	if homes := levels["office"].(map[string]any)["homes"].(map[string]any); homes["all"].(float64) != 1000 || homes["covered"].(float64) != 0 {
		t.Fatalf("the office has %v", homes)
	}
	again := boss.preview("花名册.xlsx", table)
	if len(again["adds"].([]any))+len(again["changes"].([]any))+len(again["removes"].([]any)) != 0 {
		t.Errorf("the same table again would change %v", again["counts"])
	}

	community := levels["communities"].([]any)[0].(map[string]any)["id"]
	room := boss.must("POST", "/rooms", map[string]any{"name": "和园3号楼", "community": community, "compound": "和园", "building": "3号楼"})["id"].(string)
	boss.must("POST", "/staff", map[string]any{"name": keeper.name, "phone": keeper.phone, "role": "owner", "room": room})
	first := boss.must("POST", "/staff/codes", map[string]any{"room": room})["codes"].([]any)[0].(map[string]any)["code"]
	w.nobody().must("POST", "/session/code", map[string]any{"phone": keeper.phone, "code": first, "password": password})
	own := w.as(keeper)
	link := own.must("POST", "/rooms/"+room+"/links", map[string]any{})["link"].(string)
	var poster json.RawMessage
	if status := own.ask("GET", "/rooms/"+room+"/links/"+link+"/poster.pdf", nil, &poster); status != http.StatusOK || !bytes.HasPrefix(poster, []byte("%PDF-")) {
		t.Fatalf("the poster: %d", status)
	}
	she := w.admit(own, link, wang)
	own.say(room, "欢迎王女士")
	seq, person := she.say(room, "大家好"), she.person()
	took := time.Since(began)

	w.stop()
	w = serveTown(t, dir)
	if w.code != "" {
		t.Error("a founded office is offered a setup code")
	}
	item := w.as(keeper).must("GET", fmt.Sprintf("/rooms/%s/items/%d", room, seq), nil)["new"].([]any)[0].(map[string]any)
	if item["words"].(map[string]any)["text"] != "大家好" || item["by"] != person {
		t.Errorf("after a restart it says %v", item)
	}
	w.stop()
	t.Logf("from an empty folder to a room that talks, with a roster of 1,000 homes: %s", took.Round(time.Millisecond))
	if took > 10*time.Minute {
		t.Error("that is more than ten minutes")
	}
}
