package office

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"linli/internal/entry"
	"linli/internal/fault"
	"linli/internal/id"
)

// Telephone is a number that those who decide on applications chose to tell: to who applies, to who is in, and on the posters.
type Telephone struct {
	Phone string `json:"phone"`
	When  string `json:"when,omitempty"` // when somebody answers it, as they wrote it
}

const (
	mostPhone = 30
	mostWhen  = 40
)

type telephoneFacts struct {
	Room id.Room `json:"room,omitempty"` // empty: of all rooms without one of their own
	Off  bool    `json:"off,omitempty"`  // it is told no more
}

func (s *State) mayTelephone(a *asking) ([]step, error) {
	f, err := take[telephoneFacts](a)
	if err != nil {
		return nil, err
	}
	if err := s.mayRule(a, f.Room); err != nil {
		return nil, err
	}
	old, told := s.core.Telephones[f.Room]
	now := telephoneOf(a.words)
	switch {
	case f.Off && a.words != nil:
		return nil, invalid("phone", "a number that is told no more has no words")
	case f.Off && !told, !f.Off && told && telephoneOf(old) == now:
		return nil, fault.New(fault.Unchanged, "it is so already")
	case f.Off:
		return one(f), nil
	case !dialled(now.Phone):
		return nil, invalid("telephone", "a telephone is digits, with what may stand between them")
	case utf8.RuneCountInString(now.When) > mostWhen:
		return nil, fault.New(fault.TooLarge, "the text is too long").And("field", "when").And("limit", mostWhen)
	}
	return one(f), nil
}

// dialled tells whether a text can be dialled: three digits or more, and what people write between them.
func dialled(text string) bool {
	digits := 0
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune(" +-()（）转", r):
			return false
		}
	}
	return digits >= 3 && utf8.RuneCountInString(text) <= mostPhone
}

func telephoneOf(words entry.Words) (t Telephone) {
	if len(words) > 0 && json.Unmarshal(words, &t) != nil {
		return Telephone{}
	}
	return Telephone{strings.TrimSpace(t.Phone), strings.TrimSpace(t.When)}
}

func (s *State) telephoned(ev *event) {
	f, ok := read[telephoneFacts](ev.Entry)
	if !ok {
		return
	}
	if f.Off {
		delete(s.core.Telephones, f.Room)
		return
	}
	made(&s.core.Telephones)
	s.core.Telephones[f.Room] = ev.Words
}

// Telephone is the number that who applies for a room is told: the room's own, else the office's; not ok where nobody chose to tell one,
// or its words are gone. own tells whether it is the room's.
func (s *State) Telephone(r id.Room) (t Telephone, own, ok bool) {
	words, own := s.core.Telephones[r]
	if !own {
		words = s.core.Telephones[""]
	}
	t = telephoneOf(words)
	return t, own, t.Phone != ""
}
