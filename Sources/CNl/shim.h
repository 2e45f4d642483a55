#pragma once
#include <netinet/in.h>
#include <netlink/route/route.h>
