#pragma once
// glibc's headers first: the kernel's then leave out what both define.
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <net/if.h>
#include <netinet/in.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fib_rules.h>
#include <linux/genetlink.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/ip_vs.h>
#include <linux/neighbour.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/veth.h>

// glibc hides these behind _GNU_SOURCE, without which Swift's Glibc module is built: with it here,
// types such as fd_set would differ between the two.
extern int setns(int fd, int type);
extern int unshare(int flags);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// Swift's Glibc module marks fork unavailable, since a child of a process with threads may do next to
// nothing; ours has none yet where it forks.
static inline pid_t vpngw_fork(void) { return fork(); }

// Linux 5.12; glibc's headers may not have it. It never names a second namespace until the next
// boot, as the inode number of a namespace may.
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

// Waits to the nanosecond, where the kernel can (5.11), else to the millisecond; no time: for ever.
static inline int vpngw_epoll_wait(int epoll, struct epoll_event *events, int most, const struct timespec *time) {
  int count = epoll_pwait2(epoll, events, most, time, NULL);
  if (count >= 0 || errno != ENOSYS)
    return count;
  return epoll_wait(epoll, events, most, !time ? -1 : time->tv_sec > 3600 ? 3600000 : (int)(time->tv_sec * 1000 + (time->tv_nsec + 999999) / 1000000));
}
