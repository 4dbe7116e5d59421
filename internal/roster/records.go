package roster

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// take reads the row as one of a kind of sheet; why not, else.
func (r *reader) take(kind Sheet) (reason string) {
	switch kind {
	case Organization:
		return r.organization()
	case Homes:
		return r.household()
	case ShopSheet:
		return r.shop()
	default:
		return r.staff()
	}
}

// maxName is as long as the name of a place may be.
const maxName = 60

func tooLong(texts ...string) bool {
	return slices.ContainsFunc(texts, func(s string) bool { return utf8.RuneCountInString(s) > maxName })
}

func (r *reader) organization() string {
	name, code, above := r.get("title"), r.get("code"), r.get("above")
	if name == "" {
		return "noTitle"
	}
	if tooLong(name, above) || len(code) > 30 {
		return "long"
	}
	t := r.table
	switch r.get("level") {
	case "办事处", "街道", "街道办事处":
		if t.Office.Name != "" && t.Office.Name != name {
			return "office"
		}
		t.Office = Office{Name: name, Code: cmp.Or(code, t.Office.Code)}
	case "社区", "居委会", "社区居委会":
		t.Communities = append(t.Communities, Community{Name: name, Code: code, From: r.from})
	case "群", "微信群", "居民群":
		if above == "" {
			return "noAbove"
		}
		t.Rooms = append(t.Rooms, Room{Name: name, Community: above, From: r.from})
	default:
		return "level"
	}
	return ""
}

func (r *reader) household() string {
	h := Household{Community: r.get("community"), Compound: r.get("compound"), Tenure: r.get("tenure"), From: r.from}
	building, entrance, door := r.get("building"), r.get("entrance"), cmp.Or(r.get("door"), r.get("address"))
	if door == "" {
		return "noDoor"
	}
	if rest := strings.TrimPrefix(door, h.Community); rest != "" {
		door = rest
	}
	if h.Compound == "" && building == "" && entrance == "" {
		if compound, rest, ok := splitAddress(door); ok {
			h.Compound, door = compound, rest
			r.sheet.told = true
		}
	} else if rest := strings.TrimPrefix(door, h.Compound); rest != "" {
		door = rest
	}
	from := r.sheet.place
	h.Community = cmp.Or(h.Community, r.unless("community", from.Community))
	h.Compound = cmp.Or(h.Compound, r.unless("compound", from.Compound))
	if tooLong(h.Community, h.Compound, h.Tenure) {
		return "long"
	}
	own := building
	if b, _, _, ok := NormaliseDoor("", "", door); !ok || b == "" || r.unless("building", from.Building) != "" && hyphened.MatchString(door) {
		building = cmp.Or(building, r.unless("building", from.Building)) // a whole address says it better than the sheet
		entrance = cmp.Or(entrance, r.unless("entrance", from.Entrance))
	}
	at, ok := readDoor(building, entrance, door, r.sheet.parted)
	if !ok {
		return "door"
	}
	if own == "" && from.Building != "" && at.building == "" {
		at.building = r.unless("building", from.Building)
	}
	h.Building, h.Entrance, h.Door = at.building, at.entrance, at.door
	if at.remark != "" {
		r.table.Remark(r.from, at.remark)
	}
	r.people(&h)
	if h.Compound == "" {
		r.sheet.waiting = append(r.sheet.waiting, waiting{h, r})
		return ""
	}
	if len(r.columns["compound"]) > 0 {
		r.sheet.told = true
	}
	r.sheet.add(h)
	return ""
}

// unless is what is said of all rows of a sheet, for those without a column that says it row by row.
func (r *reader) unless(c column, said string) string {
	for _, i := range r.columns[c] {
		if r.sheet.filled(i) {
			return ""
		}
	}
	return said
}

// add takes a household in; where each person has a row, the second of a door joins the first.
func (s *sheet) add(h Household) {
	t := s.table
	if s.persons {
		k := key(h.Compound, h.Building, h.Entrance, h.Door)
		if at, there := s.at[k]; there && t.Households[at].From.File == h.From.File {
			t.Households[at].join(h, len(s.of["people"]) > 0)
			return
		}
		s.at[k] = len(t.Households)
		if len(s.of["people"]) == 0 && len(h.Names) > 0 {
			h.People = len(h.Names)
		}
	}
	t.Households = append(t.Households, h)
}

// join takes in who else lives in the same home.
func (h *Household) join(other Household, counted bool) {
	for i, name := range other.Names {
		if at := slices.Index(h.Names, name); at < 0 {
			h.Names, h.Phones = append(h.Names, name), append(h.Phones, other.Phones[i])
		} else if h.Phones[at] == "" {
			h.Phones[at] = other.Phones[i]
		}
	}
	h.Note = joined("；", h.Note, other.Note)
	h.Tenure = cmp.Or(h.Tenure, other.Tenure)
	if h.People = max(h.People, other.People); !counted {
		h.People = len(h.Names)
	}
	h.say()
}

// say puts the people of a home into words: 王丽、李强.
func (h *Household) say() {
	h.Name = strings.Join(h.Names, between)
	h.Phone = strings.Join(h.Phones, between)
	if strings.Trim(h.Phone, between) == "" {
		h.Phone = ""
	}
}

// between stands between the people of one home.
const between = "、"

func joined(between string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), between)
}

