package hostproxy

import (
	"context"

	"golang.org/x/sys/windows/registry"
)

// System reads the user's internet settings.
func System(context.Context) Proxies {
	k, err := registry.OpenKey(registry.CURRENT_USER, `Software\Microsoft\Windows\CurrentVersion\Internet Settings`, registry.QUERY_VALUE)
	if err != nil {
		return Proxies{}
	}
	defer k.Close()
	enabled, _, err := k.GetIntegerValue("ProxyEnable")
	if err != nil {
		return Proxies{}
	}
	server, _, _ := k.GetStringValue("ProxyServer")
	override, _, _ := k.GetStringValue("ProxyOverride")
	return parseWindows(enabled != 0, server, override)
}
