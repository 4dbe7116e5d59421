package web

import (
	"context"
	"runtime/metrics"
	"sync"
	"syscall"
	"time"

	"linli/internal/archive"
	"linli/internal/audit"
	"linli/internal/fault"
	"linli/internal/id"
	"linli/internal/room"
)

// systemCache is what costs something to count, for a minute.
type systemCache struct {
	mu    sync.Mutex
	at    time.Time
	reach homesReached
}

// spaceRow is what one kind of data takes on the disk: messages, files, views.
type spaceRow struct {
	Kind  string `json:"kind"`
	Bytes int64  `json:"bytes"`
}

// homesReached is how many doors with somebody in a room have one who can be rung by now.
type homesReached struct {
	Homes   int `json:"homes"`
	Reached int `json:"reached"`
}

// systemBody is what an administrator sees of the machine.
type systemBody struct {
	Version     string              `json:"version"`
	Now         int64               `json:"now"`         // ms
	Connections int                 `json:"connections"` // open now
	People      int                 `json:"people"`
	Memory      int64               `json:"memory"` // bytes that the program has
	Entries     int64               `json:"entries"`
	Reach       homesReached        `json:"reach"`
	Space       []spaceRow          `json:"space"`
	Total       int64               `json:"total"`   // bytes of the disk
	Free        int64               `json:"free"`    // of them free
	Reserve     int64               `json:"reserve"` // below which nothing more is stored
	Backup      *archive.CopyReport `json:"backup,omitempty"`
}

// systemPage is the machine, its disk and its copies, for administrators.
func (s *Server) systemPage(ctx context.Context, _ *none) (*body[systemBody], error) {
	if _, err := s.mayAudit(ctx); err != nil {
		return nil, err
	}
	counts := s.Hub.Counts()
	b := systemBody{
		Version: s.Version, Now: s.Now().UnixMilli(), Connections: counts.Connections, People: counts.People, Memory: ownMemory(), Reserve: s.Reserve, Space: []spaceRow{},
		Entries: int64(s.sum(func(x *room.State) float64 { return float64(x.Seq()) })),
	}
	if err := s.reachNow(ctx, &b); err != nil {
		return nil, err
	}
	for _, row := range []struct{ kind, folder string }{{"messages", "log"}, {"files", "blob"}, {"views", "view"}} {
		if size := s.Sizes[row.folder]; size != nil {
			b.Space = append(b.Space, spaceRow{row.kind, int64(size())})
		}
	}
	var st syscall.Statfs_t
	if syscall.Statfs(s.Data, &st) == nil {
		b.Total, b.Free = int64(st.Blocks)*st.Bsize, int64(st.Bavail)*st.Bsize //nolint:unconvert // the types differ between systems
	}
	if s.Keeper != nil {
		r := s.Keeper.Report()
		b.Backup = &r
	}
	return says(b), nil
}

// reachNow fills in what is counted at most once a minute.
func (s *Server) reachNow(ctx context.Context, b *systemBody) (err error) {
	c := &s.system
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := s.Now(); c.at.IsZero() || now.Sub(c.at) >= time.Minute || now.Before(c.at) {
		if c.reach, err = s.homesReached(ctx); err != nil {
			return err
		}
		c.at = now
	}
	b.Reach = c.reach
	return nil
}

func (s *Server) homesReached(ctx context.Context) (h homesReached, err error) {
	var rooms []id.Room
	s.Engine.EachRoom(func(x *room.State) { rooms = append(rooms, x.ID()) })
	for _, r := range rooms {
		best, err := s.Notify.Best(ctx, r)
		if err != nil {
			return h, err
		}
		homes := map[id.Premises]bool{}
		err = s.Engine.ReadRoom(r, func(x *room.State) {
			for _, p := range best {
				if m := x.Member(p.Person); m != nil {
					for _, d := range m.Premises {
						homes[d] = homes[d] || p.Channel != "none"
					}
				}
			}
		})
		if err != nil && !fault.Is(err, fault.Damaged) {
			return h, err
		}
		h.Homes += len(homes)
		for _, reached := range homes {
			if reached {
				h.Reached++
			}
		}
	}
	return h, nil
}

// ownMemory is what the program has from the system, in bytes.
func ownMemory() int64 {
	m := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(m)
	return int64(m[0].Value.Uint64() - m[1].Value.Uint64())
}

// startCopy begins a copy; what becomes of it is on the page.
func (s *Server) startCopy(ctx context.Context, _ *none) (*done, error) {
	return s.keep(ctx, "copy")
}

// startVerify begins to restore the newest copy into a scratch folder and to compare it.
func (s *Server) startVerify(ctx context.Context, _ *none) (*done, error) {
	return s.keep(ctx, "verify")
}

// keep has the keeper begin what an administrator wants; fault.Busy while it is at something, fault.NoEngine where no copies are made.
func (s *Server) keep(ctx context.Context, what string) (*done, error) {
	if _, err := s.mayAudit(ctx); err != nil {
		return nil, err
	}
	if s.Keeper == nil {
		return nil, fault.New(fault.NoEngine, "no place for copies is configured")
	}
	if err := s.Keeper.Ask(what); err != nil {
		return nil, err
	}
	s.note(ctx, audit.Setting, "backup."+what, "")
	return ok(), nil
}
