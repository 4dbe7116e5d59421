package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

const tick = 10 * time.Millisecond // what the kernel counts CPU in, USER_HZ

// cpuOf is the CPU time, user and system, that a process has used since it began.
func cpuOf(process int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold spaces; utime and stime are the 12th and 13th field behind it.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, errors.New("cannot read its CPU time")
	}
	user, err1 := strconv.ParseInt(string(fields[11]), 10, 64)
	system, err2 := strconv.ParseInt(string(fields[12]), 10, 64)
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}

// residentOf is the memory of a process that is in RAM, in bytes.
func residentOf(process int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process))
	if err != nil {
		return 0, err
	}
	_, rest, ok := bytes.Cut(status, []byte("VmRSS:"))
	fields := bytes.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, errors.New("cannot read its memory")
	}
	kib, err := strconv.ParseInt(string(fields[0]), 10, 64)
	return kib << 10, err
}

// calm waits until a process has hardly worked for a second: views, search and collections have caught up, so that work put
// off is not work saved.
func calm(ctx context.Context, process int) error {
	const step, steps = 250 * time.Millisecond, 4
	before, err := cpuOf(process)
	for quiet, tries := 0, 0; quiet < steps && err == nil; tries++ {
		if tries == 480 {
			return errors.New("the server does not come to rest")
		}
		if err := pause(ctx, step); err != nil {
			return err
		}
		var now time.Duration
		if now, err = cpuOf(process); now-before <= tick {
			quiet++
		} else {
			quiet = 0
		}
		before = now
	}
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
