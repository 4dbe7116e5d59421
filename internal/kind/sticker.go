package kind

import (
	"linli/internal/entry"
	"linli/internal/fault"
)

// sticker is one of the drawings that every client brings along. It has no words: what it says is its name.
type sticker struct {
	Name string `json:"name"`
}

// stickers are the drawings and what each says.
var stickers = map[string]string{
	"thanks": "谢谢", "heard": "收到", "tired": "辛苦了", "morning": "早上好", "night": "晚安", "cheer": "加油",
	"like": "点赞", "hug": "抱抱", "safe": "平安", "coming": "在路上", "brought": "送到了", "rain": "下雨了",
}

var _ = declare(kind[sticker]{
	name:    "sticker",
	lane:    Chat,
	actions: map[string]action[sticker]{"post": actw(sticker.mayPost, sticker.post)},
	shown:   func(s sticker) any { return s },
	summary: func(_ entry.Words, s sticker) string { return line("[表情]", stickers[s.Name]) },
})

func (sticker) mayPost(ask Ask, with *sticker, words entry.Words) error {
	if err := member(ask); err != nil {
		return err
	}
	if stickers[with.Name] == "" {
		return fault.New(fault.Invalid, "there is no such sticker").And("field", "name")
	}
	if words != nil {
		return fault.New(fault.Invalid, "a sticker has no words").And("field", "words")
	}
	return nil
}

func (sticker) post(_ Event, with sticker) sticker { return with }

// Pass lets it be passed on, by what it says: the other room may be one without stickers.
func (sticker) Pass() (Part, bool) { return Part{}, true }
