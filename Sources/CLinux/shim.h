#pragma once
// glibc's headers first: the kernel's then omit what both define.
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <net/if.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/genetlink.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/ip6_tunnel.h>
#include <linux/ip_vs.h>
#include <linux/neighbour.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/veth.h>
#include <linux/wireguard.h>

// glibc declares these only with _GNU_SOURCE, which Swift's Glibc module is built without: with it
// here, types such as fd_set would differ between the two.
extern int setns(int fd, int type);
extern int unshare(int flags);
extern int clone(int (*run)(void *), void *stack, int flags, void *argument, ...);

// Swift's Glibc module marks fork unavailable, since the child of a process with threads may hardly
// do anything. Our process has no threads yet where it forks.
static inline pid_t vpngw_fork(void) { return fork(); }

// Linux 5.12; glibc's headers may lack it. Unlike a namespace's inode number it is never reused
// before the next boot.
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

// Waits with nanosecond resolution if the kernel can (5.11), otherwise milliseconds; without a
// time, for ever.
static inline int vpngw_epoll_wait(int epoll, struct epoll_event *events, int most, const struct timespec *time) {
  int count = epoll_pwait2(epoll, events, most, time, NULL);
  if (count >= 0 || errno != ENOSYS)
    return count;
  return epoll_wait(epoll, events, most, !time ? -1 : time->tv_sec > 3600 ? 3600000 : (int)(time->tv_sec * 1000 + (time->tv_nsec + 999999) / 1000000));
}

// Runs somebody else's program, which must get nothing of ours; posix_spawn can't drop
// capabilities. Like posix_spawn, this shares memory with the child, which has a stack of its own,
// until the child runs the program: copying the page tables takes longer, and the child of a fork
// might find locks taken.
struct vpngw_program {
  char *const *arguments;
  char *const *environment;
  // Its standard input, output and errors; NULL: /dev/null. None is 0, 1 or 2.
  const int *standard;
  int error;
};

static inline int vpngw_become(void *argument) {
  struct vpngw_program *program = argument;
  // A group that can be killed as a whole, and no terminal.
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // Ignored signals would stay ignored. Uses the kernel's own call: glibc's refuses 32 and 33,
  // which it uses itself, and its posix_spawn leaves them ignored in a program that a process with
  // threads starts. A struct sigaction of zeros is SIG_DFL.
  const unsigned long by_default[8] = {0};
  for (int number = 1; number < NSIG; number++)
    syscall(SYS_rt_sigaction, number, by_default, NULL, NSIG / 8);
  for (int number = 0; program->standard && number < 3; number++)
    if (dup2(program->standard[number], number) < 0)
      goto failed;
  // First of all: if no descriptor is free, the one opened below then gets one.
  syscall(SYS_close_range, 3U, ~0U, 0U);
  if (!program->standard) {
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
      goto failed;
    if (null > 2)
      close(null);
  }
  // Ours are raised for the thread that speaks VRRP.
  const struct rlimit no_priority = {0, 0}, usual_memory = {8 << 20, 8 << 20};
  setrlimit(RLIMIT_RTPRIO, &no_priority);
  setrlimit(RLIMIT_MEMLOCK, &usual_memory);
  // Otherwise root gets all of its bounding set, and a program with file capabilities gets these.
  // The bounding set itself stays: without it the kernel refuses to run such a program at all, and
  // ping often is one.
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    goto failed;
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
  if (syscall(SYS_capset, &header, none) < 0)
    goto failed;
  sigset_t nothing;
  sigemptyset(&nothing);
  sigprocmask(SIG_SETMASK, &nothing, NULL);
  execve(program->arguments[0], program->arguments, program->environment);
failed:
  program->error = errno;
  _exit(127);
}

// Runs a program in a session of its own, without capabilities now or ever, with no descriptors but the
// three of `standard`, or /dev/null where that is NULL; it dies with the calling thread at the latest.
// Returns -1 and sets errno on failure.
static inline pid_t vpngw_spawn_confined_with(char *const arguments[], char *const environment[], const int *standard) {
  struct vpngw_program program = {arguments, environment, standard, 0};
  const size_t size = 1 << 16;
  char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack == MAP_FAILED)
    return -1;
  // No handler of ours may run in the child.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  pid_t process = clone(vpngw_become, stack + size, CLONE_VM | CLONE_VFORK | SIGCHLD, &program);
  int error = process < 0 ? errno : program.error;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  munmap(stack, size);
  if (process >= 0 && error != 0) {
    while (waitpid(process, NULL, 0) < 0 && errno == EINTR)
      ;
    process = -1;
  }
  errno = error;
  return process;
}

static inline pid_t vpngw_spawn_confined(char *const arguments[], char *const environment[]) {
  return vpngw_spawn_confined_with(arguments, environment, NULL);
}

// pipe2 wants _GNU_SOURCE, as above.
static inline int vpngw_pipe(int ends[2]) { return syscall(SYS_pipe2, ends, O_CLOEXEC | O_NONBLOCK); }

// Names the calling thread, as `top -H` shows it; prctl is variadic, so Swift can't call it.
static inline void vpngw_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

// The calling thread's capabilities (capabilities(7)), a bit each. glibc has no function for them.
struct vpngw_capabilities {
  unsigned long long effective, permitted;
};

static inline int vpngw_get_capabilities(struct vpngw_capabilities *capabilities) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
  if (syscall(SYS_capget, &header, sets) < 0)
    return -1;
  capabilities->effective = sets[0].effective | (unsigned long long)sets[1].effective << 32;
  capabilities->permitted = sets[0].permitted | (unsigned long long)sets[1].permitted << 32;
  return 0;
}

// The inheritable and the ambient set become empty. The bounding set stays: see vpngw_become.
static inline int vpngw_set_capabilities(struct vpngw_capabilities capabilities) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
  for (int half = 0; half < 2; half++) {
    sets[half].effective = (unsigned)(capabilities.effective >> 32 * half);
    sets[half].permitted = (unsigned)(capabilities.permitted >> 32 * half);
  }
  return syscall(SYS_capset, &header, sets) < 0 ? -1 : 0;
}

// No program that this thread starts gets more than the thread has.
static inline int vpngw_forgo_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

// Whether threads may have a real-time priority without CAP_SYS_NICE from now on. Takes CAP_SYS_RESOURCE,
// unless the limit is high enough already.
static inline int vpngw_allow_priority(unsigned long priority) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_RTPRIO, &limit) == 0 && limit.rlim_cur >= priority)
    return 1;
  struct rlimit wanted = {priority, priority};
  return setrlimit(RLIMIT_RTPRIO, &wanted) == 0;
}

// Whether memory may be locked without CAP_IPC_LOCK from now on.
static inline int vpngw_allow_locked_memory(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY)
    return 1;
  struct rlimit wanted = {RLIM_INFINITY, RLIM_INFINITY};
  return setrlimit(RLIMIT_MEMLOCK, &wanted) == 0;
}
