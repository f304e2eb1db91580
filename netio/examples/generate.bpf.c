/*
 * Frames for a benchmark: whatever frame the program is run on leaves by one
 * interface, with the next client's IPv4 address as its source and the sums to it.
 *
 * A page is used again and again as the last receiver left it: all that changes is
 * written whole.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>

#define SEC(name) __attribute__((section(name), used))

static long (*const redirect)(__u32 ifindex, __u64 flags) = (void *)BPF_FUNC_redirect;

const volatile __u32 out_ifindex;
/* Client number (turn * stride) % flows, counted from the address first_client. */
const volatile __u32 first_client;
const volatile __u32 flows;
const volatile __u32 stride;
/* One's complement sums of the headers without checksum and source address. */
const volatile __u32 ip_sum;
const volatile __u32 tcp_sum;

static __u32 turn;

static inline __attribute__((always_inline)) __u16 checksum(__u32 sum, __u32 client)
{
	sum += (client >> 16) + (client & 0xffff);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return __builtin_bswap16((__u16)~sum);
}

SEC("xdp")
int generate(struct xdp_md *context)
{
	struct ethhdr *ethernet = (void *)(long)context->data;
	struct iphdr *ip = (void *)(ethernet + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	__u32 client;

	if ((void *)(tcp + 1) > (void *)(long)context->data_end || flows == 0)
		return XDP_ABORTED;
	client = first_client + turn++ * stride % flows;
	ip->saddr = __builtin_bswap32(client);
	ip->check = checksum(ip_sum, client);
	tcp->check = checksum(tcp_sum, client);
	return redirect(out_ifindex, 0);
}

char _license[] SEC("license") = "MIT";
