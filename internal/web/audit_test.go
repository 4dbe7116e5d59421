package web

import (
	"os"
	"strings"
	"testing"
)

// What the audit log says is worded in both languages: an administrator reads no act's name.
func TestEveryNotedActIsWorded(t *testing.T) {
	t.Parallel()
	for _, catalogue := range []string{"zh", "en"} {
		b, err := os.ReadFile("../../client-web/src/words/" + catalogue + ".ts")
		if err != nil {
			t.Fatal(err)
		}
		for act := range noted {
			if key := "au_" + strings.NewReplacer(".", "_", "-", "_").Replace(act) + ":"; !strings.Contains(string(b), key) {
				t.Errorf("%s has no %s", catalogue, key)
			}
		}
	}
}
