package preview

import (
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"

	"linli/internal/legible"
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
	if title = legible.Line(said["og:title"], mostTitle); title == "" {
		title = legible.Line(said["title"], mostTitle)
	}
	if description = legible.Line(said["og:description"], mostDescription); description == "" {
		description = legible.Line(said["description"], mostDescription)
	}
	return title, description
}
