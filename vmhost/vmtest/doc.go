// Package vmtest helps to test what stands on vmhost and what implements it: Fake is a driver without a hypervisor whose
// failures are chosen by knobs and whose guest is the test itself; Suite is the behaviour that every driver has.
package vmtest
