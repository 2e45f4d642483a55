#pragma once
// As in CLinux: glibc's types must be the same ones in every module.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <netinet/in.h>
#include <netlink/route/route.h>
