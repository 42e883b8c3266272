package qemu

import (
	"context"
	"errors"
	"fmt"
)

// prepareMigration makes QEMU report the end of the next migration, in or out.
func (r *running) prepareMigration(ctx context.Context) error {
	type capability struct {
		Name string `json:"capability"`
		On   bool   `json:"state"`
	}
	events := map[string][]capability{"capabilities": {{"events", true}}}
	if err := r.monitor.execute(ctx, "migrate-set-capabilities", events, nil); err != nil {
		return err
	}
	select {
	case <-r.events.migrated:
	default:
	}
	return nil
}

// awaitMigration waits for the end of a migration; nil means that it is complete.
func (r *running) awaitMigration(ctx context.Context) error {
	select {
	case status := <-r.events.migrated:
		if status != "completed" {
			return fmt.Errorf("saving or loading the machine's state: %s", status)
		}
		return nil
	case <-r.monitor.gone:
		return errMonitorGone
	case <-ctx.Done():
		return ctx.Err()
	}
}

// cancelMigration ends a migration that goes on, and returns when it has ended.
func (r *running) cancelMigration(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	var now struct {
		Status string `json:"status"`
	}
	if err := r.monitor.execute(ctx, "migrate_cancel", nil, nil); err != nil {
		return
	}
	if err := r.monitor.execute(ctx, "query-migrate", nil, &now); err != nil || finalStatus(now.Status) {
		return
	}
	if err := r.awaitMigration(ctx); errors.Is(err, context.DeadlineExceeded) {
		r.log.Error("saving the machine's state does not end", "error", err)
	}
}

// finalStatus says whether a migration with this status has ended.
func finalStatus(status string) bool {
	return status == "completed" || status == "failed" || status == "cancelled"
}
