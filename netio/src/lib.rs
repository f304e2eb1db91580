//! AF_XDP, AF_PACKET, TAP, netlink and ethtool, each with an in-memory twin.
