package journal

import (
	"context"
	"errors"

	"linli/internal/id"
)

// Checked is what Check found in one log.
type Checked struct {
	Log    id.Log
	Frames int      // that are there and fit, up to the damage
	Gone   int      // of them redacted
	Bytes  int64    // of their bodies
	Damage *Damaged // the first; nil when every frame is there and fits the one before
}

// Check reads every log of any engine from end to end, so that the engine verifies all of it: density, hashes, chain. It
// calls found for each log; behind damage it goes on with the next. An error says that reading itself was not possible.
func Check(ctx context.Context, j Journal, found func(Checked)) error {
	for shard := range j.Shards() {
		for log, err := range j.Logs(ctx, shard) {
			if err != nil {
				return err
			}
			c, err := checkLog(ctx, j, log)
			if err != nil {
				return err
			}
			found(c)
		}
	}
	return nil
}

func checkLog(ctx context.Context, j Journal, log id.Log) (Checked, error) {
	c := Checked{Log: log}
	for f, err := range j.Read(ctx, log, 0, 0) {
		if errors.As(err, &c.Damage) {
			return c, nil
		}
		if err != nil {
			return c, err
		}
		c.Frames++
		c.Bytes += int64(len(f.Body))
		if f.Gone {
			c.Gone++
		}
	}
	return c, nil
}
