package control

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ErrUnavailable is what calls of a Client wrap when the connection to the guest breaks.
var ErrUnavailable = errors.New("guest agent is not reachable")

// toStatus keeps, on the way to the host, what kind of error a Guest returned.
func toStatus(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, err.Error())
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, err.Error())
	case errors.Is(err, errors.ErrUnsupported):
		return status.Error(codes.Unimplemented, err.Error())
	case status.Code(err) != codes.Unknown: // of gRPC itself
		return err
	}
	return status.Error(codes.Unknown, err.Error())
}

// fromStatus makes of gRPC's error one that reads as the Guest's own.
func fromStatus(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s := status.Convert(err)
	switch s.Code() {
	case codes.Canceled:
		return fmt.Errorf("%w (in the guest)", context.Canceled)
	case codes.DeadlineExceeded:
		return fmt.Errorf("%w (in the guest)", context.DeadlineExceeded)
	case codes.Unimplemented:
		return fmt.Errorf("%w by the guest agent: %s", errors.ErrUnsupported, s.Message())
	case codes.Unavailable:
		return fmt.Errorf("%w: %s", ErrUnavailable, s.Message())
	}
	return errors.New(s.Message())
}
