#pragma once
// glibc's headers first: the kernel's then leave out what both define.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

// Swift's Glibc module hides both behind _GNU_SOURCE.
static inline int vpngw_setns(int fd) { return setns(fd, CLONE_NEWNET); }
static inline int vpngw_unshare_net(void) { return unshare(CLONE_NEWNET); }

// open(2) is variadic: Swift imports no such function.
static inline int vpngw_open(const char *path, int flags, mode_t mode) {
  return open(path, flags, mode);
}

// Linux 5.12; glibc's headers may not have it. It never names a second namespace until the next
// boot, as the inode number of a namespace may.
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
