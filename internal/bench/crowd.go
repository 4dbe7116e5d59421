package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// crowd is all members of a subject, connected.
type crowd struct {
	clients []*client
	process int
}

// connect connects every member, a few at a time. Texts in this run have at least so many bytes.
func connect(ctx context.Context, e *Endpoint, buffer, text int) (*crowd, error) {
	if err := RaiseFiles(len(e.Members) + 200); err != nil {
		return nil, err
	}
	all := &crowd{clients: make([]*client, len(e.Members)), process: e.Process}
	next := make(chan int)
	var dialing sync.WaitGroup
	var once sync.Once
	var failed error
	for range 16 {
		dialing.Go(func() {
			for i := range next {
				c, err := dial(e.URL, e.Members[i], buffer, text)
				if err != nil {
					once.Do(func() { failed = err })
				}
				all.clients[i] = c
			}
		})
	}
	for i := range e.Members {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	dialing.Wait()
	if err := errors.Join(failed, ctx.Err()); err != nil {
		all.close()
		return nil, err
	}
	return all, nil
}

func (all *crowd) close() {
	for _, c := range all.clients {
		if c != nil {
			c.conn.Close()
		}
	}
}

// failed is what went wrong on any connection.
func (all *crowd) failed() error {
	for _, c := range all.clients {
		if err := c.failed.Load(); err != nil {
			return *err
		}
	}
	return nil
}

// state is what everybody has received and sent so far.
type state struct {
	items []int64 // by client
	total int64
	acks  int
	cpu   time.Duration
	at    time.Time
}

func (all *crowd) state() (state, error) {
	s := state{items: make([]int64, len(all.clients)), at: time.Now()}
	for i, c := range all.clients {
		s.items[i] = c.items.Load()
		s.total += s.items[i]
		s.acks += len(c.answers(0))
	}
	var err error
	s.cpu, err = cpuOf(all.process)
	return s, err
}

// acknowledged waits for the answers to everything posted.
func (all *crowd) acknowledged(ctx context.Context) (time.Time, error) {
	for began := time.Now(); ; {
		waiting := 0
		for _, c := range all.clients {
			waiting += c.outstanding()
		}
		if waiting == 0 {
			return time.Now(), nil
		}
		if err := all.failed(); err != nil {
			return time.Time{}, err
		}
		if time.Since(began) > time.Minute {
			return time.Time{}, fmt.Errorf("%d messages were never acknowledged", waiting)
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return time.Time{}, err
		}
	}
}

// settled waits until everybody has received what there is and the server rests.
func (all *crowd) settled(ctx context.Context) (state, error) {
	s, err := all.state()
	for err == nil {
		if err = pause(ctx, 200*time.Millisecond); err != nil {
			break
		}
		before := s.total
		if s, err = all.state(); s.total == before {
			break
		}
	}
	if err = errors.Join(err, all.failed()); err != nil {
		return s, err
	}
	if err := calm(ctx, all.process); err != nil {
		return s, err
	}
	return all.state()
}

// missing is by how much each member's items differ from what was acknowledged in their room, added up.
func (all *crowd) missing(before, after state, acksBefore, acksAfter map[string]int) (n int64) {
	for i, c := range all.clients {
		want := int64(acksAfter[c.member.Room] - acksBefore[c.member.Room])
		if d := want - (after.items[i] - before.items[i]); d < 0 {
			n -= d
		} else {
			n += d
		}
	}
	return n
}

// acks counts acknowledgements by room.
func (all *crowd) acks() map[string]int {
	n := map[string]int{}
	for _, c := range all.clients {
		n[c.member.Room] += len(c.answers(0))
	}
	return n
}

// counts is how many acknowledgements each client has, and took how long they took since such counts.
func (all *crowd) counts() (n []int) {
	for _, c := range all.clients {
		n = append(n, len(c.answers(0)))
	}
	return n
}

func (all *crowd) took(skip []int) (took []time.Duration) {
	for i, c := range all.clients {
		took = append(took, c.answers(skip[i])...)
	}
	return sorted(took)
}

// message is n Chinese characters.
func message(n int) []byte {
	const line = "楼下的菜到了吗三号楼二单元有人要一起拼单请在今晚八点前接龙物业说明天上午停水大家记得接好水谢谢志愿者帮忙送到门口"
	characters := []rune(strings.Repeat(line, n/len([]rune(line))+1))
	return []byte(string(characters[:n]))
}
