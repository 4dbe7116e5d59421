package legible

import (
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for name, fine := range map[string]bool{
		"和园3号楼": true, "王丽": true, "买买提·吐尔逊江": true, "O'Brien-Smith": true, "Nguyễn Văn Thiệu": true, "e\u0302\u0301": true, "José": true,
		"一家亲❤️群": true, "محمد": true, "": true, "A  B": true,
		"王\u202e丽": false, "王\u202d丽": false, "王\u202a丽": false, "\u2066王\u2069": false, "\u2067王": false, "\u2068王": false,
		"王\u200b丽": false, "王\u200d丽": false, "王\ufeff丽": false, "\u200f王": false, "王\u00ad丽": false, "王\u2060丽": false,
		"王\u0000丽": false, "王\n丽": false, "王\t丽": false, "王\u007f": false, "王\u0085": false, "王\u2028丽": false,
		"\u3164": false, "\u2800": false, "\u115f王": false, "\ufffd": false, "\ue000": false, "\ufdd0": false, "a\xff": false, "\xed\xa0\x80": false,
		"z" + strings.Repeat("\u0336", 3):              false,
		"王" + strings.Repeat("\u0301\u0302\u20dd", 12): false,
		"王\U000e0041丽":                                 false, // tags, which spell things out unseen
	} {
		if Name(name) != fine {
			t.Errorf("%q: %v", name, !fine)
		}
	}
}

func TestTexts(t *testing.T) {
	for text, fine := range map[string]bool{
		"今晚停水\n明早来\t水": true, "全家👨\u200d👩\u200d👧": true, "\u202e倒着\u202c": true, "零\u200b宽": true, "z" + strings.Repeat("\u0336", 90): true,
		"<script>alert(1)</script>": true, "": true, "\r\n": true, "\ufffd": true,
		"空\u0000": false, "\u001b[31m": false, "\u0007": false, "\u007f": false, "\u009b": false, "\uffff": false, "\xff": false,
	} {
		if Text(text) != fine {
			t.Errorf("%q: %v", text, !fine)
		}
	}
}

func TestBlank(t *testing.T) {
	for text, blank := range map[string]bool{"": true, " \u3000\n": true, "\u200b\u200d": true, "\u3164": true, "\u0301": true, "\u202e": true, "。": false, "👍": false} {
		if Blank(text) != blank {
			t.Errorf("%q: %v", text, !blank)
		}
	}
}

func TestWords(t *testing.T) {
	for words, kept := range map[string]string{
		`{"text": "停水"}`:                  `{"text":"停水"}`,
		`{"text":"<b>&"}`:                 `{"text":"<b>&"}`,
		`{"text":"\u505c水 <b>"}`:          `{"text":"停水 <b>"}`,
		`{"text":"一\n二\t\"三\"\\"}`:        `{"text":"一\n二\t\"三\"\\"}`,
		`{"text":"\ud83d\udc4d"}`:         `{"text":"👍"}`,
		`{"text":"\ud83d"}`:               "{\"text\":\"\ufffd\"}",
		`{"text":"\udc4d停"}`:              "{\"text\":\"\ufffd停\"}",
		`{"list":["a",["\u200b"]],"n":1}`: "{\"list\":[\"a\",[\"\u200b\"]],\"n\":1}",
		`{"text":"¥￥！"}`:                  `{"text":"¥￥！"}`,
		`{"text":"\u0000"}`:               "",
		`{"text":"\u001b[2J"}`:            "",
		`{"text":"\b"}`:                   "",
		"{\"text\":\"\u0085\"}":           "",
		"{\"text\":\"\u007f\"}":           "",
		"{\"text\":\"\uffff\"}":           "",
		"{\"text\":\"\U0001ffff\"}":       "",
		`{"a":{"b":["\u0007"]}}`:          "",
		`{"\u0000":"a"}`:                  "",
		`{"text":`:                        "",
		"{\"text\":\"\x01\"}":             "",
	} {
		got, ok := Words([]byte(words))
		if string(got) != kept || ok != (kept != "") {
			t.Errorf("%s: %q %v", words, got, ok)
		}
	}
}
