package local

import (
	"testing"

	"linli/internal/journal"
)

func TestTheRingKeepsTheLatestAndNotTooMuch(t *testing.T) {
	t.Parallel()
	r := &ring{}
	put := func(pos uint64, size int) {
		r.put(stored{pos: pos, frame: journal.Frame{Log: "room/r1", Seq: journal.Seq(pos), Body: make([]byte, size)}})
	}
	expect := func(after uint64, n int, want ...uint64) {
		t.Helper()
		got := r.take(after, n)
		if len(got) != len(want) {
			t.Fatalf("after %d: %d frames, want %d", after, len(got), len(want))
		}
		for i, s := range got {
			if s.pos != want[i] || uint64(s.frame.Seq) != want[i] {
				t.Errorf("after %d: number %d is %d, want %d", after, i, s.pos, want[i])
			}
		}
	}
	expect(0, 5)
	for pos := uint64(5001); pos <= 5004; pos++ { // as after a start with 5,000 on disk
		put(pos, 10)
	}
	expect(0, 5)
	expect(4999, 5)
	expect(5000, 2, 5001, 5002)
	expect(5002, 5, 5003, 5004)
	expect(5004, 5)
	r.remove(place{"room/r1", 5003})
	expect(5001, 5, 5002)
	expect(5002, 5)
	expect(5003, 5, 5004)
	for pos := uint64(5005); pos <= 9000; pos++ {
		put(pos, 1)
	}
	expect(9000-ringFrames-1, 5)
	expect(9000-ringFrames, 1, 9000-ringFrames+1)
	expect(8998, 5, 8999, 9000)
	if r.size != ringFrames {
		t.Errorf("%d bytes are counted, %d are there", r.size, ringFrames)
	}
	for pos := uint64(9001); pos <= 9100; pos++ {
		put(pos, journal.MaxBody)
	}
	if r.size > ringBytes {
		t.Errorf("%d bytes are kept", r.size)
	}
	expect(9099, 5, 9100)
	expect(9001, 5)
}
