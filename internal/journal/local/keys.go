package local

import (
	"bytes"
	"encoding/binary"

	"linli/internal/id"
	"linli/internal/journal"
)

// The database's keys; numbers are big-endian:
//
//	j/<log>\0<frame>   a frame
//	h/<log>            frame, hash: the head. A second witness, see heads.load
//	f/<position>       log\0frame: the order in which frames of all logs came, for Follow
//	g/<log>\0<frame>   nothing: the frame was redacted
//	s/<key>            rev, value: the shelf
//	m/epoch            format (1), 8 random bytes: which database this is; a part of every cursor
//	m/rev              the last revision given on the shelf
//
// A frame's value is: version (1), flags (1), id (16), prev (16), sum (16), for a redacted frame the original hash (16), body.
// The sum is the hash of the frame as it is stored, so that a changed byte shows in the frame itself, not only in its successor.
const (
	frameVersion = 1
	flagGone     = 1
	frameHead    = 2 + 16 + 16 + 16
	format       = 1
)

var (
	epochKey = []byte("m/epoch")
	revKey   = []byte("m/rev")
)

func logPrefix(log id.Log) []byte { return append(append([]byte("j/"), log...), 0) }

func frameKey(log id.Log, seq journal.Seq) []byte {
	return binary.BigEndian.AppendUint64(logPrefix(log), uint64(seq))
}

func goneKey(log id.Log, seq journal.Seq) []byte {
	key := frameKey(log, seq)
	key[0] = 'g'
	return key
}

func headKey(log id.Log) []byte { return append([]byte("h/"), log...) }

func headValue(h head) []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, 24), uint64(h.seq)), h.hash[:]...)
}

// readHead reads a head's value; one of another size says nothing, and agrees with no frame.
func readHead(value []byte) (h head) {
	if len(value) == 24 {
		h.seq = journal.Seq(binary.BigEndian.Uint64(value))
		copy(h.hash[:], value[8:])
	}
	return h
}

func positionKey(pos uint64) []byte { return binary.BigEndian.AppendUint64([]byte("f/"), pos) }

func positionValue(log id.Log, seq journal.Seq) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(log), 0), uint64(seq))
}

func readPosition(value []byte) (log id.Log, seq journal.Seq, ok bool) {
	cut := len(value) - 9
	if cut < 1 || value[cut] != 0 {
		return "", 0, false
	}
	return id.Log(value[:cut]), journal.Seq(binary.BigEndian.Uint64(value[cut+1:])), true
}

func shelfKey(key string) []byte { return append([]byte("s/"), key...) }

// encode is a frame's value; hash is the frame's as it was appended.
func encode(f *journal.Frame, hash journal.Hash) []byte {
	b := make([]byte, 0, frameHead+16+len(f.Body))
	flags, sum := byte(0), hash
	if f.Gone {
		flags, sum = flagGone, f.Hash()
	}
	b = append(b, frameVersion, flags)
	b = append(b, f.ID[:]...)
	b = append(b, f.Prev[:]...)
	b = append(b, sum[:]...)
	if f.Gone {
		b = append(b, hash[:]...)
	}
	return append(b, f.Body...)
}

// decode reads a frame's value, and the hash that its successor must name. The body is a part of value.
func decode(log id.Log, seq journal.Seq, value []byte) (f journal.Frame, hash journal.Hash, err error) {
	damaged := &journal.Damaged{Log: log, Seq: seq}
	if len(value) < frameHead || value[0] != frameVersion || value[1]&^flagGone != 0 {
		return f, hash, damaged
	}
	f = journal.Frame{Log: log, Seq: seq, Gone: value[1] == flagGone}
	copy(f.ID[:], value[2:])
	copy(f.Prev[:], value[18:])
	sum, rest := value[34:50], value[frameHead:]
	if f.Gone {
		if len(rest) < len(hash) {
			return f, hash, damaged
		}
		copy(hash[:], rest)
		f.Was, rest = hash, rest[len(hash):]
	}
	f.Body = rest
	now := f.Hash()
	if !bytes.Equal(now[:], sum) {
		return f, hash, damaged
	}
	if !f.Gone {
		hash = now
	}
	return f, hash, nil
}

// valid tells whether a log has a name of the form kind/id.
func valid(log id.Log) bool {
	slash := -1
	for i := 0; i < len(log); i++ {
		c := log[i]
		switch {
		case c == '/' && slash < 0:
			slash = i
		case c >= 'a' && c <= 'z':
		case slash >= 0 && (c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c == '_' || c == '-'):
		default:
			return false
		}
	}
	return slash > 0 && slash <= 20 && slash < len(log)-1 && len(log)-slash <= 41
}
