# `make` alone lists the targets.
PREFIX ?= /usr/local

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

setup: ## install what building, running and testing needs (root, Debian; quick when all is there)
	@Tests/support/setup

build: setup ## .build/release/vpngw, the Swift libraries linked in; its symbols in vpngw.debug beside it
	swift build -c release --static-swift-stdlib -Xswiftc -use-ld=lld -Xlinker --no-export-dynamic \
		-Xlinker -z -Xlinker pack-relative-relocs -Xlinker --icf=safe --product vpngw
	@Tests/support/strip .build/release/vpngw

install: ## put the program, manual pages, completions, schema and unit below $(DESTDIR)$(PREFIX) (/usr/local)
	@[ -n "$(BINARY)" ] || $(MAKE) --no-print-directory build
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' packaging/install $(or $(BINARY),.build/release/vpngw)

deb: build ## .build/package/vpngw_*.deb, for Debian 12
	@packaging/deb .build/release/vpngw

image: build ## .build/package/vpngw-image.tar, an OCI archive, without a daemon or a registry
	@packaging/image .build/release/vpngw

test: setup ## lint, build, every test here and in the virtual machine, testbeds, a short fuzz run
	@Tests/run

lint: ## what `make format` would change, and more
	swift format lint --strict --parallel --recursive Plugins Sources Tests Package.swift

format: ## lay out the Swift files as `lint` wants them
	swift format --in-place --parallel --recursive Plugins Sources Tests Package.swift

demo: setup ## an example: 40 requests by four VPN gateways, one of which is stopped
	@Tests/support/build
	@testbeds/demo

bench: build ## measure; prints a table
	@Tests/bench/run
	@if testbeds/uml -- true 2>/dev/null; then testbeds/uml -- Tests/bench/run ipvs; else \
		echo "user-mode-linux doesn't run on this processor: by testbeds/vm, which emulates one"; \
		testbeds/vm --timeout 3600 -- Tests/bench/run --rounds 3 ipvs; fi

fuzz: setup ## a million inputs each for the state decoder and the VRRP packet parser, under libFuzzer and the address sanitizer
	@Tests/fuzz/run

clean: ## remove what `build` and `test` made
	rm -rf .build

.PHONY: help setup build install deb image test lint format demo bench fuzz clean
