package archive

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"linli/internal/id"
	"linli/internal/journal"
)

const (
	chunk   = 256 << 10 // bytes that are paced at once
	perPart = 8 << 20   // bytes of frames, before they are compressed, after which a part ends
)

// put writes a part of what write writes: compressed, sealed, counted.
func (a *Archive) put(ctx context.Context, name string, write func(io.Writer) error) (Part, error) {
	return a.putAs(ctx, name, true, write)
}

// putAs is put; files are sealed as they are, since pictures do not shrink.
func (a *Archive) putAs(ctx context.Context, name string, small bool, write func(io.Writer) error) (Part, error) {
	pr, pw := io.Pipe()
	sum := &counted{r: pr, h: sha256.New()}
	wrote := make(chan error, 1)
	go func() {
		err := a.sealed(ctx, pw, small, write)
		pw.CloseWithError(err) //nolint:errcheck // it never fails
		wrote <- err
	}()
	err := a.target.Put(ctx, name, sum)
	pr.CloseWithError(err) //nolint:errcheck // whoever still writes ends
	if why := <-wrote; why != nil && !errors.Is(why, io.ErrClosedPipe) && (err == nil || !errors.Is(why, err)) {
		err = why // the target only heard that it ended
	}
	if err != nil {
		return Part{}, err
	}
	return Part{Name: name, Bytes: sum.n, Sum: hex.EncodeToString(sum.h.Sum(nil))}, nil
}

func (a *Archive) sealed(ctx context.Context, to io.Writer, small bool, write func(io.Writer) error) error {
	sealed, err := age.Encrypt(to, a.seal...)
	if err != nil {
		return err
	}
	paced := &paced{ctx, sealed, a}
	if !small {
		return errors.Join(write(paced), sealed.Close())
	}
	z, err := zstd.NewWriter(paced, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return err
	}
	if err := write(z); err != nil {
		z.Close() //nolint:errcheck // it has failed
		return err
	}
	return errors.Join(z.Close(), sealed.Close())
}

// paced writes no faster than it may, so that who talks does not feel it.
type paced struct {
	ctx context.Context
	w   io.Writer
	a   *Archive
}

func (p *paced) Write(b []byte) (n int, err error) {
	for len(b) > 0 {
		some := b[:min(len(b), chunk)]
		if err := p.a.wait(p.ctx, len(some)); err != nil {
			return n, err
		}
		done, err := p.w.Write(some)
		n += done
		if err != nil {
			return n, err
		}
		b = b[len(some):]
	}
	return n, nil
}

func (a *Archive) wait(ctx context.Context, n int) error {
	if a.pace == nil {
		return ctx.Err()
	}
	return a.pace.WaitN(ctx, n)
}

// counted counts and sums what is read through it.
type counted struct {
	r io.Reader
	h hash.Hash
	n int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	c.h.Write(b[:n])
	return n, err
}

// opened reads what lies in the target in clear: what put wrote.
func (a *Archive) opened(ctx context.Context, name string) (*part, error) {
	in, err := a.unsealed(ctx, name)
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		in.Close() //nolint:errcheck // it was only read
		return nil, fmt.Errorf("archive: %w", err)
	}
	return &part{r: bufio.NewReaderSize(z, 64<<10), name: name, raw: in.raw, close: func() { z.Close(); in.Close() }}, nil //nolint:errcheck // it was only read
}

// unsealed is opened for a file.
func (a *Archive) unsealed(ctx context.Context, name string) (*part, error) {
	in, err := a.target.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	raw := &source{r: &ended{ctx, in}, h: sha256.New()}
	clear, err := age.Decrypt(raw, a.machine)
	if err != nil {
		in.Close() //nolint:errcheck // it was only read
		if raw.err != nil {
			return nil, raw.err
		}
		if no := (*age.NoIdentityMatchError)(nil); errors.As(err, &no) {
			return nil, ErrNoKey
		}
		return nil, failedRead(ctx, name, err)
	}
	return &part{r: clear, name: name, raw: raw, close: func() { in.Close() }}, nil //nolint:errcheck // it was only read
}

// source is what the target gives: what it cannot give is its own error, and no damage.
type source struct {
	r   io.Reader
	h   hash.Hash
	err error
}

func (s *source) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	s.h.Write(b[:n])
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// part reads one; what is wrong with it is *Damaged.
type part struct {
	r     io.Reader
	name  string
	raw   *source
	close func()
}

