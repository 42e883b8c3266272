// Package nametrust tells the system's trust store, and those of Firefox and Chromium where they can be found, about the
// authority that signs the names of containers (forwarder/names), or makes them forget it. It is only ever called because
// the user has asked for it; the system asks for the rights that it needs.
package nametrust
