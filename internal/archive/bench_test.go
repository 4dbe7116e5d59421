package archive

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"linli/internal/id"
	"linli/internal/journal"
	"linli/internal/journal/local"
)

// A million messages of 160 bytes, sealed as they are in a log, in 78 rooms and frames of 32: written, copied, copied again with a thousandth more, and
// restored. One op is one message.
//
//	go test ./internal/archive -run '^$' -bench Office -benchtime 1000000x
func BenchmarkOffice(b *testing.B) {
	open := func(name string) *local.Journal {
		j, err := local.Open(filepath.Join(b.TempDir(), name), local.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { j.Close() }) //nolint:errcheck // it is only measured
		return j
	}
	j, dir, ctx := open("log"), b.TempDir(), context.Background()
	secret, safe, err := NewKey()
	if err != nil {
		b.Fatal(err)
	}
	after := [78]journal.Seq{}
	write := func(messages int) {
		sealed := make([]byte, 120)
		for n := 0; n < messages; n += 32 {
			body := []byte(`{"v":1,"from":1,"at":1772352010000,"e":[`)
			for range min(32, messages-n) {
				rand.Read(sealed) //nolint:errcheck // it never fails
				body = fmt.Appendf(body, `{"k":"text.post","by":"p%d","id":"d%d.%d","w":"%s"},`, n%300, n%900, n, base64.StdEncoding.EncodeToString(sealed))
			}
			room := n / 32 % len(after)
			var name journal.ID
			copy(name[:], random(16))
			seq, err := j.Append(ctx, id.Log(fmt.Sprint("room/r", room)), after[room], name, body)
			if err != nil {
				b.Fatal(err)
			}
			after[room] = seq
		}
	}
	write(b.N)
	a, err := Open(Folder{dir}, Options{Safe: safe, Keys: b.TempDir(), Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	src := Source{Journal: j, Files: &shoebox{all: map[string][]byte{}}, Apart: "key/"}
	step := func(what string, do func() error) {
		began := time.Now()
		if err := do(); err != nil {
			b.Fatal(what, err)
		}
		b.ReportMetric(time.Since(began).Seconds(), what+"-s")
	}
	size := func(what string) {
		n := int64(0)
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, _ error) error {
			if info, err := os.Stat(path); err == nil && !d.IsDir() {
				n += info.Size()
			}
			return nil
		})
		b.ReportMetric(float64(n)/(1<<20), what+"-MiB")
	}
	b.ResetTimer()
	step("whole", func() error { _, err := a.Copy(ctx, src, false, false); return err })
	size("whole")
	write(b.N / 1000)
	step("more", func() error { _, err := a.Copy(ctx, src, false, true); return err })
	size("both")
	to := open("restored")
	step("restore", func() error {
		r, err := OpenFor(Folder{dir}, secret)
		if err != nil {
			return err
		}
		c, _, err := r.Pick(ctx, "", 0)
		if err != nil {
			return err
		}
		found, err := r.Restore(ctx, c, 0, Into{Journal: to, Files: src.Files, Apart: "key/"})
		if err == nil && len(found.Wrong) > 0 {
			err = fmt.Errorf("%v", found.Wrong)
		}
		return err
	})
	step("check", func() error { return journal.Check(ctx, to, func(journal.Checked) {}) })
}
