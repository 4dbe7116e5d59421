package preview

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
)

const (
	mostTitle       = 120 // characters
	mostDescription = 200
)

// read takes the title and description out of a page, in whatever encoding. It stops where the body begins.
func read(page io.Reader, contentType string) (title, description string) {
	utf, err := charset.NewReader(page, contentType)
	if err != nil {
		return "", ""
	}
	said := map[string]string{}
	z := html.NewTokenizer(utf)
	z.SetMaxBuf(64 << 10)
	for {
		switch z.Next() {
		case html.ErrorToken:
			return choose(said)
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == "head" {
				return choose(said)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			switch string(name) {
			case "body":
				return choose(said)
			case "title":
				if z.Next() == html.TextToken && said["title"] == "" {
					said["title"] = string(z.Text())
				}
			case "meta":
				meta(z, more, said)
			}
		}
	}
}

// meta notes what a meta element says, the first of each.
func meta(z *html.Tokenizer, more bool, said map[string]string) {
	name, content := "", ""
	for more {
		var k, v []byte
		k, v, more = z.TagAttr()
		switch string(k) {
		case "property", "name":
			name = strings.ToLower(strings.TrimSpace(string(v)))
		case "content":
			content = string(v)
		}
	}
	switch name {
	case "og:title", "og:description", "description":
		if said[name] == "" {
			said[name] = content
		}
	}
}

func choose(said map[string]string) (title, description string) {
	if title = clean(said["og:title"], mostTitle); title == "" {
		title = clean(said["title"], mostTitle)
	}
	if description = clean(said["og:description"], mostDescription); description == "" {
		description = clean(said["description"], mostDescription)
	}
	return title, description
}

// clean is one line of what can be seen.
func clean(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError:
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if all := []rune(s); len(all) > most {
		s = string(all[:most-1]) + "…"
	}
	return s
}
