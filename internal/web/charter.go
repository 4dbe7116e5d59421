package web

import (
	"context"
	"slices"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/office"
)

type charterInput struct {
	Body struct {
		Room id.Room `json:"room,omitempty"` // empty: of all rooms without one of their own
		Text string  `json:"text"`
	}
}

func (s *Server) setCharter(ctx context.Context, in *charterInput) (*done, error) {
	_, err := s.asPerson(ctx, "charter.set", map[string]any{"room": in.Body.Room}, map[string]string{"text": in.Body.Text})
	return ok(), err
}

type acceptInput struct {
	Body struct {
		Room    id.Room `json:"room"`
		Version int     `json:"version"`
	}
}

// acceptCharter is a member's agreement to a charter that was changed after they came.
func (s *Server) acceptCharter(ctx context.Context, in *acceptInput) (*done, error) {
	_, err := s.asPerson(ctx, "charter.accept", map[string]any{"room": in.Body.Room, "version": in.Body.Version}, nil)
	return ok(), err
}

// limits is how much one person of the office may take on.
func (s *Server) limits(ctx context.Context, _ *none) (*body[entry.Limits], error) {
	if _, err := s.signedIn(ctx); err != nil {
		return nil, err
	}
	var l entry.Limits
	s.Engine.ReadOffice(func(o *office.State) { l = o.Limits() })
	return says(l), nil
}

type limitsInput struct {
	Body struct {
		Residents  limitChange `json:"residents,omitempty"`
		Volunteers limitChange `json:"volunteers,omitempty"`
	}
}

// limitChange is what of a limit is to be another; what is left out stays as it is.
type limitChange struct {
	Claims   *int `json:"claims,omitempty"`
	Contacts *int `json:"contacts,omitempty"`
}

func (s *Server) setLimits(ctx context.Context, in *limitsInput) (*done, error) {
	_, err := s.asPerson(ctx, "limits.set", in.Body, nil)
	return ok(), err
}

type policyInput struct {
	Body struct {
		Room      id.Room  `json:"room,omitempty"` // empty: of all rooms, where they say nothing themselves
		History   string   `json:"history,omitempty"`
		Since     int64    `json:"since,omitempty"`
		AutoGreen *bool    `json:"autoGreen,omitempty"`
		Stickers  *bool    `json:"stickers,omitempty"`
		Reserved  []string `json:"reserved,omitempty"` // []: no lane is reserved
		Follow    []string `json:"follow,omitempty"`   // what of these the room does as the office from now on
	}
}

// settingNames are what a policy says, as its fields are called.
var settingNames = map[office.Setting]string{"history": "history", "auto_green": "autoGreen", "stickers": "stickers", "reserved": "reserved"}

// policyOf is how a room is run, and what of it is its own.
func policyOf(o *office.State, r id.Room) *policy {
	now := o.Policy(r)
	p := policy{History: now.History, Since: now.Since, AutoGreen: now.AutoGreen, Stickers: !now.NoStickers, Reserved: now.Reserved}
	for _, x := range o.OwnPolicy(r) {
		p.Own = append(p.Own, settingNames[x])
	}
	return &p
}

// officePolicy is how rooms are run that say nothing themselves.
func officePolicy(o *office.State) *policy {
	p := policyOf(o, "")
	p.Own = nil
	return p
}

// rulesBody is what the office says of all rooms that say nothing themselves.
type rulesBody struct {
	Charter charter    `json:"charter"`
	Policy  *policy    `json:"policy"`
	Own     []ownRules `json:"own,omitempty"` // of rooms with a charter of their own, by name
}

// ownRules are what a room says itself.
type ownRules struct {
	Room id.Room `json:"room"`
	Name string  `json:"name"`
	Text string  `json:"text"`
}

// rules are the office's own, for who may set them.
func (s *Server) rules(ctx context.Context, _ *none) (*body[rulesBody], error) {
	if _, err := s.mayImport(ctx); err != nil {
		return nil, err
	}
	var b rulesBody
	s.Engine.ReadOffice(func(o *office.State) {
		b.Charter, b.Policy = charterOf(o, ""), officePolicy(o)
		for _, r := range o.Rooms() {
			if o.OwnCharter(r.ID) {
				b.Own = append(b.Own, ownRules{r.ID, r.Name, charterOf(o, r.ID).Text})
			}
		}
	})
	return says(b), nil
}

// setPolicy changes what it names, and nothing else.
func (s *Server) setPolicy(ctx context.Context, in *policyInput) (*done, error) {
	p := &in.Body
	facts := map[string]any{"room": p.Room, "history": p.History, "since": p.Since, "reserved": p.Reserved}
	if p.AutoGreen != nil {
		facts["auto_green"] = *p.AutoGreen
	}
	if p.Stickers != nil {
		facts["no_stickers"] = !*p.Stickers
	}
	var follows []office.Setting
	for x, name := range settingNames {
		if slices.Contains(p.Follow, name) {
			follows = append(follows, x)
		}
	}
	if len(follows) < len(p.Follow) {
		return nil, fault.New(fault.Invalid, "there is no such setting, or it is named twice").And("field", "follow")
	}
	facts["follows"] = follows
	return s.settled(ctx, "policy.set", facts, nil)
}

type telephoneInput struct {
	Room id.Room `query:"room"` // empty: of all rooms without one of their own
}

type telephoneBody struct {
	office.Telephone
	Own bool `json:"own"` // it is the room's, and not the office's
}

// telephone is the number that who applies is told, for those who choose it.
func (s *Server) telephone(ctx context.Context, in *telephoneInput) (*body[telephoneBody], error) {
	var err error
	if in.Room == "" {
		_, err = s.mayImport(ctx)
	} else {
		_, err = s.answersFor(ctx, in.Room)
	}
	if err != nil {
		return nil, err
	}
	var b telephoneBody
	s.Engine.ReadOffice(func(o *office.State) { b.Telephone, b.Own, _ = o.Telephone(in.Room) })
	return says(b), nil
}

type setTelephoneInput struct {
	Body struct {
		Room id.Room `json:"room,omitempty"` // empty: of all rooms without one of their own
		office.Telephone
	}
}

// setTelephone chooses the number that who applies is told; an empty one is told no more.
func (s *Server) setTelephone(ctx context.Context, in *setTelephoneInput) (*done, error) {
	facts, words := map[string]any{"room": in.Body.Room}, map[string]string{"phone": in.Body.Phone, "when": in.Body.When}
	if in.Body.Phone == "" {
		facts["off"], words = true, nil
	}
	_, err := s.asPerson(ctx, "telephone.set", facts, words)
	return ok(), err
}
