package entry

import "linli/internal/id"

// Window remembers which commands of a device have happened: the greatest number, and which of the 64 up to it. It is 16
// bytes whatever the age of the device.
type Window struct {
	Top  uint64 `json:"n"`
	Bits uint64 `json:"b"` // bit i: number Top-i happened
}

// Windows are those of all devices that acted in a log.
type Windows map[id.Device]Window

// Check tells whether a device's command n happened before, or lies so far behind the device's others that nobody can tell.
func (w Windows) Check(device id.Device, n uint64) (done, stale bool) {
	win, ok := w[device]
	switch {
	case !ok || n > win.Top:
		return false, false
	case win.Top-n >= 64:
		return false, true
	}
	return win.Bits&(1<<(win.Top-n)) != 0, false
}

// Done marks a command as happened.
func (w Windows) Done(device id.Device, n uint64) {
	win := w[device]
	switch {
	case n > win.Top:
		if shift := n - win.Top; shift < 64 {
			win.Bits <<= shift
		} else {
			win.Bits = 0
		}
		win.Top = n
		win.Bits |= 1
	case win.Top-n < 64:
		win.Bits |= 1 << (win.Top - n)
	}
	w[device] = win
}

// Greatest is the greatest number taken from a device; 0 when it never acted here.
func (w Windows) Greatest(device id.Device) uint64 { return w[device].Top }
