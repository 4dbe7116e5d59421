package paper

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"linli/internal/paper/papertest"
)

// Eight slips a page, and each slip's QR code leads where it should.
func TestSlipsAreEightAPage(t *testing.T) {
	t.Parallel()
	for n, pages := range map[int]int{1: 1, 8: 1, 9: 2, 30: 4} {
		var list []SlipText
		var want []string
		for i := range n {
			list = append(list, SlipText{Door: fmt.Sprintf("3-2-%d01", i), URL: fmt.Sprintf("https://linli.example.org/join/s0123456789abcde%d-0123456789abcdef0123", i)})
			want = append(want, list[i].URL)
		}
		var b bytes.Buffer
		if err := Slips(&b, StairText{Office: "如意湖街道办事处", Community: "湖心社区", Room: "和园3号楼", Stair: "3号楼 2单元", Until: "12月28日"}, list); err != nil {
			t.Fatal(err)
		}
		if got := bytes.Count(b.Bytes(), []byte("/Type /Page\n")); got != pages {
			t.Errorf("%d slips on %d pages", n, got)
		}
		got := papertest.Codes(t, b.Bytes())
		slices.Sort(got) // a PDF may hold its pictures in any order
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%d slips lead to %v, want %v", n, got, want)
		}
	}
}
