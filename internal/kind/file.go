package kind

import "linli/internal/entry"

// file is a document, named as its sender named it.
type file struct{ attached }

var _ = declare(kind[file]{
	name:    "file",
	lane:    Chat,
	actions: map[string]action[file]{"post": actw(file.mayPost, file.post, "name")},
	shown:   func(f file) any { return f },
	summary: func(words entry.Words, _ file) string { return line("[文件]", word(words, "name")) },
})

func (file) mayPost(ask Ask, with *attached, words entry.Words) error {
	if err := member(ask); err != nil {
		return err
	}
	if err := with.few(1, ""); err != nil {
		return err
	}
	return fileName(words)
}

func (f file) post(e Event, with attached) file { return file{f.attached.post(e, with)} }