// is tells whether what was read is what was written, by its sum; empty: not known.
func (p *part) is(sum string) error {
	if sum == "" {
		return nil
	}
	if _, err := io.Copy(io.Discard, p.raw); err != nil {
		return err
	}
	if hex.EncodeToString(p.raw.h.Sum(nil)) != sum {
		return &Damaged{p.name, "it is another one than this copy has"}
	}
	return nil
}

func (p *part) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	switch {
	case err == nil || errors.Is(err, io.EOF):
	case p.raw.err != nil:
		err = p.raw.err
	default:
		err = failedRead(context.Background(), p.name, err)
	}
	return n, err
}

func (p *part) Close() error { p.close(); return nil }

// failedRead tells damage from a target that does not answer.
func failedRead(ctx context.Context, name string, err error) error {
	if ctx.Err() != nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &Damaged{name, "it is not what was written: " + err.Error()}
}

// A record is a row of byte strings, each behind its length; numbers are strings of 8 bytes.
type record [][]byte

// mostRecord is more than any record has, in bytes.
const mostRecord = journal.MaxBody + 4<<10

func (r record) write(w io.Writer) error {
	b := binary.AppendUvarint(nil, uint64(len(r)))
	for _, field := range r {
		b = append(binary.AppendUvarint(b, uint64(len(field))), field...)
	}
	_, err := w.Write(b)
	return err
}

// records reads the records of a part.
func records(in io.Reader, fields int, do func(record) error) error {
	r := bufio.NewReader(in)
	name := "?"
	if p, ok := in.(*part); ok {
		name = p.name
	}
	for {
		n, err := binary.ReadUvarint(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && n != uint64(fields) {
			err = &Damaged{name, "a record is not of the right form"}
		}
		rec := make(record, fields)
		for i := 0; i < fields && err == nil; i++ {
			if n, err = binary.ReadUvarint(r); err == nil && n > mostRecord {
				err = &Damaged{name, "a record is too long"}
			}
			if err == nil {
				rec[i] = make([]byte, n)
				_, err = io.ReadFull(r, rec[i])
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = &Damaged{name, "it ends too early"}
		}
		if err != nil {
			return err
		}
		if err := do(rec); err != nil {
			return err
		}
	}
}

func number8(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func eight(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// A frame is log, seq, id, the hash before, the hash that it had when it was redacted since (else nothing), body.
const frameFields = 6

func ofFrame(f *journal.Frame) record {
	was := []byte(nil)
	if f.Gone {
		was = f.Was[:]
	}
	return record{[]byte(f.Log), number8(uint64(f.Seq)), f.ID[:], f.Prev[:], was, f.Body}
}

func (r record) frame() (f journal.Frame) {
	f = journal.Frame{Log: id.Log(r[0]), Seq: journal.Seq(eight(r[1])), Gone: len(r[4]) > 0, Body: r[5]}
	copy(f.ID[:], r[2])
	copy(f.Prev[:], r[3])
	copy(f.Was[:], r[4])
	return f
}

// An item is key, until, value.
const itemFields = 3

func ofItem(i *journal.Item) record {
	return record{[]byte(i.Key), number8(uint64(i.Until)), i.Value}
}

func (r record) item() journal.Item {
	return journal.Item{Key: string(r[0]), Until: int64(eight(r[1])), Value: r[2]}
}

// What is on the list is a file: name, size.
const listFields = 2

// pack is records compressed in memory, until they are sealed: what a snapshot hands over waits for no target.
type pack struct {
	z   *zstd.Encoder
	b   memory
	sum hash.Hash
	n   int
}

type memory struct{ blocks [][]byte }

func (m *memory) Write(b []byte) (int, error) {
	m.blocks = append(m.blocks, append([]byte(nil), b...))
	return len(b), nil
}

func newPack() (*pack, error) {
	p := &pack{sum: sha256.New()}
	z, err := zstd.NewWriter(&p.b, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	p.z = z
	return p, err
}

func (p *pack) add(r record) error {
	p.n++
	return r.write(io.MultiWriter(p.z, p.sum))
}

// digest names the content.
func (p *pack) digest() string { return hex.EncodeToString(p.sum.Sum(nil)) }

// into writes it, compressed as it is.
func (p *pack) into(w io.Writer) error {
	for _, b := range p.b.blocks {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}