// people reads who lives in a home, how many, and what else is said of them. Nothing of it can cost the home its place.
func (r *reader) people(h *Household) {
	var notes []string
	for _, text := range r.all("note") {
		notes = append(notes, tidy(text))
	}
	who := peopleOf(append(r.all("name"), r.all("others")...))
	phones, rest, reason := phonesOf(append(r.all("phone"), r.all("phones")...))
	phones = append(phones, who.phones...)
	for _, reason := range []string{who.reason, reason} {
		if reason != "" {
			r.table.Remark(r.from, reason)
		}
	}
	if h.Names = who.names; len(h.Names) == 0 && len(phones) > 0 {
		h.Names = []string{""}
	}
	h.Phones = make([]string, len(h.Names))
	switch own := len(r.all("others")) == 0 || len(r.all("phones")) > 0 || r.sheet.persons; {
	case len(phones) == len(h.Names) && own:
		copy(h.Phones, phones)
	case len(phones) > 0:
		h.Phones[0] = phones[0]
		if len(phones) > 1 {
			rest = joined("、", append(slices.Clone(phones[1:]), rest)...)
			if reason == "" {
				r.table.Remark(r.from, "phones")
			}
		}
	}
	h.say()
	if len(h.Names) == 1 && h.Names[0] == "" {
		h.Names, h.Phones = nil, nil
	}
	h.Note = joined("；", append(notes, who.rest, rest)...)
	if runes := []rune(h.Note); len(runes) > maxCell {
		h.Note = string(runes[:maxCell])
	}
	var ok bool
	if h.People, ok = heads(r.get("people")); !ok {
		h.People = 0
		r.table.Remark(r.from, "people")
	}
}

func heads(s string) (int, bool) {
	if s = strings.TrimRight(strings.TrimSuffix(s, ".0"), "人口"); s == "" {
		return 0, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0 && n <= 99
}

func (r *reader) shop() string {
	s := Shop{
		Community: r.get("community"), Compound: r.get("compound"), Name: cmp.Or(tidy(r.raw("shop")), tidy(r.raw("title"))),
		Address: r.get("address"), Trade: r.get("trade"), From: r.from,
	}
	from := r.sheet.place
	s.Community = cmp.Or(s.Community, r.unless("community", from.Community))
	s.Compound = cmp.Or(s.Compound, r.unless("compound", from.Compound))
	if s.Name == "" {
		return "noTitle"
	}
	if tooLong(s.Community, s.Compound, s.Name, s.Address, s.Trade) {
		return "long"
	}
	h := Household{From: r.from}
	r.columns = maps.Clone(r.columns)
	r.columns["name"] = r.columns["principal"]
	r.people(&h)
	s.Principal, s.Phone = h.Name, h.Phone
	if s.Compound == "" {
		if len(r.columns["compound"]) > 0 {
			return "noCompound"
		}
		r.table.Ask(Question{File: r.from.File, Sheet: r.from.Sheet, What: "compound", Rows: 1, Guess: r.sheet.heading.guess})
		return ""
	}
	r.table.Shops = append(r.table.Shops, s)
	return ""
}

func (r *reader) staff() string {
	s := Staff{
		Role: r.get("role"), Community: r.get("community"), Room: r.get("room"), Name: r.person("name"),
		Category: r.get("category"), From: r.from,
	}
	var ok bool
	s.Phone, ok = mobile(r.get("phone"))
	switch {
	case s.Name == "":
		return "noName"
	case s.Phone == "" && ok:
		return "noPhone"
	case s.Room == "" && s.Role != "办事处":
		return "noRoom"
	case !ok:
		return "phone"
	case !nameLike(s.Name):
		return "name"
	case tooLong(s.Community, s.Room, s.Category):
		return "long"
	case s.Role != "群主" && s.Role != "成员" && s.Role != "办事处":
		return "role"
	}
	r.table.Staff = append(r.table.Staff, s)
	return ""
}

// mobile is a phone as eleven digits. An empty cell is no phone, which is allowed. Of several the first counts.
func mobile(s string) (string, bool) {
	first := ""
	for i, one := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("/、,;|", r) }) {
		one, ok := oneMobile(one)
		if !ok {
			return "", false
		}
		if i == 0 {
			first = one
		}
	}
	return first, first != "" || s == ""
}

// oneMobile reads one phone. 199….0 and 1.99…E10 are how some programs write numbers; the latter counts only with all its digits.
func oneMobile(s string) (string, bool) {
	s = strings.TrimSuffix(strings.NewReplacer("-", "", "+86", "").Replace(s), ".0")
	if digits, ok := strings.CutSuffix(strings.Replace(strings.ToUpper(s), "E+", "E", 1), "E10"); ok && len(digits) == 12 && digits[1] == '.' {
		s = digits[:1] + digits[2:]
	}
	if len(s) == 13 {
		s = strings.TrimPrefix(s, "86")
	}
	if len(s) != 11 || s[0] != '1' {
		return "", false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return "", false
		}
	}
	return s, true
}

func nameLike(s string) bool {
	if utf8.RuneCountInString(s) > 40 {
		return false
	}
	for _, c := range s {
		if !unicode.IsLetter(c) && !unicode.IsMark(c) && !strings.ContainsRune(" ·.'-()〇", c) {
			return false
		}
	}
	return true
}
