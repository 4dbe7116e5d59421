package hub

import "encoding/binary"

// What a connection is given is a whole WebSocket frame, header included, so that one slice serves every member of a room.
// Frames from a server are not masked (RFC 6455, 5.1), which is what makes that possible.

// HeaderRoom is how much an encoder leaves free before a payload, for Finish to put the header in without copying.
const HeaderRoom = 10

const (
	text    = 0x81 // final frame of a text message
	closing = 0x88
	ping    = 0x89
)

// Ping is the one ping that all connections share.
var Ping = []byte{ping, 0}

// Why a connection ends, as its client learns it. Any other code of RFC 6455 may be used too.
const (
	GoingAway = 1001 // the server stops
	Limits    = 1008 // the client broke the limits
	SignedOut = 4001 // this device was signed out
	TooSlow   = 4002 // too much waits for it: reconnect and resume
	Elsewhere = 4003 // another server answers for this office now
)

// Frame returns payload as one text message.
func Frame(payload []byte) []byte {
	frame := AppendHeader(make([]byte, 0, len(payload)+HeaderRoom), len(payload))
	return append(frame, payload...)
}

// AppendHeader appends the header of a text message whose payload has n bytes.
func AppendHeader(to []byte, n int) []byte {
	switch {
	case n < 126:
		return append(to, text, byte(n))
	case n <= 0xffff:
		return binary.BigEndian.AppendUint16(append(to, text, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(to, text, 127), uint64(n))
	}
}

// Finish makes a text message of what was encoded behind HeaderRoom free bytes, in place.
func Finish(encoded []byte) []byte {
	var header [HeaderRoom]byte
	h := AppendHeader(header[:0], len(encoded)-HeaderRoom)
	frame := encoded[HeaderRoom-len(h):]
	copy(frame, h)
	return frame
}

// Closing is the frame that ends a connection. Reasons are for developers, and cut after 123 bytes.
func Closing(code int, reason string) []byte {
	reason = reason[:min(len(reason), 123)]
	frame := binary.BigEndian.AppendUint16([]byte{closing, byte(2 + len(reason))}, uint16(code))
	return append(frame, reason...)
}

// IsClosing tells whether a frame ends its connection: nothing may follow it.
func IsClosing(frame []byte) bool { return len(frame) > 0 && frame[0] == closing }
