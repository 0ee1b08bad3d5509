# mcp-compose and Node, for children that are programs of npm. What children need is installed when the image is made:
# a package that `npx` fetches at each start is slow, and another one tomorrow.
#
#   docker build -f deploy/container/Dockerfile -t mcp-compose .
#   docker build -f deploy/container/node.Dockerfile --build-arg PACKAGES="@modelcontextprotocol/server-memory@2026.8.31" \
#     -t mcp-compose-node .
ARG BINARY=mcp-compose:latest
# hadolint ignore=DL3006
FROM ${BINARY} AS binary

FROM node:24-bookworm-slim
ARG PACKAGES=""
# tini takes in the processes that children leave behind when they end: nobody else does as the first process.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/*
# hadolint ignore=DL3016,DL3059,SC2086
RUN if [ -n "$PACKAGES" ]; then npm install --global --no-audit --no-fund $PACKAGES; fi
COPY --from=binary /mcp-compose /usr/local/bin/mcp-compose
ENV HOME=/tmp
USER 65532:65532
EXPOSE 8808
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["/usr/local/bin/mcp-compose", "health", "8808"]
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/mcp-compose"]
CMD ["serve", "--config", "/etc/mcp-compose/mcp.json", "--http", "0.0.0.0:8808", "--auth-token-file", "/run/secrets/mcp-tokens"]
