package intake

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"linli/internal/engine/enginetest"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/office"
	"linli/internal/register"
	"linli/internal/room"
	"linli/internal/roster"
)

// The tables of a small office: two communities, three rooms, seven homes, two shops, five duties of four people. 李志愿 lives behind
// the door 3-1-102.
var (
	organization = `级别,代码,名称,上级
办事处,410100000,如意示范办事处,
社区,410100000001,湖心社区,如意示范办事处
社区,410100000002,河畔社区,如意示范办事处
群,,和园3号楼,湖心社区
群,,和园4号楼,湖心社区
群,,柳园,河畔社区
`
	homesHead = "社区,院区,楼栋,单元,房号,户主姓名,联系电话,人口数,住房性质\n"
	homes     = homesHead + `湖心社区,和园,3号楼,1单元,101,张建国,13910000001,3,自住
湖心社区,和园,3号楼,1单元,102,李志愿,13900008002,3,自住
湖心社区,和园,3号楼,1单元,201,王芳,13910000003,3,自住
湖心社区,和园,4号楼,1单元,101,刘洋,13910000004,2,出租
湖心社区,和园,4号楼,1单元,102,陈静,13910000005,1,自住
河畔社区,柳园,1号楼,1单元,101,赵敏,13910000006,4,自住
河畔社区,柳园,1号楼,1单元,102,钱多,13910000007,2,自住
`
	shops = `社区,院区,店铺名称,地址,负责人,联系电话,行业
湖心社区,和园,和园便利店,和园临街1号,钱多多,13900009001,便利店
河畔社区,柳园,老马面馆,柳园临街2号,马师傅,13900009002,餐饮
`
	staff = `群内身份,社区,群,姓名,联系电话,身份
群主,湖心社区,和园3号楼,周社工,13900008001,社区工作人员
群主,湖心社区,和园4号楼,周社工,13900008001,社区工作人员
成员,湖心社区,和园3号楼,李志愿,13900008002,志愿者
成员,河畔社区,柳园,陈警官,13900008003,片警
办事处,,,孙科长,13900008004,考核
`
)

const things = 2 + 3 + 7 + 2 + 5

func tables(content ...string) (files []roster.File) {
	for i, c := range content {
		files = append(files, roster.File{Name: fmt.Sprintf("%d.csv", i), Content: []byte(c)})
	}
	return files
}

func all() []roster.File { return tables(organization, homes, shops, staff) }

// desk is a street with an empty office, and whoever takes rosters in there: in this life of the street.
func desk(t *testing.T) (*enginetest.Street, func() *Service) {
	t.Helper()
	s := enginetest.Empty(t)
	return s, func() *Service {
		return &Service{Engine: s.Engine, Register: register.Open(s.Harm.Shelf(), s.Register.Keys())}
	}
}

