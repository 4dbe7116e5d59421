package local

import (
	"encoding/binary"
	"fmt"

	"linli/internal/id"
	"linli/internal/journal"
)

// The database's keys; numbers are big-endian:
//
//	j/<log>\0<frame>   a frame
//	f/<position>       log\0frame: the order in which frames of all logs came, for Follow
//	s/<key>            rev, value: the shelf
//
// A frame's value is: version (1), flags, id (16), prev (16), for a redacted frame the original hash (16), body.
const (
	frameVersion = 1
	flagGone     = 1
	frameHead    = 2 + 16 + 16
)

func logPrefix(log id.Log) []byte { return append(append([]byte("j/"), log...), 0) }

func frameKey(log id.Log, seq journal.Seq) []byte {
	return binary.BigEndian.AppendUint64(logPrefix(log), uint64(seq))
}

func positionKey(pos uint64) []byte { return binary.BigEndian.AppendUint64([]byte("f/"), pos) }

func positionValue(log id.Log, seq journal.Seq) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(log), 0), uint64(seq))
}

func readPosition(value []byte) (id.Log, journal.Seq, error) {
	if len(value) < 10 || value[len(value)-9] != 0 {
		return "", 0, fmt.Errorf("local: position of %d bytes", len(value))
	}
	return id.Log(value[:len(value)-9]), journal.Seq(binary.BigEndian.Uint64(value[len(value)-8:])), nil
}

func shelfKey(key string) []byte { return append([]byte("s/"), key...) }

// encode is a frame's value; original is the hash it had, for a redacted one.
func encode(f *journal.Frame, original journal.Hash) []byte {
	b := make([]byte, 0, frameHead+16+len(f.Body))
	flags := byte(0)
	if f.Gone {
		flags = flagGone
	}
	b = append(b, frameVersion, flags)
	b = append(b, f.ID[:]...)
	b = append(b, f.Prev[:]...)
	if f.Gone {
		b = append(b, original[:]...)
	}
	return append(b, f.Body...)
}

// decode reads a frame's value, and the hash that its successor must name.
func decode(log id.Log, seq journal.Seq, value []byte) (f journal.Frame, hash journal.Hash, err error) {
	if len(value) < frameHead || value[0] != frameVersion {
		return f, hash, &journal.Damaged{Log: log, Seq: seq}
	}
	f = journal.Frame{Log: log, Seq: seq, Gone: value[1]&flagGone != 0}
	copy(f.ID[:], value[2:])
	copy(f.Prev[:], value[18:])
	rest := value[frameHead:]
	if f.Gone {
		if len(rest) < 16 {
			return f, hash, &journal.Damaged{Log: log, Seq: seq}
		}
		copy(hash[:], rest)
		rest = rest[16:]
	}
	f.Body = append([]byte(nil), rest...)
	if !f.Gone {
		hash = f.Hash()
	}
	return f, hash, nil
}
