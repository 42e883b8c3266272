// Package hostca reads the certificates of the authorities that this host trusts, in the system's own way. It only reads.
package hostca
