package process

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// handle is a process handle: Windows does not give the number away while one is open.
type handle struct{ process windows.Handle }

const processAccess = windows.SYNCHRONIZE | windows.PROCESS_TERMINATE | windows.PROCESS_QUERY_LIMITED_INFORMATION

func openHandle(pid int) (*handle, error) {
	process, err := windows.OpenProcess(processAccess, false, uint32(pid))
	if errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		return nil, fmt.Errorf("open process %d: %w", pid, os.ErrProcessDone)
	}
	if err != nil {
		return nil, fmt.Errorf("open process %d: %w", pid, err)
	}
	h := &handle{process: process}
	if h.ended() { // somebody else's handle keeps its number alive
		_ = h.close()
		return nil, fmt.Errorf("open process %d: %w", pid, os.ErrProcessDone)
	}
	return h, nil
}

func (h *handle) ended() bool {
	event, err := windows.WaitForSingleObject(h.process, 0)
	return err == nil && event == windows.WAIT_OBJECT_0
}

func (h *handle) wait(ctx context.Context) error {
	cancelled, err := windows.CreateEvent(nil, 1, 0, nil)
	if err != nil {
		return fmt.Errorf("create event: %w", err)
	}
	signalled := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = windows.SetEvent(cancelled)
		close(signalled)
	})
	defer func() {
		if !stop() {
			<-signalled
		}
		_ = windows.CloseHandle(cancelled)
	}()
	event, err := windows.WaitForMultipleObjects([]windows.Handle{h.process, cancelled}, false, windows.INFINITE)
	if err != nil {
		return fmt.Errorf("wait for process: %w", err)
	}
	if event == windows.WAIT_OBJECT_0 {
		return nil
	}
	return ctx.Err()
}

func (h *handle) kill() error {
	err := windows.TerminateProcess(h.process, 1)
	if err != nil && h.ended() {
		return nil
	}
	return err
}

func (h *handle) close() error { return windows.CloseHandle(h.process) }
