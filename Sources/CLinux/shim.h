#pragma once
// glibc's headers first: the kernel's then leave out what both define.
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

// Swift's Glibc module leaves these out.
static inline int vpngw_setns(int fd, int type) { return setns(fd, type); }
static inline int vpngw_unshare(int flags) { return unshare(flags); }
