package view

import (
	"encoding/binary"

	"linli/internal/entry"
	"linli/internal/id"
)

// Every key of the view database. Numbers are big-endian, so that iterating goes in order; names end with a zero byte.
//
//	v/version                      the version of all that follows; another one is rebuilt from the log
//	v/cursor                       place in the journal behind the last batch
//	h/<log>                        checkpoint of the log's state, with the frame it stands behind
//	a/<log>                        the last frame of the log that is in, the seq behind it, and that behind the last delivery to all
//	i/<room>/<seq>                 item, as on the wire
//	k/<room>/<seq>                 what else the item is (who voted what, for whom it was posted, what it said before): never sent
//	c/<room>/<ch><seq>             who changed what when
//	l/<room>/<lane>/<seq>          ordinal in the lane; the lane files has all items that brought some
//	u/<room>/<person>/<lane>/<n>   empty: the n-th of the lane is unread for nobody like this: it is theirs, or (person *) was taken back
//	n/<room>/<person>              seq of the last change, and the name as on the wire
//	t/<room>                       the pinned seqs, newest first
//	m/<room>/<person>/<seq>        empty: the item calls this person; person * is everybody
//	o/<room>/<seq>                 empty: the item is live: it wants something of somebody
//	b/<hash>/<room>/<seq>          empty: the item brought this file
const version = "10"

var (
	keyVersion = []byte("v/version")
	keyCursor  = []byte("v/cursor")
)

func key(table byte, parts ...string) []byte {
	b := append(make([]byte, 0, 64), table, '/')
	for _, p := range parts {
		b = append(append(b, p...), 0)
	}
	return b
}

func number(b []byte, seq entry.Seq) []byte { return binary.BigEndian.AppendUint64(b, uint64(seq)) }

func keyCheckpoint(log id.Log) []byte             { return key('h', string(log)) }
func keyAt(log id.Log) []byte                     { return key('a', string(log)) }
func keyPins(room id.Room) []byte                 { return key('t', string(room)) }
func items(room id.Room) []byte                   { return key('i', string(room)) }
func cards(room id.Room) []byte                   { return key('k', string(room)) }
func changed(room id.Room) []byte                 { return key('c', string(room)) }
func calls(room id.Room, person id.Person) []byte { return key('m', string(room), string(person)) }
func live(room id.Room) []byte                    { return key('o', string(room)) }
func spared(room id.Room, who id.Person, lane string) []byte {
	return key('u', string(room), string(who), lane)
}
func files(hash string) []byte { return key('b', hash) }

func lane(room id.Room, lane string) []byte         { return key('l', string(room), lane) }
func keyName(room id.Room, person id.Person) []byte { return key('n', string(room), string(person)) }

// tail reads the number that a key ends with.
func tail(k []byte) entry.Seq { return entry.Seq(binary.BigEndian.Uint64(k[len(k)-8:])) }
