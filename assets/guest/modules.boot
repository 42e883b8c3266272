# Loaded by the agent at boot, all at once.
virtio_net
virtio_balloon
virtio_rng

# what dockerd would ask modprobe for, one process after the other
overlay
bridge
br_netfilter
veth
iptable_nat
iptable_filter
xt_MASQUERADE
xt_addrtype
xt_conntrack
xt_nat
nf_conntrack_netlink
