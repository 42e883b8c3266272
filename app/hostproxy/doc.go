// Package hostproxy says by which proxy this host gets out: as the environment says, else as the system's settings say,
// each overruled by the user's settings of Wherry. It reads only; a Finder may be used concurrently.
package hostproxy
