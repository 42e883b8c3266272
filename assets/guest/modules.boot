# Loaded by the agent at boot: the network card first.
virtio_net

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
xfrm_user
