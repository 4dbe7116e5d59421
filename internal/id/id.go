// Package id names things. Every name is a distinct type, so that the compiler refuses a person where a room is meant.
//
// An id is chosen once, says nothing about what it names, and is safe in URLs, keys and logs: it holds no name, phone,
// door or address. Random ids come from Maker; ids of places from the roster are derived (see Derive), so that the same
// table read twice, or again after a crash, names the same things.
package id

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"io"
	"strings"
)

type (
	Person      string // a resident or worker, for ever: p…
	Device      string // one signed-in browser: d…
	Room        string // a conversation: r…
	Community   string // the middle level: c…
	Compound    string // 院区/小区, a place inside a community: k…
	Premises    string // a household or a shop: h…
	Application string // asking to enter a room: a…
	Push        string // a browser's subscription to pushes: w…
	Slip        string // a paper for one door: s…; its QR also holds a proof that is kept nowhere
	Link        string // what a poster's QR leads to: l…; knowing it lets one apply, nothing more
)

// Log is the name of a log in the journal: kind/id, as in room/r7k2f.
type Log string

// Office is the log of the office itself. One installation serves one office.
const Office Log = "office/main"

// Server is who acts when nobody did: deadlines, effects of the office's log in a room's.
const Server Person = "server"

// Log names the log of a room.
func (r Room) Log() Log { return Log("room/" + string(r)) }

// Room is the room whose log this is; empty for another kind of log.
func (l Log) Room() Room {
	if rest, ok := strings.CutPrefix(string(l), "room/"); ok {
		return Room(rest)
	}
	return ""
}

var alphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// New makes a random id of 16 letters (80 bits) behind its prefix letter, reading from crypto/rand.
func New[T ~string](prefix string) T { return From[T](prefix, rand.Reader) }

// From is New with the source of randomness as an argument, for tests and replays that must repeat themselves.
func From[T ~string](prefix string, random io.Reader) T {
	var b [10]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		panic("id: no randomness: " + err.Error())
	}
	return T(prefix + alphabet.EncodeToString(b[:]))
}

// Derive makes the id of a place out of what it is called, outside in: the same words give the same id.
func Derive[T ~string](prefix string, words ...string) T {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return T(prefix + alphabet.EncodeToString(sum[:10]))
}
