// Package initrd is the guest's first program: it loads the few modules that reach the root image, mounts it and hands
// over to the agent that lies on it. It is small because the kernel unpacks it before anything else can happen; the agent
// is then read from disk page by page, as far as it is used.
//
// It also holds what the first program tells the agent (Handoff), so that both agree. Nothing here is concurrent.
package initrd
