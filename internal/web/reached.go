package web

import (
	"slices"

	"linli/internal/id"
	"linli/internal/room"
)

// cameIn tells whether somebody has signed in once. Whom a roster or an appointment brought in has not, until they choose a password.
func (s *Server) cameIn(p id.Person) bool { return s.Auth.ChosePassword(p) }

// reached tells whether somebody of a premises is in the room and has signed in once.
func (s *Server) reached(x *room.State, h id.Premises) bool {
	return slices.ContainsFunc(x.Behind(h), s.cameIn)
}

// tally is the room's coverage: its doors of which somebody is in and has signed in once. waiting are those whose people the roster
// brought in and who have not signed in yet.
func (s *Server) tally(x *room.State) (t room.Tally, waiting int) {
	t = x.Tally()
	seen := map[id.Premises]bool{}
	for p, m := range x.Members {
		if s.cameIn(p) {
			continue
		}
		for _, h := range m.Premises {
			d, ours := x.Door(h)
			if seen[h] || !ours || s.reached(x, h) {
				continue
			}
			seen[h] = true
			waiting++
			if d.Kind == "shop" {
				t.Shops.Covered--
			} else {
				t.Homes.Covered--
			}
		}
	}
	return t, waiting
}
