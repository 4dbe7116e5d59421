package auth

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"

	"linli/internal/id"
	"linli/internal/journal/local"
	"linli/internal/register"
)

// BenchmarkRefresh is many devices that refresh at the same time, as after a restart, on a shelf whose every write is synced.
func BenchmarkRefresh(b *testing.B) {
	ctx := context.Background()
	j, err := local.Open(b.TempDir(), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = j.Close() })
	keys, err := register.LoadKeys(b.TempDir() + "/keys")
	if err != nil {
		b.Fatal(err)
	}
	a, err := Open(ctx, j.Shelf(), register.Open(j.Shelf(), keys), Options{Cost: Cost{Time: 1, Memory: 8}, Free: true})
	if err != nil {
		b.Fatal(err)
	}
	tokens := make([]string, 512)
	for i := range tokens {
		s, err := a.Start(ctx, id.New[id.Person]("p"), Where{})
		if err != nil {
			b.Fatal(err)
		}
		tokens[i] = s.Refresh
	}
	var n atomic.Int32
	b.SetParallelism(len(tokens) / 4)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		mine := &tokens[int(n.Add(1)-1)%len(tokens)]
		for pb.Next() {
			s, err := a.Refresh(ctx, *mine)
			if err != nil {
				b.Error(err)
				return
			}
			*mine = s.Refresh
		}
	})
}
