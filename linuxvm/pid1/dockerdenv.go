package pid1

import (
	"net/netip"
	"strings"

	"github.com/wherry-app/wherry/linuxvm/control"
)

// dockerdEnv is dockerd's environment: it gets out by the gateway's proxy, which follows the host's settings, and trusts
// the authorities that the host has sent beside those of the image.
func dockerdEnv(o Options) []string {
	proxy := "http://" + netip.AddrPortFrom(o.Gateway(), control.ProxyPort).String()
	direct := []string{"localhost", "127.0.0.0/8", "::1", ".docker.internal", o.Subnet.String()}
	if o.Bridge.IsValid() {
		direct = append(direct, o.Bridge.Masked().String())
	}
	if len(o.Pools) == 0 {
		direct = append(direct, "172.16.0.0/12")
	}
	for _, p := range o.Pools {
		direct = append(direct, p.Base.String())
	}
	return []string{
		"HTTP_PROXY=" + proxy, "HTTPS_PROXY=" + proxy, "NO_PROXY=" + strings.Join(direct, ","),
		"SSL_CERT_DIR=/etc/docker/" + caFolder,
	}
}
