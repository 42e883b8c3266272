// Package guest holds what the guest image is made of, as lists that people edit: Debian packages, the files and kernel
// modules kept of them, modules loaded at boot, links, and the guest's own /etc.
package guest
