package bench

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// fanout: a few senders in one room keep it as busy as it gets.
func fanout(ctx context.Context, s Subject, o Options) (Result, error) {
	o.Rooms = 1
	p := Params{TLS: o.TLS, Members: o.Members, Senders: o.Senders, Outstanding: o.Outstanding, Characters: o.Characters, Seconds: o.Time.Seconds()}
	return measure(ctx, s, o, p, func(ctx context.Context, all *crowd, text []byte, d time.Duration) error {
		senders := all.clients[:min(o.Senders, len(all.clients))]
		for _, c := range senders {
			if err := c.start(text, o.Outstanding); err != nil {
				return err
			}
		}
		err := pause(ctx, d)
		for _, c := range senders {
			c.stop()
		}
		return err
	})
}

// district: messages at random moments, in random rooms, by random members, as fast as they come and no faster.
func district(ctx context.Context, s Subject, o Options) (Result, error) {
	p := Params{TLS: o.TLS, Rooms: o.Rooms, Members: o.Members, Rate: o.Rate, Characters: o.Characters, Seconds: o.Time.Seconds()}
	random := rand.New(rand.NewPCG(78, 50)) //nolint:gosec // the same arrivals each time
	return measure(ctx, s, o, p, func(ctx context.Context, all *crowd, text []byte, d time.Duration) error {
		for began, due := time.Now(), time.Duration(0); due < d; {
			due += time.Duration(random.ExpFloat64() / o.Rate * float64(time.Second))
			if wait := due - time.Since(began); wait > 0 {
				if err := pause(ctx, wait); err != nil {
					return err
				}
			}
			if err := all.clients[random.IntN(len(all.clients))].once(text); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
}

// measure connects everybody, lets the load run to warm up, and once more to count.
func measure(ctx context.Context, s Subject, o Options, p Params,
	load func(context.Context, *crowd, []byte, time.Duration) error,
) (r Result, err error) {
	e, err := s.Start(ctx, Seed{o.Rooms, o.Members, o.TLS})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, e.Stop()) }()
	text := message(o.Characters)
	all, err := connect(ctx, e, 64<<10, len(text))
	if err != nil {
		return r, err
	}
	defer all.close()
	if err := load(ctx, all, text, o.Warm); err != nil {
		return r, err
	}
	if _, err := all.acknowledged(ctx); err != nil {
		return r, err
	}
	before, err := all.settled(ctx)
	if err != nil {
		return r, err
	}
	acksBefore, skip := all.acks(), all.counts()
	if err := load(ctx, all, text, o.Time); err != nil {
		return r, err
	}
	answered, err := all.acknowledged(ctx)
	if err != nil {
		return r, err
	}
	after, err := all.settled(ctx)
	if err != nil {
		return r, err
	}

	seconds := answered.Sub(before.at).Seconds()
	r.Params, r.Deliveries = p, after.total-before.total
	r.AcksPerSecond = round(float64(after.acks-before.acks) / seconds)
	r.DeliveriesPerSecond = round(float64(r.Deliveries) / seconds)
	took := all.took(skip)
	r.P50, r.P99 = percentile(took, 0.50), percentile(took, 0.99)
	if r.Deliveries > 0 {
		r.CPUPerDelivery = round(float64((after.cpu - before.cpu).Nanoseconds()) / 1000 / float64(r.Deliveries))
	}
	r.Missing = all.missing(before, after, acksBefore, all.acks())
	resident, err := residentOf(e.Process)
	r.ResidentMiB = round(float64(resident) / (1 << 20))
	return r, err
}

// idle: what a connection costs on which nothing happens.
func idle(ctx context.Context, s Subject, o Options) (r Result, err error) {
	e, err := s.Start(ctx, Seed{1, o.Connections, o.TLS})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, e.Stop()) }()
	empty, err := rest(ctx, e)
	if err != nil {
		return r, err
	}
	cpu, err := cpuOf(e.Process)
	if err != nil {
		return r, err
	}
	began := time.Now()
	all, err := connect(ctx, e, 1<<10, 0)
	if err != nil {
		return r, err
	}
	defer all.close()
	took := time.Since(began)
	if err := calm(ctx, e.Process); err != nil {
		return r, err
	}
	connected, err1 := cpuOf(e.Process)
	asIs, err2 := residentOf(e.Process)
	full, err3 := rest(ctx, e)
	if err := errors.Join(err1, err2, err3, all.failed()); err != nil {
		return r, err
	}

	n := float64(o.Connections)
	r.Params = Params{TLS: o.TLS, Connections: o.Connections}
	r.KiBPerConnection = round(float64(full-empty) / 1024 / n)
	r.KiBPerConnectionAsIs = round(float64(asIs-empty) / 1024 / n)
	r.ConnectsPerSecond = round(n / took.Seconds())
	r.CPUPerConnect = round(float64((connected - cpu).Microseconds()) / n)
	r.ResidentMiB, r.ResidentMiBBefore = round(float64(full)/(1<<20)), round(float64(empty)/(1<<20))
	return r, nil
}

// rest is what a server needs when it has nothing to do and nothing to clean up.
func rest(ctx context.Context, e *Endpoint) (int64, error) {
	if err := errors.Join(calm(ctx, e.Process), e.Settle()); err != nil {
		return 0, err
	}
	if err := calm(ctx, e.Process); err != nil {
		return 0, err
	}
	return residentOf(e.Process)
}
