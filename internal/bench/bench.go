// Package bench measures what a delivery costs, and says how far that is from the least it could cost.
//
// A figure alone says little: it depends on the machine, the disk and what else runs. So every workload runs against two
// subjects, one after the other: linli, and the floor, the smallest durable server that can be made of the same libraries.
// The ratio between them is what is compared from one machine and one version to the next.
//
// A subject runs in a process of its own (see Child), so that its CPU and memory are not mixed with those of the load.
// Both speak the protocol of docs/protocol.md, of which the load uses three things: it posts a text, is told that it is
// durable, and counts the items that reach every member.
//
//	fanout    one room, all members online, a few senders that each keep some messages outstanding
//	district  many rooms, messages at a given rate at random moments
//	idle      many connections on which nothing happens
package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// Options of a run; Defaults gives those that the goals are stated for.
type Options struct {
	Subjects    []Subject
	Rooms       int           // district
	Members     int           // of each room, all online
	Senders     int           // fanout
	Outstanding int           // fanout: messages of a sender that are not acknowledged yet
	Rate        float64       // district: messages per second in all rooms together
	Characters  int           // Chinese ones, in each message
	Time        time.Duration // of the measured part
	Warm        time.Duration // before it
	Connections int           // idle
	Messages    int           // search: in all rooms together; history: entries of the room
	TLS         bool          // all of it on TLS
}

// Defaults of a workload.
func Defaults(workload string) Options {
	o := Options{Rooms: 1, Members: 200, Senders: 4, Outstanding: 8, Characters: 60,
		Time: 10 * time.Second, Warm: 2 * time.Second}
	switch workload {
	case "district":
		o.Rooms, o.Members, o.Rate = 78, 50, 1000
	case "search":
		o.Rooms, o.Messages = 78, 1_000_000
	case "history":
		o.Messages = 100_000
	case "idle":
		o.Connections = 10_000
	}
	return o
}

// Params are the options that a result depends on.
type Params struct {
	Rooms       int     `json:"rooms,omitempty"`
	Members     int     `json:"members,omitempty"`
	Senders     int     `json:"senders,omitempty"`
	Outstanding int     `json:"outstanding,omitempty"`
	Rate        float64 `json:"rate,omitempty"`
	Characters  int     `json:"characters,omitempty"`
	Seconds     float64 `json:"seconds,omitempty"`
	Connections int     `json:"connections,omitempty"`
	TLS         bool    `json:"tls,omitempty"`
}

// Result of one workload on one subject: one line of JSON.
type Result struct {
	Workload string `json:"workload"`
	Params   Params `json:"params"`
	Subject  string `json:"subject"`

	AcksPerSecond       float64 `json:"acks_per_s,omitempty"`
	DeliveriesPerSecond float64 `json:"deliveries_per_s,omitempty"`
	P50                 float64 `json:"p50_ms,omitempty"` // from sending to the acknowledgement
	P99                 float64 `json:"p99_ms,omitempty"`
	CPUPerDelivery      float64 `json:"cpu_us_per_delivery,omitempty"` // of the server, until it is idle again
	Deliveries          int64   `json:"deliveries,omitempty"`
	Missing             int64   `json:"missing"` // items that a member should have received and did not, or twice

	TimesFloor float64 `json:"times_floor,omitempty"` // CPU per delivery, or memory per connection, beside the floor's in this run

	KiBPerConnection     float64 `json:"kib_per_connection,omitempty"`       // resident, after a collection
	KiBPerConnectionAsIs float64 `json:"kib_per_connection_as_is,omitempty"` // without one
	ConnectsPerSecond    float64 `json:"connects_per_s,omitempty"`
	CPUPerConnect        float64 `json:"cpu_us_per_connect,omitempty"`
	ResidentMiB          float64 `json:"resident_mib,omitempty"`
	ResidentMiBBefore    float64 `json:"resident_mib_before,omitempty"` // without connections
}

// Run runs a workload on each subject and writes a line for each result.
func Run(ctx context.Context, workload string, o Options, w io.Writer) error {
	run, ok := workloads[workload]
	if !ok {
		return fmt.Errorf("bench: no workload %q; there are fanout, district and idle", workload)
	}
	out := json.NewEncoder(w)
	var least Result
	for _, s := range o.Subjects {
		result, err := run(ctx, s, o)
		if err != nil {
			return fmt.Errorf("bench: %s on %s: %w", workload, s.Name(), err)
		}
		result.Workload, result.Subject = workload, s.Name()
		if s.Name() == FloorName {
			least = result
		} else {
			result.TimesFloor = result.times(least)
		}
		if err := out.Encode(result); err != nil {
			return err
		}
	}
	return nil
}

// times is what this one needs as a multiple of the other; 0 where there is nothing to compare.
func (r Result) times(least Result) float64 {
	switch {
	case least.CPUPerDelivery > 0:
		return round(r.CPUPerDelivery / least.CPUPerDelivery)
	case least.KiBPerConnection > 0:
		return round(r.KiBPerConnection / least.KiBPerConnection)
	}
	return 0
}

var workloads = map[string]func(context.Context, Subject, Options) (Result, error){
	"fanout":   fanout,
	"district": district,
	"idle":     idle,
}

// percentile of what is sorted, in milliseconds.
func percentile(sorted []time.Duration, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return round(float64(sorted[int(p*float64(len(sorted)-1))]) / float64(time.Millisecond))
}

func sorted(all []time.Duration) []time.Duration {
	slices.Sort(all)
	return all
}

// round keeps three decimals: more would claim a precision that is not there.
func round(x float64) float64 { return float64(int64(x*1000+0.5)) / 1000 }
