// Package engine is the state machine that makes an app.Service out of a hypervisor (vmhost), a guest (linuxvm) and the
// streams into it (forwarder).
//
// One goroutine, Run, owns the state; whatever takes time runs beside it in a session (one per life of a VM) and reports
// back with events. How a state follows from another is the pure function next. The methods of Engine may be called from
// anywhere while Run runs; before and after it they fail with ErrNotServing.
package engine
