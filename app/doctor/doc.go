// Package doctor examines the host and the state directory and says what is wrong and what to do about it, with and
// without a daemon. Facts are gathered by Gather (what differs between systems is in small files of its own); the
// verdicts about them are pure functions. Archive packs all of that with the logs, without secrets, for somebody who helps.
//
// Nothing here changes anything on the host. All functions may be called concurrently.
package doctor
