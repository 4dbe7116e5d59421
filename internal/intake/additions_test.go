package intake

import (
	"testing"

	"linli/internal/id"
	"linli/internal/roster"
)

// Doors counted by hand are added: whatever the roster has already keeps its people, and what they do not name stays.
func TestAdditionsChangeAndRemoveNothing(t *testing.T) {
	t.Parallel()
	s, in := desk(t)
	apply(t, s, in(), preview(t, in(), all()))
	page, err := in().Register.Page(t.Context(), pageOf("和园", "3号楼"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := in().Additions(t.Context(), tables(
		"级别,名称,上级\n社区,湖心社区,\n群,和园3号楼,湖心社区\n群,和园5号楼,湖心社区\n",
		"社区,小区,楼栋,单元,房号\n湖心社区,和园,3号楼,1单元,101\n湖心社区,和园,3号楼,1单元,103\n湖心社区,和园,5号楼,1单元,101\n",
	))
	if err != nil {
		t.Fatal(err)
	}
	wanted(t, p, 3, 0, 0, 3) // two homes and a room
	apply(t, s, in(), p)
	now, err := in().Register.Page(t.Context(), pageOf("和园", "3号楼"))
	at := HomeID("和园", "3号楼", "1单元", "101")
	if err != nil || now[at].Name != "张建国" || now[at].Digest != page[at].Digest || len(now) != len(page)+1 {
		t.Errorf("the page became %+v: %v", now, err)
	}
	// The table of the office comes later, and finds them by their doors.
	again := preview(t, in(), tables(homesHead+"湖心社区,和园,5号楼,1单元,101,孙丽,13910000015,2,自住\n湖心社区,和园,3号楼,1单元,103,吴敏,13910000016,2,自住\n"))
	for _, d := range again.Differences {
		if d.How == "added" {
			t.Errorf("a door came in twice: %+v", d)
		}
	}
}

// A door is taken back and added again before what was said of it is deleted: that stays.
func TestWhatIsAddedAgainMeanwhileKeepsItsRow(t *testing.T) {
	t.Parallel()
	s, in := desk(t)
	add := func() {
		t.Helper()
		p, err := in().Additions(t.Context(), []roster.File{roster.Doors([]roster.Household{
			{Community: "湖心社区", Compound: "和园", Building: "3号楼", Entrance: "1单元", Door: "103"}, {Community: "湖心社区", Compound: "和园", Building: "3号楼", Entrance: "1单元", Door: "104"},
		})})
		if err != nil {
			t.Fatal(err)
		}
		apply(t, s, in(), p)
	}
	add()
	page, back, gone := pageOf("和园", "3号楼"), HomeID("和园", "3号楼", "1单元", "103"), HomeID("和园", "3号楼", "1单元", "104")
	withdraw := func(doors ...id.Premises) {
		t.Helper()
		s.Serve("doors.withdraw", map[string]any{"premises": doors})
	}
	withdraw(back)
	add()
	withdraw(gone)
	if err := in().Forget(t.Context(), map[string][]id.Premises{page: {back, gone}}); err != nil {
		t.Fatal(err)
	}
	rows, err := in().Register.Page(t.Context(), page)
	if err != nil {
		t.Fatal(err)
	}
	_, kept := rows[back]
	if _, still := rows[gone]; !kept || still {
		t.Errorf("there again: %v; gone: %v", kept, still)
	}
}

// The row of the template that shows how is never a home, whether somebody removes it or not.
func TestTheTemplatesOwnRowIsNoHome(t *testing.T) {
	t.Parallel()
	_, in := desk(t)
	file := roster.Doors([]roster.Household{{Community: roster.TemplateRow[0], Compound: "和园", Building: "3号楼", Entrance: "2单元", Door: "501"}, {Community: "湖心社区", Compound: "和园", Building: "3号楼", Entrance: "2单元", Door: "502"}})
	p := preview(t, in(), []roster.File{file})
	if p.Counts.Households != 1 || len(p.Errors)+len(p.Remarks) != 0 {
		t.Errorf("%+v, %v", p.Counts, p.Errors)
	}
}
