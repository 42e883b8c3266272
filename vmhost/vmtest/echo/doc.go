// Package echo is the guest of the behaviour suite in vmhost/vmtest, without the machine around it: what it says and does
// on the link's channel. The real one is an init program, the fake one a goroutine.
package echo
