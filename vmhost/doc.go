// Package vmhost is the contract between Wherry and a hypervisor: what a virtual machine is made of (Spec), how one is
// started, stopped and watched (Machine), and who can make one (Driver).
//
// It owns virtual machines and nothing inside them: it knows no Docker, no guest agent and no network stack. What
// crosses into a guest are two byte streams, opened with Machine.Open; their meaning belongs to the packages above.
//
// What not every hypervisor can do has an interface of its own: Adopter and Resumer of drivers, Suspender and Pauser of
// machines.
//
// Drivers live beside it (vmhost/qemu, later vmhost/vz); vmhost/vmtest has a fake one and the behaviour suite that every
// driver passes. All methods may be called concurrently.
package vmhost
