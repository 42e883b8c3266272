// Package process handles programs that outlive the one that started them: it starts them detached (Detach), finds who
// they are by the PID file they hold (PIDFileOwner), and waits for or kills them without ever hitting a stranger that got
// the same number (Process).
//
// It knows nothing of what the programs do. Everything may be called concurrently, except as said at Process.Close.
package process