func preview(t *testing.T, in *Service, files []roster.File) *Plan {
	t.Helper()
	p, err := in.Preview(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func apply(t *testing.T, s *enginetest.Street, in *Service, p *Plan) {
	t.Helper()
	last, total := 0, p.Total()
	refused, err := in.Apply(t.Context(), p, func(written, of int) {
		if written < last || written > of || of != total {
			t.Errorf("%d of %d written, behind %d of %d", written, of, last, total)
		}
		last = written
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(refused) > 0 {
		t.Errorf("refused: %v", refused)
	}
	if last != total {
		t.Errorf("%d of %d written in the end", last, total)
	}
	s.Settle()
}

// wanted compares the four sums, and that they are all that the table is about.
func wanted(t *testing.T, p *Plan, added, changed, removed, unchanged int) {
	t.Helper()
	n := p.Counts
	if n.Added != added || n.Changed != changed || n.Removed != removed || n.Unchanged != unchanged {
		t.Errorf("%+v; want %d added, %d changed, %d removed, %d unchanged", n, added, changed, removed, unchanged)
	}
	if about := n.Communities + n.Rooms + n.Households + n.Shops + n.Staff; about+n.Removed != added+changed+removed+unchanged {
		t.Errorf("%+v is about %d things", n, about)
	}
	if len(p.Differences) != added+changed+removed {
		t.Errorf("%d differences: %+v", len(p.Differences), p.Differences)
	}
}

// state is all that an import leaves behind, with people by their names, so that two imports can be compared.
func state(t *testing.T, s *enginetest.Street) string {
	t.Helper()
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	name := func(p id.Person) string {
		rec, err := s.Register.Record(t.Context(), p)
		if owner, other := s.Register.ByPhone(t.Context(), rec.Phone); err != nil || other != nil || owner != p {
			t.Errorf("%s: %v; the phone is %s's, %v", p, err, owner, other)
		}
		return rec.Name
	}
	pages := map[string]bool{}
	s.Engine.ReadOffice(func(o *office.State) {
		say("office %s %s", o.Name(), o.Code())
		for _, c := range o.Communities() {
			say("community %s %s", c.Name, c.Code)
		}
		for _, r := range o.Rooms() {
			say("room %s of %s, %s %s: %+v", r.Name, r.Community, r.Compound, r.Building, o.TallyOf(r.ID))
		}
		o.EachPremises(func(h *office.Premises) bool {
			pages[h.Page] = true
			say("premises %s %s in %s", h.ID, h.Label(), h.Room)
			return true
		})
		for _, post := range o.Staff("", "") {
			say("post %s %s %s", name(post.Person), post.Role, post.Room)
		}
		say("%d people", o.People())
	})
	s.Engine.EachRoom(func(r *room.State) {
		say("log %s %s: %+v, %d members", r.ID(), r.Name(), r.Tally(), r.Size())
		for p, m := range r.Members {
			say("member %s of %s: %s %s %v", name(p), r.ID(), m.Badge, m.Role, m.Premises)
		}
	})
	for page := range pages {
		doors, err := s.Register.Page(t.Context(), page)
		if err != nil {
			t.Fatal(err)
		}
		for h, d := range doors {
			d.Digest = "" // by the master key
			say("door %s: %+v", h, d)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func TestCountsAreExact(t *testing.T) {
	t.Parallel()
	s, in := desk(t)
	p := preview(t, in(), all())
	wanted(t, p, things, 0, 0, 0)
	if n := p.Counts; n.Communities != 2 || n.Rooms != 3 || n.Households != 7 || n.Shops != 2 || n.Staff != 5 || n.Duplicates != 0 {
		t.Errorf("%+v", n)
	}
	if got := len(s.Read(id.Office)); got != 0 {
		t.Errorf("a preview wrote %d entries", got)
	}
	apply(t, s, in(), p)
	wanted(t, preview(t, in(), all()), 0, 0, 0, things)
	if got := preview(t, in(), all()).Total(); got != 0 {
		t.Errorf("%d things to write", got)
	}
	// One row of each sheet changes, one home goes and another comes.
	changed := preview(t, in(), tables(
		strings.Replace(organization, "410100000002", "410100000009", 1),
		strings.NewReplacer("陈静,13910000005,1", "陈静,13910000005,2", "柳园,1号楼,1单元,102", "柳园,1号楼,1单元,103").Replace(homes),
		strings.Replace(shops, "餐饮", "小吃", 1),
		staff+"成员,湖心社区,和园4号楼,李志愿,13900008002,志愿者\n"+staff[strings.Index(staff, "成员"):strings.Index(staff, "\n成员,河")+1],
	))
	wanted(t, changed, 2, 3, 1, things-4)
	if changed.Counts.Duplicates != 1 {
		t.Errorf("%d duplicates", changed.Counts.Duplicates)
	}
	for _, d := range changed.Differences {
		for _, secret := range []string{"陈静", "13910000005", "李志愿", "马师傅"} {
			if strings.Contains(d.Name, secret) {
				t.Errorf("a difference says %q", d.Name)
			}
		}
	}
	apply(t, s, in(), changed)
	// A table alone, without the organization, is about the communities that it names.
	alone := preview(t, in(), tables(homes))
	if alone.Counts.Communities != 2 {
		t.Errorf("%+v", alone.Counts)
	}
	wanted(t, alone, 1, 1, 1, 2+7-2)
	// A second badge for the same duty is no second duty, and a room that is nowhere is said so.
	odd := preview(t, in(), tables(staff+"成员,河畔社区,柳园,陈警官,13900008003,党员志愿者\n成员,河畔社区,梅园,陈警官,13900008003,片警\n"))
	wanted(t, odd, 0, 0, 0, 5)
	if odd.Counts.Duplicates != 1 || len(odd.Errors) != 1 || odd.Errors[0].Reason != "room" {
		t.Errorf("%+v, %v", odd.Counts, odd.Errors)
	}
}

func TestTheSameFileAgainWritesNothing(t *testing.T) {
	t.Parallel()
	s, in := desk(t)
	apply(t, s, in(), preview(t, in(), all()))
	before, office, steps := state(t, s), len(s.Read(id.Office)), s.Steps()
	apply(t, s, in(), preview(t, in(), all()))
	if got := state(t, s); got != before {
		t.Errorf("now\n%s\nbefore\n%s", got, before)
	}
	if got := len(s.Read(id.Office)); got != office {
		t.Errorf("%d entries more", got-office)
	}
	if got := s.Steps() - steps; got > 4 { // the register is asked to keep nothing, a few times
		t.Errorf("%d steps", got)
	}
}

// What is missing is removed only where the table speaks, and only when all of it could be read.
func TestWhatIsMissingIsRemoved(t *testing.T) {
	t.Parallel()
	s, in := desk(t)
	apply(t, s, in(), preview(t, in(), all()))
	s.Serve("person.admit", map[string]any{"people": []any{map[string]any{
		"person": "pzhang", "room": RoomID(id.Derive[id.Community]("c", "community", "湖心社区"), "和园3号楼"), "premises": HomeID("和园", "3号楼", "1单元", "101"), "relation": "owner",
	}}})
	if err := s.Register.Put(t.Context(), "pzhang", register.Record{Name: "张建国", Phone: "13910000001"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Register.ClaimPhone(t.Context(), "13910000001", "pzhang"); err != nil {
		t.Fatal(err)
	}
	s.Settle()
	without := func(row string) string { // a table of 和园 without a row
		lines := slices.DeleteFunc(strings.SplitAfter(homes, "\n"), func(l string) bool { return strings.Contains(l, row) || strings.Contains(l, "柳园") })
		return strings.Join(lines, "")
	}
	p := preview(t, in(), tables(without("张建国")+"湖心社区,和园,3号楼,1单元,什么,何人,13910000009,1,自住\n"))
	if len(p.Errors) != 1 || p.Counts.Removed != 0 {
		t.Errorf("with a row that cannot be read: %+v, %v", p.Counts, p.Errors)
	}
	if p := preview(t, in(), tables(organization, shops)); p.Counts.Removed != 0 {
		t.Errorf("shops alone remove homes: %+v", p.Counts)
	}
	p = preview(t, in(), tables(without("张建国")))
	if p.Counts.Removed != 1 || p.Differences[0] != (Difference{"household", "和园 3-1-101", "removed"}) {
		t.Fatalf("%+v, %+v", p.Counts, p.Differences)
	}
	apply(t, s, in(), p)
	gone := HomeID("和园", "3号楼", "1单元", "101")
	var tally office.Tally
	var there bool
	three := RoomID(id.Derive[id.Community]("c", "community", "湖心社区"), "和园3号楼")
	s.Engine.ReadOffice(func(o *office.State) { tally = o.TallyOf(three); _, there = o.Premises(gone) })
	if there || tally.Homes != 2 {
		t.Errorf("still there: %v, %+v", there, tally)
	}
	// Nobody leaves by it, and nothing of the household is kept.
	err := s.Engine.ReadRoom(three, func(r *room.State) {
		if !r.Has("pzhang") || r.Tally().Homes.All != 2 {
			t.Errorf("a member: %v, %+v", r.Has("pzhang"), r.Tally())
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.Register.Page(t.Context(), pageOf("和园", "3号楼"))
	if door, kept := page[gone]; err != nil || kept || len(page) != 2 {
		t.Errorf("the register has %+v still, of %d, %v", door, len(page), err)
	}
	wanted(t, preview(t, in(), tables(without("张建国"))), 0, 0, 0, 1+4)
}

// Who answers for a room or helps in it, and is the head of a household there, belongs to it; where they live now counts.
func TestAVolunteerBelongsToTheirHome(t *testing.T) {
	t.Parallel()
	for range 5 { // what is found first is chance
		s, in := desk(t)
		apply(t, s, in(), preview(t, in(), tables(organization, homes, shops)))
		moved := strings.NewReplacer("102,李志愿,13900008002", "102,马上,13910000099", "201,王芳,13910000003", "201,李志愿,13900008002").Replace(homes)
		apply(t, s, in(), preview(t, in(), tables(moved)))
		gone := strings.Join(slices.DeleteFunc(strings.SplitAfter(moved, "\n"), func(l string) bool { return strings.Contains(l, "李志愿") }), "")
		gone += "湖心社区,和园,3号楼,2单元,301,李志愿,13900008002,3,自住\n"
		apply(t, s, in(), preview(t, in(), tables(gone)))
		apply(t, s, in(), preview(t, in(), tables(staff)))
		p, err := s.Register.ByPhone(t.Context(), "13900008002")
		if err != nil {
			t.Fatal(err)
		}
		err = s.Engine.ReadRoom(RoomID(id.Derive[id.Community]("c", "community", "湖心社区"), "和园3号楼"), func(r *room.State) {
			if m := r.Member(p); m == nil || !slices.Equal(m.Premises, []id.Premises{HomeID("和园", "3号楼", "2单元", "301")}) {
				t.Errorf("a member: %+v", m)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// The program dies at any step of an import, before it is done or behind it. What is there is a valid part; the same file goes on
// from there, and in the end all is as if nothing had happened.
func TestAnImportThatBreaksOffGoesOn(t *testing.T) {
	t.Parallel()
	s, in := desk(t)
	apply(t, s, in(), preview(t, in(), all()))
	want, steps := state(t, s), s.Steps()
	if steps < 10 || steps > 60 {
		t.Fatalf("an import has %d steps", steps)
	}
	for step := 1; step <= steps; step++ {
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			t.Parallel()
			s, in := desk(t)
			p := preview(t, in(), all())
			s.DieAt(step, step%2 == 0)
			if _, err := in().Apply(t.Context(), p, nil); err == nil {
				<-time.After(50 * time.Millisecond) // its effects may end it
			}
			s.Kill()
			s.Start()
			s.Settle()
			rest := preview(t, in(), all())
			wanted(t, rest, rest.Counts.Added, 0, 0, things-rest.Counts.Added)
			apply(t, s, in(), rest)
			if got := state(t, s); got != want {
				t.Errorf("now\n%s\nwant\n%s", got, want)
			}
			wanted(t, preview(t, in(), all()), 0, 0, 0, things)
		})
	}
}

func TestAnImportThatIsCancelledGoesOn(t *testing.T) {
	t.Parallel()
	s, in := desk(t)
	p := preview(t, in(), all())
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	_, err := in().Apply(ctx, p, func(written, _ int) {
		if n = written; n >= 5 {
			cancel()
		}
	})
	if !fault.Is(err, fault.Busy) {
		t.Fatalf("it went on: %v", err)
	}
	before := len(s.Read(id.Office))
	rest := preview(t, in(), all())
	if rest.Counts.Added == 0 || rest.Counts.Added != things-n {
		t.Errorf("%d of %d were written, and now %+v", n, things, rest.Counts)
	}
	s.Restart() // what waits would be written by then
	if now := len(s.Read(id.Office)); now != before {
		t.Errorf("%d entries came behind its end", now-before)
	}
	apply(t, s, in(), rest)
	wanted(t, preview(t, in(), all()), 0, 0, 0, things)
}

// Two bring the same tables at the same time. Nobody is there twice.
func TestTwoImportsAtOnce(t *testing.T) {
	t.Parallel()
	s, in := desk(t)
	one := in()
	apply(t, s, one, preview(t, one, all()))
	want := state(t, s)
	s, in = desk(t)
	one = in()
	plans := []*Plan{preview(t, one, all()), preview(t, one, all()), preview(t, one, tables(organization, homes))}
	var both sync.WaitGroup
	for _, p := range plans {
		both.Go(func() {
			if _, err := one.Apply(t.Context(), p, nil); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	s.Settle()
	if got := state(t, s); got != want {
		t.Errorf("now\n%s\nwant\n%s", got, want)
	}
	phones := map[string]int{}
	for item, err := range s.Disk.Shelf().List(t.Context(), "reg/") {
		if err != nil {
			t.Fatal(err)
		}
		rec, err := s.Register.Record(t.Context(), id.Person(strings.TrimPrefix(item.Key, "reg/")))
		if err != nil {
			t.Fatal(err)
		}
		phones[rec.Phone]++
	}
	if len(phones) != 4 || slices.Max(slices.Collect(maps.Values(phones))) != 1 {
		t.Errorf("records: %v", phones)
	}
}

// Names may be as long as names may be: a batch has a limit in bytes as well.
func TestLongNamesFitTheLog(t *testing.T) {
	t.Parallel()
	s, in := desk(t)
	long := strings.Repeat("长", 56)
	var b strings.Builder
	b.WriteString("社区,院区,店铺名称,地址,负责人,联系电话,行业\n")
	const n = 500
	for i := range n {
		fmt.Fprintf(&b, "湖心社区,%s,%s%03d,%s,钱多多,13900009001,便利店\n", long, long, i, long)
	}
	apply(t, s, in(), preview(t, in(), tables(organization, b.String())))
	wanted(t, preview(t, in(), tables(organization, b.String())), 0, 0, 0, 2+3+n)
	for _, e := range s.Read(id.Office) {
		if len(e.Facts) > 256<<10 {
			t.Errorf("an entry of %d bytes", len(e.Facts))
		}
	}
}

// A list that does not say its community cannot be taken before somebody does; where the office knows its compound, it is known.
func TestACommunityThatNobodySaysIsAQuestionBeforeThePreview(t *testing.T) {
	t.Parallel()
	s, in := desk(t)
	simple := tables("门牌,住户,电话\n3-1-101,张建国,13910000001\n3-1-102,李志愿,13900008002\n")
	p := preview(t, in(), simple)
	if len(p.Questions) != 2 || p.Questions[0].What != "compound" || p.Questions[1].What != "community" || p.Questions[1].Rows != 2 {
		t.Fatalf("not all at once: %+v", p.Questions)
	}
	if _, err := in().Apply(t.Context(), p, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("applied with a question: %v", err)
	}
	simple[0].Places = map[string]roster.Place{"0.csv": {Compound: "和园"}}
	if p = preview(t, in(), simple); len(p.Questions) != 1 || p.Questions[0].What != "community" {
		t.Fatalf("%+v", p.Questions)
	}
	simple[0].Places = map[string]roster.Place{"0.csv": {Compound: "和园", Community: "湖心社区"}} // new ones are allowed
	p = preview(t, in(), simple)
	wanted(t, p, 3, 0, 0, 0)
	apply(t, s, in(), p)
	apply(t, s, in(), preview(t, in(), tables(organization, homes)))
	// Known by now: the compound's community, and the community in whatever length.
	again := preview(t, in(), tables("小区,楼栋,单元,门牌,户主\n和园,3,1,101,张建国\n"))
	if len(again.Questions) != 0 || len(again.communities) != 0 || again.premises != nil {
		t.Errorf("%+v %+v", again.Questions, again.communities)
	}
	short := preview(t, in(), tables(strings.ReplaceAll(homes, "湖心社区", "湖心")))
	if short.Total() != 0 || short.Counts.Communities != 2 {
		t.Errorf("%+v %+v", short.Counts, short.Differences)
	}
}

// Two people of a home are known by their own names and phones, and the same file again changes nothing.
func TestTwoPeopleOfAHomeAreKnownBehindItsDoor(t *testing.T) {
	t.Parallel()
	s, in := desk(t)
	files := tables("社区,院区,房号,户主,电话\n湖心社区,和园,3-2-501,王丽、李强,13800000501/13800000502\n")
	apply(t, s, in(), preview(t, in(), files))
	page, err := s.Register.Page(t.Context(), pageOf("和园", "3号楼"))
	if err != nil {
		t.Fatal(err)
	}
	door := page[HomeID("和园", "3号楼", "2单元", "501")]
	if got := door.Known(); !slices.Equal(got, []register.Known{{Name: "王丽", Phone: "13800000501"}, {Name: "李强", Phone: "13800000502"}}) {
		t.Errorf("%+v", got)
	}
	if register.Match(door, true, "李强") != register.Green {
		t.Error("the second is not known")
	}
	if p := preview(t, in(), files); p.Total() != 0 {
		t.Errorf("%+v", p.Differences)
	}
}

// A sheet that is left out is no order to delete what stands in it.
func TestASheetLeftOutRemovesNothing(t *testing.T) {
	t.Parallel()
	s, in := desk(t)
	apply(t, s, in(), preview(t, in(), all()))
	lines := strings.SplitAfter(homes, "\n")
	files := append(tables(strings.Join(lines[:3], "")), roster.File{
		Name: "rest.csv", Content: []byte("甲,乙,丙,丁,戊\n" + strings.Join(lines[3:5], "")), Columns: map[string][]string{"rest.csv": {"", "", "", "", ""}},
	})
	p := preview(t, in(), files)
	if p.Counts.Removed != 0 || len(p.Skipped) != 1 {
		t.Errorf("%+v %+v", p.Counts, p.Skipped)
	}
}

// A file that is no table is a fault, and nothing is written.
func TestWhatIsNoTableIsRefused(t *testing.T) {
	t.Parallel()
	s, in := desk(t)
	for name, content := range map[string]string{"empty": "", "prose": "今天天气很好\n", "binary": "\x00\x01\x02"} {
		if _, err := in().Preview(t.Context(), tables(content)); !fault.Is(err, fault.Unreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(s.Read(id.Office)); n != 0 {
		t.Errorf("%d entries", n)
	}
}

// Two communities may each have a room of one name; a duty that does not say in which is refused in words.
func TestRoomsOfOneNameInTwoCommunities(t *testing.T) {
	t.Parallel()
	s, in := desk(t)
	twins := organization + "群,,幸福里,湖心社区\n群,,幸福里,河畔社区\n"
	apply(t, s, in(), preview(t, in(), tables(twins)))
	rooms := map[id.Community]id.Room{}
	s.Engine.ReadOffice(func(o *office.State) {
		for _, r := range o.Rooms() {
			if r.Name == "幸福里" {
				rooms[r.Community] = r.ID
			}
		}
	})
	if len(rooms) != 2 {
		t.Fatalf("rooms: %v", rooms)
	}
	duties := "群内身份,社区,群,姓名,联系电话,身份\n群主,河畔社区,幸福里,赵河畔,13900008091,社区工作人员\n群主,,幸福里,钱多多,13900008092,社区工作人员\n"
	p := preview(t, in(), tables(duties))
	if len(p.Errors) != 1 || p.Errors[0].Reason != "noCommunity" {
		t.Errorf("errors: %+v", p.Errors)
	}
	apply(t, s, in(), p)
	s.Engine.ReadOffice(func(o *office.State) {
		at := id.Derive[id.Community]("c", "community", "河畔社区")
		if owners := o.Owners(rooms[at]); len(owners) != 1 {
			t.Errorf("owners there: %v", owners)
		}
		for c, r := range rooms {
			if owners := o.Owners(r); c != at && len(owners) != 0 {
				t.Errorf("owners of the other: %v", owners)
			}
		}
	})
}

// A table that names somebody who has an account makes them no owner: the post is offered, once.
func TestAPostForAnAccountThatExistsIsOffered(t *testing.T) {
	t.Parallel()
	s, in := desk(t)
	apply(t, s, in(), preview(t, in(), tables(organization, homes)))
	s.Serve("person.admit", map[string]any{"people": []any{map[string]any{
		"person": "pzhang", "room": RoomID(id.Derive[id.Community]("c", "community", "湖心社区"), "和园3号楼"), "badge": "业主",
	}}})
	if err := s.Register.Put(t.Context(), "pzhang", register.Record{Name: "张建国", Phone: "13910000001"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Register.ClaimPhone(t.Context(), "13910000001", "pzhang"); err != nil {
		t.Fatal(err)
	}
	duty := "群内身份,社区,群,姓名,联系电话,身份\n群主,湖心社区,和园4号楼,张建国,13910000001,社区工作人员\n"
	apply(t, s, in(), preview(t, in(), tables(duty)))
	s.Engine.ReadOffice(func(o *office.State) {
		if len(o.GrantsOf("pzhang")) != 0 || len(o.Offers("pzhang")) != 1 {
			t.Errorf("holds %v, is offered %v", o.GrantsOf("pzhang"), o.Offers("pzhang"))
		}
	})
	if p := preview(t, in(), tables(duty)); p.Counts.Added+p.Counts.Changed != 0 {
		t.Errorf("again: %+v", p.Counts)
	}
}

// Somebody removed from a room is in the table again, among others.
func TestARowOfSomebodyRemovedIsListedAndTheOthersAreTaken(t *testing.T) {
	t.Parallel()
	duties := staff + "成员,河畔社区,柳园,何志愿,13900008005,志愿者\n群主,湖心社区,和园4号楼,陈警官,13900008003,社区工作人员\n"
	for name, late := range map[string]bool{"before the preview": false, "after the preview": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, in := desk(t)
			apply(t, s, in(), preview(t, in(), tables(organization, homes, "群内身份,社区,群,姓名,联系电话,身份\n"+
				"成员,河畔社区,柳园,陈警官,13900008003,片警\n成员,湖心社区,和园4号楼,陈警官,13900008003,片警\n")))
			police, err := s.Register.ByPhone(t.Context(), "13900008003")
			if err != nil {
				t.Fatal(err)
			}
			removed := func() {
				for community, room := range map[string]string{"河畔社区": "柳园", "湖心社区": "和园4号楼"} {
					s.Serve("person.removed", map[string]any{
						"person": police, "room": RoomID(id.Derive[id.Community]("c", "community", community), room),
					})
				}
			}
			if !late {
				removed()
			}
			p := preview(t, in(), tables(duties))
			if late {
				removed()
			}
			refused, err := in().Apply(t.Context(), p, nil)
			if err != nil {
				t.Fatal(err)
			}
			s.Settle()
			rows := slices.Concat(p.Errors, refused)
			if len(rows) == 0 || len(rows) != 2 && !late {
				t.Errorf("refused: %v", rows)
			}
			for _, e := range rows {
				if e.Reason != "removed" || e.Text == "" || e.Row != 5 && e.Row != 8 {
					t.Errorf("refused: %+v", e)
				}
			}
			if n := p.Counts; late && len(p.Errors) > 0 || !late && n.Staff != 5 {
				t.Errorf("the preview: %+v, %v", n, p.Errors)
			}
			last, err := s.Register.ByPhone(t.Context(), "13900008005")
			if err != nil {
				t.Fatal(err)
			}
			s.Engine.ReadOffice(func(o *office.State) {
				if who, _ := o.Person(last); len(who.Bindings) != 1 {
					t.Errorf("who stands behind them in the table: %+v", who)
				}
				if who, _ := o.Person(police); len(who.Bindings) > 0 || len(who.Grants) > 0 || len(o.Offers(police)) > 0 {
					t.Errorf("who was removed: %+v", who)
				}
			})
		})
	}
}

// Two communities have a compound of one name: the doors of one would be taken for the other's.
func TestASecondCompoundOfOneNameIsRefusedInWordsAndTakesNoDoorAway(t *testing.T) {
	t.Parallel()
	s, in := desk(t)
	both := homes + "河畔社区,和园,9号楼,1单元,901,何人,13910000009,1,自住\n"
	p := preview(t, in(), tables(organization, both))
	if len(p.Errors) != 1 || p.Errors[0].Reason != "compound" || p.Errors[0].Text == "" || p.Counts.Households != 7 {
		t.Fatalf("in one table: %v, %+v", p.Errors, p.Counts)
	}
	apply(t, s, in(), p)
	p = preview(t, in(), tables(homesHead+"河畔社区,和园,9号楼,1单元,901,何人,13910000009,1,自住\n"))
	if len(p.Errors) != 1 || p.Errors[0].Reason != "compound" || p.Total() != 0 {
		t.Fatalf("in another table: %v, %+v", p.Errors, p.Counts)
	}
}
