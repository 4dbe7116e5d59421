package web

import (
	"cmp"
	"context"
	"slices"

	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/notify"
	"linli/internal/pocket"
	"linli/internal/room"
)

type alertsBody struct {
	Key      string          `json:"key"`    // what browsers subscribe with (base64url)
	Topics   map[string]bool `json:"topics"` // what there is to choose from, and how it is when one does not
	Channels []notify.Way    `json:"channels"`
	Pushes   []pushRow       `json:"pushes"`
	Verdict  string          `json:"verdict"` // does the phone ring: rings, unsure, silent
}

// pushRow is a browser that is rung, as its person sees it.
type pushRow struct {
	ID      id.Push   `json:"id"`
	Device  id.Device `json:"device"`
	Label   string    `json:"label"`
	Created int64     `json:"created"`
	Worked  int64     `json:"worked,omitempty"`
	Failed  int64     `json:"failed,omitempty"`
	Current bool      `json:"current"` // this device
}

// alerts is by which ways somebody is reached, as far as that was measured.
func (s *Server) alerts(ctx context.Context, _ *none) (*body[alertsBody], error) {
	c, err := s.who(ctx)
	if err != nil {
		return nil, err
	}
	b := alertsBody{Key: s.Notify.Key(), Topics: pocket.Topics, Pushes: []pushRow{}}
	if b.Channels, b.Verdict, err = s.Notify.Ways(ctx, c.Person); err != nil {
		return nil, err
	}
	browsers, err := s.Notify.Browsers(ctx, c.Person)
	if err != nil {
		return nil, err
	}
	labels := map[id.Device]string{}
	for _, d := range s.Auth.Devices(c.Person) {
		labels[d.ID] = d.Label
	}
	for _, x := range browsers {
		b.Pushes = append(b.Pushes, pushRow{
			ID: x.ID, Device: x.Device, Label: labels[x.Device], Created: x.Created, Worked: x.Worked, Failed: x.Failed, Current: x.Device == c.Device,
		})
	}
	return says(b), nil
}

type sentBody struct {
	Sent []string `json:"sent"`
}

// testAlert rings all of one's own pages and browsers.
func (s *Server) testAlert(ctx context.Context, _ *none) (*body[sentBody], error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	sent, ok, err := s.Notify.Test(ctx, p)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, fault.New(fault.TooMany, "tested often enough for now").And("retry", 60)
	}
	return says(sentBody{Sent: sent}), nil
}

type subscribeInput struct {
	Body struct {
		Endpoint string `json:"endpoint"`
		P256dh   string `json:"p256dh"`
		Auth     string `json:"auth"`
	}
}

type pushBody struct {
	ID id.Push `json:"id"`
}

// subscribe lets this device's browser be rung by pushes.
func (s *Server) subscribe(ctx context.Context, in *subscribeInput) (*body[pushBody], error) {
	c, err := s.who(ctx)
	if err != nil {
		return nil, err
	}
	name, err := s.Notify.Subscribe(ctx, c.Person, notify.Subscription{
		Device: c.Device, Endpoint: in.Body.Endpoint, P256dh: in.Body.P256dh, Auth: in.Body.Auth,
	})
	if err != nil {
		return nil, err
	}
	if !s.Auth.Alive(c.Device) { // signed out meanwhile
		s.Notify.Ended(c.Person, c.Device)
		return nil, fault.New(fault.SignIn, "nobody is signed in, or no longer")
	}
	return says(pushBody{ID: name}), nil
}

type pushInput struct {
	Push id.Push `path:"push"`
}

func (s *Server) unsubscribe(ctx context.Context, in *pushInput) (*done, error) {
	p, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return ok(), s.Notify.Unsubscribe(ctx, p, in.Push)
}

type receiptInput struct {
	Receipt string `path:"receipt"`
}

// alertShown is said by a page or a service worker, which needs nobody signed in: the receipt is proof enough, and what is none is
// answered the same.
func (s *Server) alertShown(_ context.Context, in *receiptInput) (*done, error) {
	s.Notify.Shown(in.Receipt)
	return ok(), nil
}

type reachBody struct {
	Members int            `json:"members"`
	Homes   int            `json:"homes"`   // doors with somebody behind
	Reached int            `json:"reached"` // of them: where somebody can be reached
	By      map[string]int `json:"by"`      // members by the best way that works: page, push, robot, sms, none
	People  []reachRow     `json:"people"`  // in walking order, those without a way first
}

type reachRow struct {
	Person id.Person `json:"person"`
	Name   string    `json:"name"`
	Label  string    `json:"label,omitempty"`
	Best   string    `json:"best"`
	Worked int64     `json:"worked,omitempty"`
}

// reach is how the members of a room are reached, for who answers for it.
func (s *Server) reach(ctx context.Context, in *roomInput) (*body[reachBody], error) {
	if _, err := s.answersFor(ctx, in.Room); err != nil {
		return nil, err
	}
	best, err := s.Notify.Best(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	b := reachBody{Members: len(best), By: map[string]int{"page": 0, "push": 0, "robot": 0, "sms": 0, "none": 0}, People: []reachRow{}}
	homes, door := map[id.Premises]bool{}, map[id.Person]id.Premises{}
	err = s.Engine.ReadRoom(in.Room, func(x *room.State) {
		for _, p := range best {
			row := reachRow{Person: p.Person, Best: p.Channel, Worked: p.Worked}
			b.By[p.Channel]++
			if m := x.Member(p.Person); m != nil && len(m.Premises) > 0 {
				d, _ := x.Door(m.Premises[0])
				row.Label, door[p.Person] = d.Label, m.Premises[0]
				for _, h := range m.Premises {
					homes[h] = homes[h] || p.Channel != "none"
				}
			}
			b.People = append(b.People, row)
		}
	})
	if err != nil {
		return nil, err
	}
	b.Homes = len(homes)
	for _, reached := range homes {
		if reached {
			b.Reached++
		}
	}
	for i := range b.People {
		n, _ := s.View.NameOf(in.Room, b.People[i].Person)
		b.People[i].Name = n.Name
	}
	order := s.walking(in.Room)
	slices.SortFunc(b.People, func(x, y reachRow) int {
		return cmp.Or(first(y.Best == "none")-first(x.Best == "none"), cmp.Compare(order[door[x.Person]], order[door[y.Person]]), cmp.Compare(x.Person, y.Person))
	})
	return says(b), nil
}

func first(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
