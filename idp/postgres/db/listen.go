package db

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Listen calls heard with the payload of every NOTIFY on the channel until ctx
// ends, on a connection of its own. Notifications sent while nobody was
// connected are lost, so it calls heard with "" each time it has (re)connected:
// the caller then drops all it remembers. heard must not block for long.
func (d *DB) Listen(ctx context.Context, channel string, heard func(payload string)) {
	const longest = 5 * time.Second
	pause := 50 * time.Millisecond
	for ctx.Err() == nil {
		connected, err := d.listen(ctx, channel, heard)
		if ctx.Err() != nil {
			return
		}
		if connected {
			pause = 50 * time.Millisecond
		}
		d.log.WarnContext(ctx, "listening to the database broke off", "channel", channel, "error", err, "pause", pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, longest)
	}
}

// listen returns whether it got as far as listening, and why it ended.
func (d *DB) listen(ctx context.Context, channel string, heard func(payload string)) (bool, error) {
	conn, err := pgx.ConnectConfig(ctx, d.Config().ConnConfig)
	if err != nil {
		return false, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(ctx) // it is of no more use, however it closes
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return false, err
	}
	heard("")
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return true, err
		}
		heard(n.Payload)
	}
}
