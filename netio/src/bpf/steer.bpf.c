/*
 * What the kernel keeps of a data port's frames, and what the forwarder gets.
 *
 * To the kernel, for packet sockets on this port: slow protocols (LACP, marker),
 * LLDP, VRRP, and BFD to its single-hop and micro-BFD ports. All else goes to the
 * AF_XDP socket of the queue it came by, or nowhere: a box without a forwarder is
 * silent.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#define SEC(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))
#define be16(value) ((__u16)__builtin_bswap16(value))

#define QUEUES 64
#define ETHERTYPE_SLOW 0x8809
#define ETHERTYPE_LLDP 0x88cc
#define PROTOCOL_VRRP 112
#define PORT_BFD 3784
#define PORT_MICRO_BFD 6784
#define FRAGMENT_OFFSET 0x1fff

static long (*const redirect_map)(void *map, __u64 key, __u64 flags) = (void *)BPF_FUNC_redirect_map;

/* The AF_XDP sockets by receive queue. */
struct {
	int (*type)[BPF_MAP_TYPE_XSKMAP];
	int (*max_entries)[QUEUES];
	__u32 *key;
	__u32 *value;
} sockets SEC(".maps");

struct vlan {
	__be16 tci;
	__be16 protocol;
};

INLINE int is_bfd(void *at, void *end)
{
	struct udphdr *udp = at;

	if ((void *)(udp + 1) > end)
		return 0;
	return udp->dest == be16(PORT_BFD) || udp->dest == be16(PORT_MICRO_BFD);
}

INLINE int is_ipv4_control(void *at, void *end)
{
	struct iphdr *ip = at;

	if ((void *)(ip + 1) > end)
		return 0;
	if (ip->protocol == PROTOCOL_VRRP)
		return 1;
	if (ip->protocol != IPPROTO_UDP || (ip->frag_off & be16(FRAGMENT_OFFSET)))
		return 0;
	return is_bfd(at + ip->ihl * 4, end);
}

INLINE int is_ipv6_control(void *at, void *end)
{
	struct ipv6hdr *ip = at;

	if ((void *)(ip + 1) > end)
		return 0;
	if (ip->nexthdr == PROTOCOL_VRRP)
		return 1;
	return ip->nexthdr == IPPROTO_UDP && is_bfd(ip + 1, end);
}

/* Looks through one VLAN tag. */
INLINE int is_control(void *at, void *end)
{
	struct ethhdr *eth = at;
	struct vlan *tag = (void *)(eth + 1);
	void *next = tag;
	__be16 protocol;

	if ((void *)(eth + 1) > end)
		return 0;
	protocol = eth->h_proto;
	if (protocol == be16(ETH_P_8021Q) || protocol == be16(ETH_P_8021AD)) {
		if ((void *)(tag + 1) > end)
			return 0;
		protocol = tag->protocol;
		next = tag + 1;
	}
	if (protocol == be16(ETHERTYPE_SLOW) || protocol == be16(ETHERTYPE_LLDP))
		return 1;
	if (protocol == be16(ETH_P_IP))
		return is_ipv4_control(next, end);
	if (protocol == be16(ETH_P_IPV6))
		return is_ipv6_control(next, end);
	return 0;
}

SEC("xdp.frags")
int steer(struct xdp_md *context)
{
	void *start = (void *)(long)context->data;
	void *end = (void *)(long)context->data_end;

	if (is_control(start, end))
		return XDP_PASS;
	return redirect_map(&sockets, context->rx_queue_index, XDP_DROP);
}

char _license[] SEC("license") = "MIT";
