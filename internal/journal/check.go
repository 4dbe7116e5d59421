package journal

import (
	"context"

	"linli/internal/id"
)

// Checked is what Check found in one log.
type Checked struct {
	Log    id.Log
	Frames int
	Damage error // the first; nil when every frame is there and fits the one before
}

// Check reads every frame of every log and yields one Checked for each: density and hash chain, on any engine.
func Check(ctx context.Context, j Journal, found func(Checked)) error {
	for shard := range j.Shards() {
		for log, err := range j.Logs(ctx, shard) {
			if err != nil {
				return err
			}
			c := Checked{Log: log}
			for _, err := range j.Read(ctx, log, 0, 0) {
				if err != nil {
					c.Damage = err
					break
				}
				c.Frames++
			}
			found(c)
		}
	}
	return nil
}
