package web

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"linli/internal/audit"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/intake"
	"linli/internal/office"
	"linli/internal/roster"
)

// typed is the door that an applicant typed, read as one of the room's places; not ok where it cannot be one of them.
func typed(o *office.State, a office.Application) (h roster.Household, ok bool) {
	text := textOf(a.Note, "door")
	if text == "" || a.Premises != "" || a.For != "" {
		return h, false
	}
	compound, building := o.SiteOf(a.Room)
	text = strings.TrimSpace(strings.TrimPrefix(text, compound))
	b, e, d, ok := roster.NormaliseDoor("", "", text)
	if !ok || b == "" && building != "" {
		if b, e, d, ok = roster.NormaliseDoor(building, "", text); !ok {
			return h, false
		}
	}
	ours := building == "" || roster.Label(b, "", "") == roster.Label(building, "", "")
	return roster.Household{Compound: compound, Building: b, Entrance: e, Door: d}, ours && d != ""
}

// perNear is how many near doors are offered.
const perNear = 3

// nearest are a room's homes that are nearest to a door that it does not have: of the same stair, then of the same building, and by number.
func nearest(o *office.State, r id.Room, d roster.Household) []doorOfOne {
	type ranked struct {
		doorOfOne
		far int
	}
	var list []ranked
	number := func(s string) int {
		n, _ := strconv.Atoi(strings.Map(func(c rune) rune {
			if c < '0' || c > '9' {
				return -1
			}
			return c
		}, s))
		return n
	}
	for _, h := range o.PremisesOf(r) {
		if h.Kind != office.Home || d.Door == "" {
			continue
		}
		far := number(h.Door) - number(d.Door)
		far = max(far, -far)
		if h.Entrance != d.Entrance {
			far += 1000
		}
		if h.Building != d.Building {
			far += 100_000
		}
		list = append(list, ranked{doorOfOne{Premises: h.ID, Label: h.Label()}, far})
	}
	slices.SortStableFunc(list, func(a, b ranked) int { return cmp.Compare(a.far, b.far) })
	var doors []doorOfOne
	for _, x := range list[:min(perNear, len(list))] {
		doors = append(doors, x.doorOfOne)
	}
	return doors
}

// addDoor puts the door that an applicant typed into the roster, the way that every door takes, for who may put doors there.
func (s *Server) addDoor(ctx context.Context, by id.Person, a office.Application) (h id.Premises, err error) {
	var d roster.Household
	may, known := false, false
	s.Engine.ReadOffice(func(o *office.State) {
		may = o.MayPlace(by, a.Room)
		d, known = typed(o, a)
		if r, ok := o.Room(a.Room); ok {
			if c, ok := o.Community(r.Community); ok {
				d.Community = c.Name
			}
		}
	})
	if !may {
		return "", fault.New(fault.Forbidden, "only a secretary or an administrator puts doors into the roster")
	}
	if !known {
		return "", fault.New(fault.Invalid, "that is no door").And("field", "door")
	}
	plan, err := s.Intake.Additions(ctx, []roster.File{roster.Doors([]roster.Household{d})})
	if err == nil && len(plan.Errors) > 0 {
		err = fault.New(fault.Invalid, "that is no door").And("field", "door")
	}
	if err == nil {
		var refused []roster.RowError
		if refused, err = s.Intake.ApplySoon(ctx, plan); err == nil && len(refused) > 0 {
			err = fault.New(fault.Invalid, refused[0].Reason).And("field", "door")
		}
	}
	if err != nil {
		return "", err
	}
	s.note(ctx, audit.Setting, "door", string(a.Room))
	return intake.HomeID(d.Compound, d.Building, d.Entrance, d.Door), nil
}
