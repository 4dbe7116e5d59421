package local_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/journal/local"
)

const (
	perFrame = 32 // messages that a room packs into one frame
	message  = 160
)

func openBench(b *testing.B) *local.Journal {
	b.Helper()
	j, err := local.Open(b.TempDir(), local.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { j.Close() })
	return j
}

// write appends n frames by so many writers, each to a log of its own.
func write(b *testing.B, j journal.Journal, writers, n, size int) {
	body := []byte(strings.Repeat("x", size))
	var left atomic.Int64
	left.Store(int64(n))
	var running sync.WaitGroup
	for who := range writers {
		log := id.Log(fmt.Sprint("room/r", who))
		running.Go(func() {
			after, err := j.Head(context.Background(), log)
			for err == nil && left.Add(-1) >= 0 {
				var name journal.ID
				binary.BigEndian.PutUint64(name[:], uint64(after))
				after, err = j.Append(context.Background(), log, after, name, body)
			}
			if err != nil {
				b.Error(err)
			}
		})
	}
	running.Wait()
}

// One op is one message.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ writers, messages int }{{1, 1}, {64, 1}, {1, perFrame}, {64, perFrame}} {
		b.Run(fmt.Sprintf("writers=%d/messages=%d", c.writers, c.messages), func(b *testing.B) {
			j := openBench(b)
			b.ReportAllocs()
			b.ResetTimer()
			write(b, j, c.writers, (b.N+c.messages-1)/c.messages, c.messages*message)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// As the server has it: 64 rooms write, one follower hears all. One op is one message, heard.
func BenchmarkAppendAndFollow(b *testing.B) {
	j := openBench(b)
	frames := (b.N + perFrame - 1) / perFrame
	b.ReportAllocs()
	b.ResetTimer()
	var running sync.WaitGroup
	running.Go(func() {
		heard := 0
		for step, err := range j.Follow(context.Background(), 0, nil) {
			if err != nil {
				b.Error(err)
				return
			}
			if step.Frame.Log != "" {
				heard++
			}
			if heard == frames {
				return
			}
		}
	})
	write(b, j, 64, frames, perFrame*message)
	running.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// A rebuild: everything from disk, in the shard's order and log by log. One op is one frame of one message.
func BenchmarkReplay(b *testing.B) {
	dir := b.TempDir()
	const all = 100_000
	j, err := local.Open(dir, local.Options{})
	if err != nil {
		b.Fatal(err)
	}
	write(b, j, 256, all, message)
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	if j, err = local.Open(dir, local.Options{}); err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	rate := func(b *testing.B) { b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s") }
	b.Run("follow", func(b *testing.B) {
		for n := 0; n < b.N; {
			for step, err := range j.Follow(context.Background(), 0, nil) {
				if err != nil {
					b.Fatal(err)
				}
				if n++; n >= b.N || step.Frame.Log == "" {
					break
				}
			}
		}
		rate(b)
	})
	b.Run("read", func(b *testing.B) {
		for n := 0; n < b.N; {
			for _, err := range j.Read(context.Background(), id.Log(fmt.Sprint("room/r", n%256)), 0, 0) {
				if err != nil {
					b.Fatal(err)
				}
				if n++; n >= b.N {
					break
				}
			}
		}
		rate(b)
	})
}
