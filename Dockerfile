# The image from source: docker build -t vpngw . (`make image` makes the same without a registry.)
# The first stage is any Debian 12 with Swift 6.3.
ARG BUILDER=docker.io/library/swift:6.3-bookworm
FROM ${BUILDER} AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
      libnftnl-dev libmnl-dev libjansson-dev libyaml-dev pkg-config binutils make ca-certificates libcap2-bin
WORKDIR /src
COPY . .
RUN make -o setup build && packaging/root .build/release/vpngw /image

FROM scratch
COPY --from=build /image /
ENV PATH=/usr/bin
ENTRYPOINT ["/usr/bin/vpngw"]
CMD ["run", "/etc/vpngw/state.json"]
